"""The messages of graphql-transport-ws, read strictly and written as text.

The protocol: `PROTOCOL.md` of the npm package graphql-ws, whose server's close codes these are.
"""

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from app.api.failures import FormattedError, Refusal
from app.api.parameters import Parameters, parameters_from_object, parse_json

# Every event repeats its operation's id; clients use counters and UUIDs.
_MAX_ID_LENGTH = 255


class ProtocolError(Exception):
    """The peer broke the protocol, or its socket cannot go on: it is closed with this.

    Args:
        code: The close code.
        reason: In at most 123 bytes of UTF-8, as WebSocket allows.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:123].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Simple:
    """`connection_init`, `ping` or `pong`, with its optional payload."""

    type: Literal["connection_init", "ping", "pong"]
    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A request to run an operation, of any kind."""

    id: str
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Complete:
    """The client needs no more of an operation."""

    id: str


def read_message(text: str) -> Simple | Subscribe | Complete:
    """A client's message.

    Raises:
        ProtocolError: 4400, with what is wrong in it.
    """
    try:
        message = parse_json(text.encode(), "The message")
        if not isinstance(message, dict):
            raise _invalid("a message must be a JSON object")
        match message.get("type"):
            case "connection_init" | "ping" | "pong" as kind:
                payload = message.get("payload")
                if not isinstance(payload, dict | None):
                    raise _invalid(f"the payload of {kind} must be an object")
                return Simple(kind, payload)
            case "subscribe":
                payload = message.get("payload")
                if not isinstance(payload, dict):
                    raise _invalid("the payload of subscribe must be an object")
                return Subscribe(_id(message), parameters_from_object(payload))
            case "complete":
                return Complete(_id(message))
            case _:
                raise _invalid("its type is none that a client sends")
    except Refusal as refusal:
        raise _invalid(str(refusal)) from refusal
    except UnicodeEncodeError:
        raise _invalid("not UTF-8") from None


def _id(message: dict[str, Any]) -> str:
    value = message.get("id")
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_ID_LENGTH:
        raise _invalid(f"its id must be a string of 1 to {_MAX_ID_LENGTH} characters")
    return value


def _invalid(reason: str) -> ProtocolError:
    return ProtocolError(4400, f"Invalid message: {reason}")


def write_ack() -> str:
    """The connection is accepted."""
    return '{"type":"connection_ack"}'


def write_pong(payload: dict[str, Any] | None) -> str:
    """The answer to a ping, with its payload."""
    message: dict[str, Any] = {"type": "pong"}
    if payload is not None:
        message["payload"] = payload
    return orjson.dumps(message).decode()


def write_ping(payload: dict[str, Any]) -> str:
    """Something to know that concerns no operation; the client answers with a pong."""
    return orjson.dumps({"type": "ping", "payload": payload}).decode()


def write_next(operation_id: str, response: bytes) -> str:
    """A response of an operation, already JSON: its bytes go out as they are."""
    return f'{{"id":{_quoted(operation_id)},"type":"next","payload":{response.decode()}}}'


def write_error(operation_id: str, errors: list[FormattedError]) -> str:
    """The end of an operation that could not run, or go on."""
    return orjson.dumps({"id": operation_id, "type": "error", "payload": errors}).decode()


def write_complete(operation_id: str) -> str:
    """The end of an operation."""
    return f'{{"id":{_quoted(operation_id)},"type":"complete"}}'


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()
