"""A group that grows into a crowd and shrinks again is in every inbox, once, and at its place."""

from uuid import uuid4

import pytest

from app.api.ids import uuid_of
from app.chat import mongo_documents
from app.chat.events import publish_membership
from app.services import Services
from tests.factories import MEMBER_ADD, MEMBER_REMOVE, Person, World
from tests.subscriptions.streams import INBOX, is_inbox_open

FEW = 2

INBOX_IDS = """query($first: Int, $after: String) { conversations(first: $first, after: $after) {
  nodes { id } pageInfo { endCursor hasNextPage } } }"""


@pytest.fixture(autouse=True)
def soon_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo_documents, "_FEW", FEW)


async def listed(person: Person) -> list[str]:
    found: list[str] = []
    cursor, more = None, True
    while more:
        page = (await person.client.run(INBOX_IDS, first=2, after=cursor))["conversations"]
        found += [node["id"] for node in page["nodes"]]
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found


@pytest.mark.covers("A29")
async def test_a_crowd_stands_in_the_inbox_by_its_activity(world: World) -> None:
    me, one, other = await world.users(3)
    crowd = await world.conversation_of(me, await world.group(me, one, other))
    first, second = await world.direct(me, one), await world.direct(me, other)
    assert await listed(me) == [second, first, crowd]

    await world.say(one, crowd, "hello")
    assert await listed(me) == [crowd, second, first]
    await world.say(one, first, "hello")
    assert await listed(me) == [first, crowd, second]
    assert await listed(other) == [crowd, second]


async def test_a_group_becomes_a_crowd_and_is_one_no_more(world: World) -> None:
    me, *others = await world.users(4)
    group = await world.group(me)
    talk = await world.conversation_of(me, group)

    for mutation in (MEMBER_ADD, MEMBER_REMOVE, MEMBER_ADD):
        for other in others:
            await me.client.mutate(mutation, group=group, user=other.id, key=uuid4().hex)
            assert await listed(me) == [talk]
            assert await listed(other) == ([] if mutation is MEMBER_REMOVE else [talk])


async def test_a_late_copy_of_members_is_ignored(world: World, services: Services) -> None:
    me, one, other = await world.users(3)
    group = await world.group(me, one, other)
    talk = await world.conversation_of(me, group)
    await me.client.mutate(MEMBER_REMOVE, group=group, user=one.id, key="out")

    late = sorted(person.user_id for person in (me, one, other))
    key = uuid_of(talk, "Conversation", field=[])
    await services.chat._inboxes.put_members(key, late, 1)  # type: ignore[attr-defined]

    assert await listed(one) == []
    assert await listed(me) == [talk]


async def test_the_sweep_tells_who_came_into_a_crowd(
    world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, one, other = await world.users(3)
    group = await world.group(one, other)
    talk = await world.conversation_of(one, group)

    async def lost(*_: object) -> None:
        pass

    monkeypatch.setattr("app.chat.commands." + publish_membership.__name__, lost)
    async with me.client.subscribe(INBOX) as stream:
        await is_inbox_open(services, me)
        await one.client.mutate(MEMBER_ADD, group=group, user=me.id, key="in")
        assert (await stream.next())["conversationId"] == talk
        await world.say(one, talk, "welcome")
        while (event := await stream.next())["conversation"]["messageCount"] != 1:
            assert event["conversationId"] == talk
