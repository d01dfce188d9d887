"""A store that is away: what needs it says so with a code, soon, and everything else works."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.client import Client
from tests.factories import GROUP_CREATE, SEND, START_DIRECT, Person, World
from tests.outage.conftest import Break, Frail
from tests.subscriptions.streams import EVENTS, start, summary

SOON = 4.0  # seconds

SCREEN = """query($conversation: ID!, $group: ID!, $product: ID!, $user: ID!) {
  viewer { name }
  user(id: $user) { name groups { nodes { name } } directConversation { id } }
  users(first: 1) { nodes { name } }
  product(id: $product) { title vendor { name } }
  products(first: 1) { nodes { title } }
  group(id: $group) { name owner { name } conversation { messageCount } }
  groups(first: 1) { nodes { name } }
  conversation(id: $conversation) {
    messageCount unreadCount creator { name } group { name } participants { nodes { name } }
    messages { nodes { text sender { name } readBy { nodes { name } } } } }
  conversations(first: 1) { nodes { messageCount } }
  nodes(ids: [$user, $product, $group, $conversation]) { id } }"""

PRODUCT = """mutation($key: String!) { productCreate(input: {
  title: "A lamp", description: "It shines.", cause: ELDER_CARE, mrp: "2", sellingPrice: "1",
  productUrl: "https://shop.example/lamp", clientKey: $key
  }) { product { id } errors { code field message } } }"""

MARK_READ = """mutation($id: ID!) { conversationMarkRead(conversationId: $id,
  input: {clientKey: "r"}) { conversation { unreadCount } errors { code } } }"""


async def town(world: World) -> tuple[Person, dict[str, str]]:
    """Somebody with a product, and a group in which a message was sent."""
    me, other = await world.users(2)
    product = (await me.client.mutate(PRODUCT, key="product"))["product"]["id"]
    group = await world.group(me, other)
    conversation = await world.conversation_of(me, group)
    await world.direct(me, other)
    await world.say(me, conversation, "hello")
    ids = {"conversation": conversation, "group": group, "product": product, "user": other.id}
    return me, ids


async def soon(client: Client, query: str, **variables: Any) -> tuple[Any, set[str]]:
    """The data, and where it has errors: every one says that a store does not answer."""
    async with asyncio.timeout(SOON):
        answer = await client.send(query, **variables)
    errors = answer.get("errors", [])
    assert {e["extensions"]["code"] for e in errors} <= {"UNAVAILABLE"}, errors
    return answer["data"], {".".join(map(str, e["path"])) for e in errors}


async def refused_soon(client: Client, mutation: str, **variables: Any) -> str:
    """The code of a mutation's refusal."""
    async with asyncio.timeout(SOON):
        return await client.refused(mutation, **variables)


@pytest.mark.covers("A16", "B24")
async def test_without_mongodb_the_marketplace_answers(frail: Frail, break_: Break) -> None:
    me, ids = await town(frail.world)
    await frail.take_away(break_, "mongo")

    data, failed = await soon(me.client, SCREEN, **ids)

    assert failed == {
        *("user.directConversation", "group.conversation"),
        *("conversation", "conversations", "nodes.3"),
    }
    assert data["group"] == {"name": "Readers", "owner": {"name": me.name}, "conversation": None}
    assert data["product"] == {"title": "A lamp", "vendor": {"name": me.name}}
    assert data["user"]["groups"]["nodes"] == [{"name": "Readers"}]
    assert [node and node["id"] for node in data["nodes"]] == [
        *(ids["user"], ids["product"], ids["group"]),
        None,
    ]
    created = await me.client.mutate(PRODUCT, key="while it is away")
    assert created["product"]["id"]
    codes = await asyncio.gather(
        refused_soon(me.client, MARK_READ, id=ids["conversation"]),
        refused_soon(me.client, START_DIRECT, user=ids["user"], key="start"),
    )
    assert set(codes) == {"UNAVAILABLE"}

    await frail.give_back()
    data, failed = await soon(me.client, SCREEN, **ids)
    assert not failed
    assert data["conversation"]["messageCount"] == 1


async def test_without_postgresql_the_chat_is_read(frail: Frail, break_: Break) -> None:
    me, ids = await town(frail.world)
    send = {"id": ids["conversation"], "text": "again", "key": str(uuid4())}
    await frail.take_away(break_, "main", "auth")

    data, failed = await soon(me.client, SCREEN, **ids)

    assert failed == {
        *("viewer", "user", "users", "product", "products", "group", "groups"),
        *("conversation.creator", "conversation.group", "conversation.participants"),
        *(f"conversation.messages.nodes.0.{field}" for field in ("sender", "readBy")),
        *("nodes.0", "nodes.1", "nodes.2"),
    }
    assert data["conversation"]["unreadCount"] == 0
    assert [m["text"] for m in data["conversation"]["messages"]["nodes"]] == ["hello"]
    assert data["conversations"]["nodes"] == [{"messageCount": 1}]
    codes = await asyncio.gather(
        refused_soon(me.client, SEND, **send),
        refused_soon(me.client, GROUP_CREATE, name="x", key="k"),
        refused_soon(me.client, PRODUCT, key="k"),
        refused_soon(me.client, MARK_READ, id=ids["conversation"]),
    )
    assert set(codes) == {"UNAVAILABLE"}

    await frail.give_back()
    sent = [await me.client.mutate(SEND, **send) for _ in range(2)]
    assert [s["conversation"]["messageCount"] for s in sent] == [2, 2]
    data, failed = await soon(me.client, SCREEN, **ids)
    assert not failed


@pytest.mark.covers("E30")
async def test_without_the_accounts_only_people_are_missing(frail: Frail, break_: Break) -> None:
    me, ids = await town(frail.world)
    await frail.take_away(break_, "auth")

    data, failed = await soon(me.client, SCREEN, **ids)

    assert {path.rpartition(".")[2] for path in failed} == {
        *("viewer", "user", "users", "vendor", "owner", "creator", "participants"),
        *("sender", "readBy", "0"),
    }
    assert data["product"]["title"] == "A lamp"
    assert data["conversation"]["group"] == {"name": "Readers"}
    async with asyncio.timeout(SOON):
        sent = await me.client.send(SEND, id=ids["conversation"], text="hi", key="k")
    assert sent["data"]["messageSend"]["message"]["seq"] == 4
    assert sent["data"]["messageSend"]["message"]["sender"] is None


async def test_without_redis_everything_works(frail: Frail, break_: Break) -> None:
    me, ids = await town(frail.world)
    conversation = ids["conversation"]

    async with me.client.subscribe(EVENTS, id=conversation, after=start(conversation)) as stream:
        await stream.take(3)
        await frail.take_away(break_, "redis")
        data, failed = await soon(me.client, SCREEN, **ids)
        assert not failed
        assert data["conversation"]["messageCount"] == 1
        async with asyncio.timeout(SOON):
            await frail.world.say(me, conversation, "unheard")
        assert summary(await stream.next()) == (4, "unheard")
        async with me.client.subscribe(EVENTS, id=conversation, after=start(conversation)) as late:
            assert [event["seq"] for event in await late.take(4)] == [1, 2, 3, 4]
