"""Bytes that no HTTP client sends."""

import asyncio
from urllib.parse import urlsplit

import pytest


async def answer_to(server_url: str, *pieces: bytes) -> bytes:
    """What comes back until the server closes, or says nothing more for a moment."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(server_url).port)
    received = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        async with asyncio.timeout(0.5):
            while chunk := await reader.read(65_536):
                received += chunk
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return received


BODY = b'{"query":"{__typename}"}'
POST = (
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY


async def test_pipelined_requests_are_all_answered(server_url: str) -> None:
    assert (await answer_to(server_url, POST * 20)).count(b"200 OK") == 20


async def test_garbage_after_a_request_is_refused(server_url: str) -> None:
    received = await answer_to(server_url, POST, b"\0\xff garbage\r\n\r\n")
    assert received.count(b"200 OK") == 1
    assert b"400 Bad Request" in received


@pytest.mark.parametrize(
    "header",
    [
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ],
)
async def test_body_of_unclear_length_is_refused(server_url: str, header: bytes) -> None:
    request = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + header
    assert (await answer_to(server_url, request)).startswith(b"HTTP/1.1 400 ")


async def test_headers_without_end_are_cut_off(server_url: str) -> None:
    start = b"GET /graphql HTTP/1.1\r\nHost: x\r\nX-Long: "
    received = await answer_to(server_url, start, *[b"a" * 65_536] * 30)
    assert received == b"" or received.startswith(b"HTTP/1.1 431 ")
    assert (await answer_to(server_url, POST)).startswith(b"HTTP/1.1 200 ")
