"""A small model client: what its screens show is fetched once, and then kept true by events alone.

It does what Apollo and urql do. Objects are merged by their id, wherever an answer or an event has
them; which objects a list has follows from the event's kind, as the schema describes it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.client import Client, Json


@dataclass(frozen=True)
class Ref:
    """An object in the cache."""

    id: str


@dataclass
class Cache:
    """Objects by id, and what the screens show of them."""

    objects: dict[str, Json] = field(default_factory=dict)
    roots: Json = field(default_factory=dict)

    def put(self, value: Any) -> Any:
        """Merge what came, and give it with references in the places of objects."""
        if isinstance(value, list):
            return [self.put(item) for item in value]
        if not isinstance(value, dict):
            return value
        fields = {name: self.put(item) for name, item in value.items()}
        if "id" not in fields:
            return fields
        self.objects.setdefault(fields["id"], {}).update(fields)
        return Ref(fields["id"])

    def shown(self, like: Any, value: Any) -> Any:
        """A value with as much of its objects as an answer has that should be the same."""
        if isinstance(value, Ref):
            value = self.objects[value.id] if like else {"id": value.id}
        if isinstance(like, dict) and isinstance(value, dict):
            return {name: self.shown(like[name], value.get(name)) for name in like}
        if isinstance(value, list):
            likes = like or [None]
            return [self.shown(likes[min(i, len(likes) - 1)], v) for i, v in enumerate(value)]
        return value


Apply = Callable[[Cache, Json], None]


@dataclass(frozen=True)
class Screen:
    """What is shown, and how it is kept true.

    Attributes:
        query: A root field.
        stream: The subscription's field.
        apply: What an event, already merged, does to lists.
        speaks_first: Whether the stream begins with an event.
        length: How many items of a list are compared: an older one may have moved up unseen.
    """

    query: str
    stream: str
    apply: Apply
    speaks_first: bool = False
    length: int | None = None


@dataclass
class Device:
    """One of somebody's devices.

    Attributes:
        told: How many events each screen's stream has told.
    """

    client: Client
    screens: dict[str, Screen]
    cache: Cache = field(default_factory=Cache)
    told: dict[str, int] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def fetch(self) -> Json:
        """What the screens would show if they were opened now."""
        asked = " ".join(f"{name}: {screen.query}" for name, screen in self.screens.items())
        found: Json = (await self.client.send(f"{{ {asked} }}"))["data"]
        return found

    def shows(self, fresh: Json) -> Json:
        """What the screens show, as far as a fresh answer has it."""
        shown: Json = self.cache.shown(fresh, self.cache.roots)
        return self._cut(shown)

    def _cut(self, answer: Json) -> Json:
        _sort(answer)
        for name, screen in self.screens.items():
            page = answer[name]
            if screen.length is not None and page is not None:
                page["nodes"] = page["nodes"][: screen.length]
        return answer

    async def agrees(self) -> Json:
        """Wait until the screens show what they would if they were opened now, and give that."""
        try:
            async with asyncio.timeout(20):
                while True:
                    self.changed.clear()
                    fresh = self._cut(await self.fetch())
                    if self.shows(fresh) == fresh:
                        return fresh
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self.changed.wait(), 0.5)
        except TimeoutError:
            told = self.shows(fresh)
            wrong = [name for name in fresh if told[name] != fresh[name]]
            for name in wrong:  # what events told is not what there is
                assert told[name] == fresh[name], name
            raise

    async def hear(self, socket: ClientConnection) -> None:
        """Merge events for as long as there are any."""
        async for text in socket:
            message: Json = orjson.loads(text)
            name = message.get("id", "")
            if message["type"] == "next" and name in self.screens:
                assert "errors" not in message["payload"], message
                (event,) = message["payload"]["data"].values()
                self.cache.put(event)
                self.screens[name].apply(self.cache, event)
                self.told[name] = self.told.get(name, 0) + 1
            self.changed.set()

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait for something that an event makes true."""
        async with asyncio.timeout(seconds):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


def _sort(value: Any) -> None:
    """Put people in one order: theirs is that of their accounts, which no client knows."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name in ("readBy", "participants") and item is not None:
                item["nodes"].sort(key=lambda user: user["id"])
            _sort(item)
    elif isinstance(value, list):
        for item in value:
            _sort(item)


@asynccontextmanager
async def opened(client: Client, screens: dict[str, Screen]) -> AsyncIterator[Device]:
    """A device whose screens are open: all of their streams share one socket."""
    device = Device(client, screens)
    address = client.url.replace("http", "ws", 1) + "/graphql"
    protocol = Subprotocol("graphql-transport-ws")
    async with connect(address, subprotocols=[protocol], max_queue=None) as socket:
        await _send(socket, type="connection_init", payload=client.headers)
        assert orjson.loads(await socket.recv())["type"] == "connection_ack"
        hearing = asyncio.create_task(device.hear(socket))
        for name, screen in screens.items():
            payload = {"query": f"subscription {{ {screen.stream} }}"}
            await _send(socket, type="subscribe", id=name, payload=payload)
        speaking = {name for name, screen in screens.items() if screen.speaks_first}
        await device.until(lambda: speaking <= device.told.keys())
        found = await device.fetch()
        for name in [name for name, value in found.items() if value is None]:
            del screens[name], found[name]  # not theirs to open
        device.cache.roots = device.cache.put(found)
        try:
            yield device
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)


async def _send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(orjson.dumps(message).decode())
