"""What a client is told when a request fails: a code, a message, and nothing from inside."""

import logging
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from graphql import GraphQLError
from strawberry.exceptions import StrawberryInputCoercionError

from app.errors import DomainError, ErrorCode, RateLimited, SessionRevoked, Unauthenticated
from app.request import request_id

logger = logging.getLogger("isthmus.graphql")

FormattedError = Mapping[str, Any]
# A message and its extensions.
_Words = tuple[str, dict[str, Any]]

# The names that Apollo Server and Apollo Router gave to these failures, where they have one.
PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
OPERATION_UNRESOLVED = "OPERATION_RESOLUTION_FAILURE"
BAD_USER_INPUT = "BAD_USER_INPUT"
PERSISTED_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
PERSISTED_REQUIRED = "PERSISTED_QUERY_REQUIRED"
INTROSPECTION_DISABLED = "INTROSPECTION_DISABLED"
COST_LIMIT = "MAX_COST_LIMIT"
BAD_REQUEST = "BAD_REQUEST"
TOO_LARGE = "PAYLOAD_TOO_LARGE"
TOO_MANY_OPERATIONS = "TOO_MANY_OPERATIONS"
TIMEOUT = "TIMEOUT"
INTERNAL = "INTERNAL"

# Characters of a message; tracebacks of a response.
_QUOTED = 500
_LOGGED = 10
_STATUS = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.SESSION_REVOKED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.UNAVAILABLE: 503,
}


class Refusal(Exception):
    """A request that gets `errors` and no `data`.

    Args:
        errors: The entries of the response's `errors`.
        status: The HTTP status where the client reads `application/graphql-response+json`.
        in_transport: The fault lies in HTTP and not in GraphQL: the status then also holds for
            `application/json`, which answers GraphQL's own faults with 200.
        headers: HTTP headers that explain the status, such as `Allow`.
    """

    def __init__(
        self,
        errors: list[FormattedError],
        *,
        status: int = 400,
        in_transport: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(str(errors[0]["message"]))
        self.errors = errors
        self.status = status
        self.in_transport = in_transport
        self.headers = headers or {}


def refuse(code: str, message: str, *, status: int = 400) -> Refusal:
    """A GraphQL request that is well-formed and cannot run."""
    return Refusal([{"message": message, "extensions": {"code": code}}], status=status)


def refuse_transport(
    status: int, message: str, *, code: str = BAD_REQUEST, headers: Mapping[str, str] | None = None
) -> Refusal:
    """A request that HTTP's own rules refuse."""
    error = {"message": message, "extensions": {"code": code}}
    return Refusal([error], status=status, in_transport=True, headers=headers)


def timed_out() -> Refusal:
    """An operation that was stopped."""
    return refuse(TIMEOUT, "The operation took too long and was stopped.", status=504)


def refuse_exception(exception: Exception) -> Refusal:
    """What a client is told of an exception outside any field: its own words only if meant."""
    if isinstance(exception, Refusal):
        return exception
    if isinstance(exception, DomainError):
        status = _STATUS.get(exception.code, 400)
        error = {"message": exception.message, "extensions": _domain_extensions(exception)}
        headers = _headers(exception)
        return Refusal([error], status=status, in_transport=bool(headers), headers=headers)
    message, extensions = _mask(exception)
    return Refusal([{"message": message, "extensions": extensions}], status=500, in_transport=True)


def coded(errors: Iterable[GraphQLError], code: str) -> list[FormattedError]:
    """Errors of the document or its variables, whose words are GraphQL's own, with a code."""
    return [
        {**error.formatted, "message": _shortened(error.message), "extensions": {"code": code}}
        for error in errors
    ]


def field_errors(errors: Iterable[GraphQLError]) -> list[FormattedError]:
    """Errors that resolvers raised, the unexpected ones masked and logged with their traceback.

    One exception that failed many fields, as a loader's does, is logged once; and of a response
    with many such exceptions the first few, the rest sharing the last one's id.
    """
    formatted: list[FormattedError] = []
    masks: dict[int, _Words] = {}
    for error in errors:
        cause = _cause(error)
        words = _meant_words(cause) or masks.get(id(cause))
        if words is None:
            words = _mask(cause) if len(masks) < _LOGGED else next(reversed(masks.values()))
            masks[id(cause)] = words
        message, extensions = words
        formatted.append({**error.formatted, "message": message, "extensions": extensions})
    return formatted


def _meant_words(cause: Exception) -> _Words | None:
    if isinstance(cause, DomainError):
        return cause.message, _domain_extensions(cause)
    if isinstance(cause, GraphQLError):
        if cause.extensions and "code" in cause.extensions:
            return cause.message, dict(cause.extensions)
        # graphql-core names the nodes of what the client wrote (an argument that a variable
        # left null); what a resolver or a scalar's serializer raises has none.
        if cause.nodes or isinstance(cause, StrawberryInputCoercionError):
            return _shortened(cause.message), {"code": BAD_USER_INPUT}
    return None


def _shortened(message: str) -> str:
    # GraphQL quotes the value at fault, and a client can make that as long as its request.
    return message if len(message) <= _QUOTED else f"{message[: _QUOTED - 1]}…"


def _cause(error: GraphQLError) -> Exception:
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _domain_extensions(error: DomainError) -> dict[str, Any]:
    extensions: dict[str, Any] = {"code": error.code}
    if isinstance(error, SessionRevoked):
        extensions["reason"] = error.reason
    if error.field is not None:
        extensions["field"] = error.field
    if isinstance(error, RateLimited):
        extensions["retryAfter"] = error.retry_after
    return extensions


def _headers(error: DomainError) -> dict[str, str]:
    # What a client, or a proxy on its way, may act on without reading the body.
    if isinstance(error, RateLimited):
        return {"Retry-After": str(error.retry_after)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, Unauthenticated) else {}


def _mask(exception: Exception) -> _Words:
    reference = secrets.token_hex(8)
    logger.error("Internal error %s, request %s", reference, request_id(), exc_info=exception)
    return "Internal error", {"code": INTERNAL, "id": reference}
