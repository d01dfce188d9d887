"""What uvicorn leaves open, closed: endless headers, readers that never read, how sockets end."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.api.lease import RESUME
from app.settings import Settings

_GOING_AWAY = 1001
# From a connection's opening, or a request's first byte, to the end of its headers.
_HEADERS_TIMEOUT = 10.0
# What may have come of headers that are not complete, in bytes; besides what one read brings.
_MAX_HEADERS = 65_536
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n"
_PING_INTERVAL = 20.0
_GRACEFUL_SHUTDOWN = 10


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """The arguments of `uvicorn.Config` that the transport relies on."""
    return {
        "http": HeadersInTime,
        "ws": ResumableSocket,
        "ws_max_size": settings.socket_max_message_bytes,
        "ws_ping_interval": _PING_INTERVAL,
        "ws_ping_timeout": _PING_INTERVAL,
        # Compressing each event for each subscriber costs more than the bytes it saves.
        "ws_per_message_deflate": False,
        "server_header": False,
        # Nobody's X-Forwarded-For is believed, not even this machine's, unless told to.
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "timeout_graceful_shutdown": _GRACEFUL_SHUTDOWN,
    }


class HeadersInTime(HttpToolsProtocol):
    """HTTP whose headers must arrive in time and end; uvicorn would take them for ever."""

    _deadline: asyncio.TimerHandle | None = None
    _received = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is more of headers that are too long already."""
        is_headers = self._deadline is not None
        super().data_received(data)
        if is_headers and self._deadline is not None:
            self._received += len(data)
            if self._received > _MAX_HEADERS:
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Wait for the headers of a request that has begun."""
        super().on_message_begin()
        if self._deadline is None:
            self._arm()

    def on_headers_complete(self) -> None:
        """Stop waiting: what follows has its own deadline."""
        self._disarm()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting: nothing will come."""
        self._disarm()
        super().connection_lost(exc)

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(_HEADERS_TIMEOUT, self.transport.close)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
            self._received = 0


class ResumableSocket(WebSocketsSansIOProtocol):
    """WebSocket whose clients are told, when the server stops, to come back with their cursor."""

    def shutdown(self) -> None:
        """Close with 1001 and the reason, where uvicorn gives 1012 and none."""
        if not self.handshake_complete or self.close_sent:
            super().shutdown()
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": _GOING_AWAY})
        self.conn.send_close(_GOING_AWAY, RESUME)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    async def run_asgi(self) -> None:
        """Run the application; then let go of a peer that reads nothing of what it is sent."""
        await super().run_asgi()
        # A transport with unsent bytes would stay, and hold them, for as long as the peer does.
        if not self.writable.is_set():
            self.transport.abort()
