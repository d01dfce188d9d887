"""What moves a conversation up in an inbox; and times, the same wherever they are read."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from app.api.ids import uuid_of
from app.services import Services
from tests.chat.operations import DELETE, EDIT, PIN, REACT, UNREACT
from tests.factories import MEMBER_ADD, SEND, Person, World
from tests.subscriptions.streams import INBOX, is_followed

LISTED = "{ conversations { nodes { id lastActivityAt lastMessage { createdAt } } } }"
TITLE = """mutation($id: ID!, $key: String!) {
  conversationUpdate(conversationId: $id, input: {summary: $key, clientKey: $key}) {
    errors { code field message } } }"""
MUTE = """mutation($id: ID!, $until: DateTime!, $key: String!) {
  conversationSettingsUpdate(conversationId: $id, input: {
    mutedUntil: $until, isPinned: true, clientKey: $key
  }) { conversation { id mutedUntil pinnedAt } errors { code field message } } }"""
TIMES = """query($id: ID!) { node(id: $id) { ... on Message { createdAt updatedAt editedAt } } }"""


async def order(person: Person) -> list[str]:
    found = (await person.client.run(LISTED))["conversations"]["nodes"]
    return [node["id"] for node in found]


@pytest.mark.parametrize("change", [EDIT, REACT, PIN, DELETE, TITLE])
async def test_what_befalls_a_message_leaves_its_conversation_where_it_is(
    world: World, services: Services, change: str
) -> None:
    me, one, other = await world.users(3)
    older, newer = await world.direct(me, one), await world.direct(me, other)
    (message,) = await world.say(me, older, "first")
    await world.say(me, newer, "second")
    target = older if change is TITLE else message["id"]

    async with one.client.subscribe(INBOX) as stream:
        await is_followed(services, older)
        await me.client.mutate(change, id=target, text="once more", emoji="👍", key=uuid4().hex)
        told = await stream.next()

    assert told["conversationId"] == older
    assert await order(me) == [newer, older]
    await world.say(one, older, "third")
    assert await order(me) == [older, newer]


async def test_a_change_that_moves_nothing_is_told_after_a_cursor(
    world: World, services: Services
) -> None:
    me, one, other = await world.users(3)
    first, second = await world.direct(me, one), await world.direct(me, other)
    (message,) = await world.say(one, first, "hello")
    async with me.client.subscribe(INBOX) as stream:
        await is_followed(services, first, second)
        await world.say(other, second, "hello")
        cursor = (await stream.next())["cursor"]

    for mutation in (REACT, UNREACT):
        await me.client.mutate(mutation, id=message["id"], emoji="👍", key=uuid4().hex)
        async with me.client.subscribe(INBOX, after=cursor) as stream:
            event = await stream.next()
            assert await stream.is_silent(0.05)
        assert event["conversationId"] == first
        cursor = event["cursor"]


async def test_a_new_member_moves_the_group_up(world: World) -> None:
    me, one, other = await world.users(3)
    group = await world.group(me, one)
    talk, direct = await world.conversation_of(me, group), await world.direct(me, one)
    assert await order(me) == [direct, talk]

    await me.client.mutate(MEMBER_ADD, group=group, user=other.id, key=uuid4().hex)

    assert await order(me) == [talk, direct]


@pytest.mark.covers("D10", "D25")
async def test_times_are_the_same_in_every_answer_and_store(
    world: World, services: Services
) -> None:
    one, other = await world.users(2)
    talk = await world.direct(one, other)
    send = SEND.replace("message { id", "message { id createdAt updatedAt")
    sent = (await one.client.mutate(send, id=talk, text="hello", key="k"))["message"]
    again = (await one.client.mutate(send, id=talk, text="hello", key="k"))["message"]
    edited = await one.client.mutate(
        EDIT.replace("editedAt", "editedAt createdAt updatedAt"),
        id=sent["id"],
        text="hi",
        key=uuid4().hex,
    )
    read = (await other.client.run(TIMES, id=sent["id"]))["node"]
    (listed,) = (await other.client.run(LISTED))["conversations"]["nodes"]

    assert again["createdAt"] == sent["createdAt"] == sent["updatedAt"] == read["createdAt"]
    assert {name: edited["message"][name] for name in read} == read
    assert read["updatedAt"] == read["editedAt"]
    assert listed["lastActivityAt"] == listed["lastMessage"]["createdAt"] == sent["createdAt"]
    rows = await stored(services, talk)
    assert rows["postgresql"] == rows["mongodb"]
    assert {at.microsecond % 1_000 for at in rows["postgresql"]} == {0}


async def test_times_of_ones_own_are_the_same(world: World) -> None:
    one, other = await world.users(2)
    talk = await world.direct(one, other)
    until = "2099-01-01T00:00:00.123456Z"
    told = await one.client.mutate(MUTE, id=talk, until=until, key="m")
    read = await one.client.run(
        "query($id: ID!) { conversation(id: $id) { id mutedUntil pinnedAt } }", id=talk
    )
    assert told["conversation"] == read["conversation"]
    assert read["conversation"]["mutedUntil"] == "2099-01-01T00:00:00.123000+00:00"


async def stored(services: Services, conversation: str) -> dict[str, list[datetime]]:
    """When a conversation and its messages were made and changed, as each store has it."""
    key = uuid_of(conversation, "Conversation", field=[])
    messages = "SELECT created_at, updated_at FROM {} WHERE {} = $1 ORDER BY created_at"
    async with services.main.begin() as tx:
        found: list[Any] = []
        for table, column in (("conversations", "id"), ("messages", "conversation_id")):
            statement = messages.format(table, column)
            found += (await tx.exec_driver_sql(statement, (key,))).all()
    held: list[Any] = [await services.mongo.database["conversations"].find_one({"_id": key})]
    entries = services.mongo.database["messages"].find({"conversation_id": key})
    held += await entries.sort("seq").to_list()
    return {
        "postgresql": [at for row in found for at in row],
        "mongodb": [row[name] for row in held for name in ("created_at", "updated_at")],
    }
