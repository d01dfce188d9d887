"""Sockets that are used as no client would: the others, and the server, do not notice."""

import asyncio
import gc
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app.api.ids import uuid_of
from app.chat.queries import message_cursor
from app.paging import encode_cursor
from tests.factories import World
from tests.subscriptions.streams import STANDING

EVENTS = """subscription($id: ID!, $after: String) {
  conversationEvents(conversationId: $id, after: $after) {
    ... on MessageSent { message { text } } } }"""


async def send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(orjson.dumps(message).decode())


async def subscribe(socket: ClientConnection, number: int, conversation: str, **more: Any) -> None:
    payload = {"query": EVENTS, "variables": {"id": conversation, **more}}
    await send(socket, type="subscribe", id=str(number), payload=payload)


async def messages(socket: ClientConnection, count: int) -> list[Any]:
    async with asyncio.timeout(20):
        return [orjson.loads(await socket.recv()) for _ in range(count)]


def opened(world: World, token: str) -> Any:
    address = world.server_url.replace("http", "ws", 1) + "/graphql"
    headers = {"Authorization": f"Bearer {token}"}
    protocol = Subprotocol("graphql-transport-ws")
    return connect(address, subprotocols=[protocol], additional_headers=headers, max_queue=None)


# A connection to MongoDB that was being opened for a cancelled task is the collector's to close.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_storm_of_subscriptions_leaves_the_rest_alone(world: World) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    async with ben.client.subscribe(EVENTS, id=conversation) as quiet:
        async with opened(world, ada.token) as socket:
            await send(socket, type="connection_init")
            await messages(socket, 1)
            for number in range(300):
                await subscribe(socket, number, conversation)
                if number % 2:
                    await send(socket, type="complete", id=str(number))
            for number in range(0, 300, 2):
                await send(socket, type="complete", id=str(number))
            await send(socket, type="ping")
            while (await messages(socket, 1))[0]["type"] != "pong":
                pass
            await asyncio.sleep(0.2)
            await subscribe(socket, 1000, conversation)
            await asyncio.sleep(0.2)
            await world.say(ada, conversation, "still here")
            (heard,) = await messages(socket, 1)
            assert heard["id"] == "1000"
        assert (await quiet.next())["message"]["text"] == "still here"
    gc.collect()
    # What was followed is let go of.
    live, bus = world.services.live, world.services.bus
    async with asyncio.timeout(20):
        while live._feeds or set(bus._listeners) != STANDING:  # noqa: ASYNC110 - they tell nobody
            await asyncio.sleep(0.05)


async def test_five_hundred_subscriptions_on_one_socket_are_too_many(world: World) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    async with opened(world, ada.token) as socket:
        await send(socket, type="connection_init")
        await messages(socket, 1)
        for number in range(500):
            await subscribe(socket, number, conversation)
        refused = await messages(socket, 400)
        assert {m["type"] for m in refused} == {"error"}
        assert {m["payload"][0]["extensions"]["code"] for m in refused} == {"TOO_MANY_OPERATIONS"}
        await asyncio.sleep(0.3)
        await world.say(ben, conversation, "to all hundred")
        heard = await messages(socket, 100)
        assert len({m["id"] for m in heard}) == 100


@pytest.mark.parametrize(
    "after",
    [
        "",
        "x",
        "W10",
        "WzAsMF0=" * 2000,
        (),
        (0,),
        (2**31 - 1, 1),  # beyond the end
        (2**31, 1),
        (2**63, 1),
        (0, 2**31),
        (True, 1),
        ("0", 0),
        (0, None),
        (0, 0, 0),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_stream_after_a_tampered_cursor_is_refused(
    world: World, after: str | tuple[Any, ...]
) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    if isinstance(after, tuple):
        name = uuid_of(conversation, "Conversation", field=[]).hex
        after = encode_cursor(name, *after)
    async with ada.client.subscribe(EVENTS, id=conversation, after=after) as stream:
        (error,) = (await stream.end())["payload"]
        assert error["extensions"]["code"] == "INVALID_CURSOR"


async def test_stream_after_a_negative_place_begins_at_the_first(world: World) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    await world.say(ada, conversation, "one", "two")
    negative = message_cursor(uuid_of(conversation, "Conversation", field=[]), -5, -5)
    async with ada.client.subscribe(EVENTS, id=conversation, after=negative) as stream:
        heard = await stream.take(3)
    assert [event.get("message") for event in heard] == [None, {"text": "one"}, {"text": "two"}]
