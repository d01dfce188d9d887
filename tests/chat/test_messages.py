"""Sending and reading messages through the API."""

import asyncio
from uuid import uuid4

import pytest

from tests.client import Client
from tests.factories import SEND, START_DIRECT, World

PAGE = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  conversation(id: $id) {
    messageCount unreadCount lastMessage { text }
    messages(first: $first, after: $after, last: $last, before: $before) {
      nodes { text seq sender { name } readBy { nodes { name } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""


async def test_send_answers_with_the_message_and_its_place(world: World) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)

    sent = await one.client.mutate(SEND, id=conversation, text="  hello\r\nyou ", key="k")

    assert sent["message"]["text"] == "hello\nyou"
    assert sent["message"]["sender"]["name"] == one.name
    assert sent["conversation"] == {"id": conversation, "messageCount": 1, "unreadCount": 0}


async def test_both_start_the_same_direct_conversation(world: World) -> None:
    one, other = await world.users(2)

    started = await asyncio.gather(
        *(one.client.mutate(START_DIRECT, user=other.id, key=uuid4().hex) for _ in range(5)),
        *(other.client.mutate(START_DIRECT, user=one.id, key=uuid4().hex) for _ in range(5)),
    )

    assert len({s["conversation"]["id"] for s in started}) == 1


async def test_a_retried_send_makes_one_message(world: World) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)

    sent = await asyncio.gather(
        *(one.client.mutate(SEND, id=conversation, text="once", key="same") for _ in range(10))
    )

    assert len({s["message"]["id"] for s in sent}) == 1
    page = await other.client.run(PAGE, id=conversation, last=10)
    assert [m["text"] for m in page["conversation"]["messages"]["nodes"]] == ["once"]
    assert await one.client.refused(SEND, id=conversation, text="other", key="same") == (
        "CLIENT_KEY_REUSED"
    )


async def test_concurrent_sends_get_dense_places_in_one_order(world: World) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)

    await asyncio.gather(
        *(world.say(p, conversation, str(i)) for i in range(20) for p in (one, other))
    )

    page = await one.client.run(PAGE, id=conversation, last=100)
    nodes = page["conversation"]["messages"]["nodes"]
    assert [m["seq"] for m in nodes] == list(range(2, 42))
    assert page["conversation"]["messageCount"] == 40


@pytest.mark.covers("A15", "A28")
async def test_pages_meet_in_both_directions(world: World) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    texts = [str(i) for i in range(7)]
    await world.say(one, conversation, *texts)

    async def page(client: Client, **arguments: object) -> tuple[list[str], dict[str, object]]:
        found = (await client.run(PAGE, id=conversation, **arguments))["conversation"]["messages"]
        return [m["text"] for m in found["nodes"]], found["pageInfo"]

    newest, info = await page(other.client, last=3)
    assert newest == texts[4:]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (False, True)
    older, info = await page(other.client, last=10, before=info["startCursor"])
    assert older == texts[:4]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)
    between, info = await page(other.client, first=2, after=info["startCursor"])
    assert between == texts[1:3]


async def test_reading_moves_unread_count_and_readers(world: World) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    await world.say(one, conversation, "a", "b")

    before = (await other.client.run(PAGE, id=conversation))["conversation"]
    assert before["unreadCount"] == 2
    assert [m["readBy"]["nodes"] for m in before["messages"]["nodes"]] == [[{"name": one.name}]] * 2

    read = await other.client.mutate(
        """mutation($id: ID!) { conversationMarkRead(conversationId: $id, input: {clientKey: "r"}) {
          conversation { unreadCount } errors { code } } }""",
        id=conversation,
    )

    assert read["conversation"]["unreadCount"] == 0
    after = (await one.client.run(PAGE, id=conversation))["conversation"]
    names = [n["name"] for n in after["messages"]["nodes"][1]["readBy"]["nodes"]]
    assert names == sorted([one.name, other.name])


async def test_a_stranger_sees_nothing_and_changes_nothing(world: World) -> None:
    one, other, stranger = await world.users(3)
    conversation = await world.direct(one, other)
    (message,) = await world.say(one, conversation, "secret")

    assert (await stranger.client.run(PAGE, id=conversation))["conversation"] is None
    node = "query($id: ID!) { node(id: $id) { id } }"
    for id_ in (conversation, message["id"]):
        assert (await stranger.client.run(node, id=id_))["node"] is None
        assert (await other.client.run(node, id=id_))["node"] == {"id": id_}
    assert await stranger.client.refused(SEND, id=conversation, text="x", key="k") == "NOT_FOUND"
    page = await one.client.run(PAGE, id=conversation)
    assert page["conversation"]["messageCount"] == 1
