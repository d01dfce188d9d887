"""One conversation, many subscribers: what a delivery costs, and how long it takes."""

import asyncio
import re
import time
from uuid import uuid4

import orjson

from app.api.ids import global_id
from app.chat.commands import send_message
from app.chat.content import NewMessage
from app.services import Services, open_services
from bench.client import Subscriber
from bench.load import Figures
from bench.servers import Server
from bench.world import World

_SUBSCRIPTION = """subscription($id: ID!) { conversationEvents(conversationId: $id) {
  ... on MessageSent { message { id text createdAt sender { name } } } } }"""
_SENT_AT = re.compile(rb"sent at (\d+) ns")
_PATIENCE = 30.0  # seconds until a message must have reached everybody
_SETTLE = 2.0  # seconds for the last subscriptions to begin
_STAGGER = 20  # sockets that are opened at once


async def compare_deliveries(
    world: World, servers: tuple[Server, Server], *, subscribers: int, rounds: int, messages: int
) -> tuple[Figures, Figures]:
    """Both servers' figures; this process sends a message as soon as all have the one before.

    A latency lasts from before a message is stored until a subscriber has it.
    """
    figures = Figures(), Figures()
    async with open_services(world.settings) as services:
        for _ in range(rounds):
            for server, found in zip(servers, figures, strict=True):
                audience = Audience(world, server)
                try:
                    await audience.open(subscribers)
                    await audience.tell(services, Figures())  # warm
                    cpu, began = server.cpu_seconds(), time.perf_counter()
                    for _ in range(messages):
                        await audience.tell(services, found)
                    found.seconds += time.perf_counter() - began
                    found.cpu += server.cpu_seconds() - cpu
                finally:
                    audience.close()
    return figures


class Audience:
    """The subscribers of one server."""

    def __init__(self, world: World, server: Server) -> None:
        self._world, self._server = world, server
        self._sockets: list[Subscriber] = []
        self._heard: list[float] = []
        self._everybody = asyncio.Event()

    async def open(self, subscribers: int) -> None:
        """Connect and subscribe."""
        while len(self._sockets) < subscribers:
            some = min(_STAGGER, subscribers - len(self._sockets))
            self._sockets += await asyncio.gather(*(self._subscribe() for _ in range(some)))
        await asyncio.sleep(_SETTLE)

    async def tell(self, services: Services, figures: Figures) -> None:
        """Send a message and wait until every subscriber has it."""
        self._heard = []
        self._everybody.clear()
        new = NewMessage(f"sent at {time.perf_counter_ns()} ns")
        await send_message(
            services, self._world.viewer, self._world.hot, new, client_key=uuid4().hex
        )
        async with asyncio.timeout(_PATIENCE):
            await self._everybody.wait()
        figures.latencies += self._heard

    def close(self) -> None:
        """Drop every socket."""
        for socket in self._sockets:
            socket.close()

    def _hear(self, message: bytes) -> None:
        sent = _SENT_AT.search(message)
        if sent is not None:
            self._heard.append((time.perf_counter_ns() - int(sent[1])) / 1e9)
            if len(self._heard) == len(self._sockets):
                self._everybody.set()

    async def _subscribe(self) -> Subscriber:
        world, server = self._world, self._server
        if server.name != "isthmus":
            return await Subscriber.open(server.port, f"/live/{world.hot.hex}", {}, self._hear)
        acknowledged = asyncio.Event()

        def hear(message: bytes) -> None:
            if b"connection_ack" in message:
                acknowledged.set()
            self._hear(message)

        protocol = {"Sec-WebSocket-Protocol": "graphql-transport-ws"}
        socket = await Subscriber.open(server.port, "/graphql", protocol, hear)
        authorization = {"Authorization": f"Bearer {world.token}"}
        socket.send(orjson.dumps({"type": "connection_init", "payload": authorization}))
        await acknowledged.wait()
        variables = {"id": global_id("Conversation", world.hot)}
        payload = {"query": _SUBSCRIPTION, "variables": variables}
        socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        return socket
