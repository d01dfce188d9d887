"""A lean HTTP and WebSocket client: load must not cost more than what it loads."""

import asyncio
import struct
from collections.abc import Callable
from typing import Self

import httptools

_MASKED = 0x80
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA


class HttpConnection(asyncio.Protocol):
    """One kept-alive connection with one request under way."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect to a port of this machine."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, "127.0.0.1", port)
        return connection

    async def send(self, request: bytes) -> bytes:
        """The body of the answer, whose status is 200."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what to write to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Parse some more of the answer."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let whoever waits for an answer know."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server closed"))

    def on_body(self, body: bytes) -> None:
        """Collect the answer."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Give the answer to whoever waits for it."""
        body, self._body = b"".join(self._body), []
        assert self._answer is not None
        status = self._parser.get_status_code()
        if status == 200:
            self._answer.set_result(body)
        else:
            self._answer.set_exception(RuntimeError(f"status {status}: {body[:500]!r}"))
        self._parser = httptools.HttpResponseParser(self)


def post(path: str, token: str, body: bytes) -> bytes:
    """The bytes of a request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nAccept: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Subscriber(asyncio.Protocol):
    """One WebSocket that hands every text message to a callback.

    Args:
        hear: Given each message's bytes.
    """

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        self._buffer = b""
        self._is_open = False
        self._transport: asyncio.Transport | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(
        cls, port: int, path: str, headers: dict[str, str], hear: Callable[[bytes], None]
    ) -> Self:
        """Connect, and wait for the server to agree."""
        loop = asyncio.get_running_loop()
        _, subscriber = await loop.create_connection(lambda: cls(hear), "127.0.0.1", port)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        subscriber.write(
            (
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{lines}\r\n"
            ).encode()
        )
        await subscriber.opened
        return subscriber

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self._transport is not None
        self._transport.write(data)

    def send(self, message: bytes, opcode: int = _TEXT) -> None:
        """A message in one frame; its mask is zero, which leaves the bytes as they are."""
        size = len(message)
        length = (
            bytes([_MASKED | size])
            if size < 126
            else bytes([_MASKED | 126]) + struct.pack("!H", size)
        )
        self.write(bytes([0x80 | opcode]) + length + bytes(4) + message)

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what to write to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Parse the handshake, then frames."""
        self._buffer += data
        if not self._is_open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(RuntimeError(head.decode()))
                return
            self._is_open, self._buffer = True, rest
            self.opened.set_result(None)
        while self._take_frame():
            pass

    def _take_frame(self) -> bool:
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        size, start = buffer[1] & 0x7F, 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + size:
            return False
        payload, self._buffer = buffer[start : start + size], buffer[start + size :]
        match buffer[0] & 0x0F:
            case 0x1:
                self._hear(payload)
            case 0x9:
                self.send(payload, _PONG)
            case 0x8:
                self.close()
        return True
