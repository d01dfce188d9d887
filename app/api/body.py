"""A request's body, read within a size and a time: the server under us limits neither."""

import asyncio
from collections.abc import AsyncIterator

from starlette.datastructures import Headers
from starlette.types import Receive

from app.api.failures import TIMEOUT, TOO_LARGE, Refusal, refuse_transport
from app.api.negotiation import JSON, is_json_in_utf8

# A body that is too large is read on, up to this many times the limit, and thrown away: a client
# that is still sending when the connection closes would not see why.
_DRAINED = 8


class ClientGone(Exception):
    """The client closed the connection; there is nobody to answer."""


def check_json(headers: Headers) -> None:
    """Refuse a body that does not say that it is JSON in UTF-8, as it is.

    Raises:
        Refusal: 415.
    """
    # Two content types, joined as HTTP joins them, are none.
    if not is_json_in_utf8(",".join(headers.getlist("content-type"))):
        raise refuse_transport(415, f"Send the request as {JSON}, in UTF-8.")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        message = "Send the body without a content encoding."
        raise refuse_transport(415, message, headers={"accept-encoding": "identity"})


async def read_body(headers: Headers, receive: Receive, limit: int, seconds: float) -> bytes:
    """The whole body.

    Args:
        headers: Of the request; a length that is declared too large is refused unread.
        receive: Of the request.
        limit: In bytes, whatever the header says.
        seconds: From now to the last byte.

    Raises:
        Refusal: 413, over the limit; 408, not there in time.
        ClientGone: The client left while sending.
    """
    chunks: list[bytes] = []
    size = 0
    more = True
    expects_continue = headers.get("expect", "").lower() == "100-continue"
    if _declared(headers) > limit and expects_continue:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
            while more and size <= _DRAINED * limit:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                chunk = message.get("body", b"")
                more = message.get("more_body", False)
                size += len(chunk)
                if size <= limit:
                    chunks.append(chunk)
    except TimeoutError:
        raise _too_slow(seconds) from None
    if size > limit:
        raise _too_large(limit)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def stream_body(receive: Receive, seconds: float) -> AsyncIterator[bytes]:
    """The body piece by piece, of whatever size, as it comes.

    Args:
        receive: Of the request.
        seconds: From now to the last byte.

    Raises:
        Refusal: 408, not there in time.
        ClientGone: The client left while sending.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    more = True
    while more:
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise _too_slow(seconds) from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        more = message.get("more_body", False)
        if piece := message.get("body", b""):
            yield piece


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _declared(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


def _too_slow(seconds: float) -> Refusal:
    return refuse_transport(
        408,
        f"The body did not arrive within {seconds:g} seconds.",
        code=TIMEOUT,
        headers={"connection": "close"},
    )


def _too_large(limit: int) -> Refusal:
    return refuse_transport(
        413,
        f"The body is over {limit:,} bytes.",
        code=TOO_LARGE,
        headers={"connection": "close"},
    )
