"""A plain WebSocket server: what Redis says of a conversation, to whoever listens to it."""

import asyncio
from collections import defaultdict
from contextlib import suppress

from redis.asyncio import Redis
from starlette.websockets import WebSocket, WebSocketDisconnect


class Fanout:
    """One pub/sub connection for all sockets."""

    def __init__(self, redis: Redis) -> None:
        self._pubsub = redis.pubsub()
        self._sockets: dict[str, set[WebSocket]] = defaultdict(set)
        self._reading: asyncio.Task[None] | None = None

    async def serve(self, socket: WebSocket) -> None:
        """Forward until the client is gone."""
        channel = f"conversation:{socket.path_params['conversation_id']}"
        if channel not in self._sockets:
            await self._pubsub.subscribe(channel)
        self._sockets[channel].add(socket)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        await socket.accept()
        with suppress(WebSocketDisconnect):
            while True:
                await socket.receive_text()
        self._sockets[channel].discard(socket)

    async def close(self) -> None:
        """Stop listening."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _read(self) -> None:
        async for message in self._pubsub.listen():
            if message["type"] != "message":
                continue
            text = message["data"].decode()
            for socket in tuple(self._sockets[message["channel"].decode()]):
                with suppress(WebSocketDisconnect, RuntimeError):
                    await socket.send_text(text)
