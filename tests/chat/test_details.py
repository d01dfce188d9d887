"""What a conversation says of itself: everybody's, in the log, and the same in both stores."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.api.ids import uuid_of
from app.audit.models import MAIN
from app.chat.models import Conversation
from app.services import Services
from tests.factories import Person, World
from tests.subscriptions.streams import is_followed, start

UPDATE = """mutation($id: ID!, $input: ConversationUpdateInput!) {
  conversationUpdate(conversationId: $id, input: $input) {
    conversation { title summary tags context metadata }
    errors { code field message } } }"""
DETAILS = """query($id: ID!) { conversation(id: $id) {
  title summary tags context metadata messageCount } }"""
CHANGES = """subscription($id: ID!, $after: String) {
  conversationEvents(conversationId: $id, after: $after) {
    __typename seq ... on ConversationChanged { changed actor { name } conversation { title } }
  } }"""
START_ASSISTANT = """mutation($title: String, $key: String!) {
  conversationStart(input: {kind: ASSISTANT, title: $title, clientKey: $key}) {
    conversation { id title } errors { code } } }"""
BY_TAG = """query($tag: String!) { conversations(filter: {tag: $tag}) { nodes { id } } }"""
EMPTY: dict[str, Any] = {"title": None, "summary": None, "tags": [], "context": {}, "metadata": {}}


async def update(person: Person, talk: str, key: str | None = None, **changes: Any) -> Any:
    given = {**changes, "clientKey": key or uuid4().hex}
    return (await person.client.mutate(UPDATE, id=talk, input=given))["conversation"]


async def refused(person: Person, talk: str, **changes: Any) -> str:
    given = {"clientKey": uuid4().hex, **changes}
    return await person.client.refused(UPDATE, id=talk, input=given)


async def held(services: Services, talk: str) -> tuple[dict[str, Any], dict[str, Any], int]:
    """What both stores hold, and how long the log is."""
    key = uuid_of(talk, "Conversation", field=[])
    columns = Conversation.__table__.c
    names = ("title", "summary", "tags", "context", "metadata", "details_version")
    async with services.main.begin() as tx:
        found = await tx.execute(select(*(columns[n] for n in names)).where(columns.id == key))
        row = dict(found.mappings().one())
    document = await services.mongo.database["conversations"].find_one({"_id": key})
    assert document is not None
    return row, {name: document[name] for name in names}, document["last_seq"]


@pytest.mark.covers("A11", "A12", "C6")
async def test_a_conversation_says_what_it_is_told(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)

    said = await update(
        me,
        talk,
        title="  Lamps ",
        summary="About\nlamps.",
        tags=["Ünlit", "  two   words", "ÜNLIT"],
        context={"of": {"lamps": [1, True]}},
        metadata={"colour": "red"},
    )

    assert said == {
        "title": "Lamps",
        "summary": "About\nlamps.",
        "tags": ["ünlit", "two words"],
        "context": {"of": {"lamps": [1, True]}},
        "metadata": {"colour": "red"},
    }
    assert await update(other, talk, title=None) == said | {"title": None}
    row, document, _ = await held(services, talk)
    assert row == document
    for tag in ("Two  Words", "ünlit"):
        found = (await other.client.run(BY_TAG, tag=tag))["conversations"]["nodes"]
        assert found == [{"id": talk}]
    assert (await me.client.run(BY_TAG, tag="two"))["conversations"]["nodes"] == []


async def test_a_subscriber_and_a_late_reader_are_told_the_same(
    world: World, services: Services
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)

    async with other.client.subscribe(CHANGES, id=talk) as stream:
        await is_followed(services, talk)
        await update(me, talk, title="One", tags=["a"])
        live = await stream.next()
    assert live == {
        "__typename": "ConversationChanged",
        "seq": 2,
        "changed": ["tags", "title"],
        "actor": {"name": me.name},
        "conversation": {"title": "One"},
    }
    async with other.client.subscribe(CHANGES, id=talk, after=start(talk)) as stream:
        _, late = await stream.take(2)
    assert late == live


@pytest.mark.covers("D4")
async def test_concurrent_changes_end_alike_in_both_stores(
    world: World, services: Services
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)

    await asyncio.gather(
        *(update(me, talk, title=f"Title {n}") for n in range(6)),
        *(update(other, talk, tags=[f"tag {n}"], metadata={"n": n}) for n in range(6)),
    )

    row, document, last = await held(services, talk)
    assert row == document
    assert (row["details_version"], last) == (13, 13)


async def test_entries_that_come_late_or_twice_change_nothing(
    world: World, services: Services
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    for number in range(3):
        await update(me, talk, title=f"Title {number}")
    before = await held(services, talk)

    key = uuid_of(talk, "Conversation", field=[])
    entries = await services.chat.entries(key, 2, 4)
    await services.chat.publish(entries[::-1])

    assert await held(services, talk) == before


async def test_a_retry_makes_one_entry_and_no_change_none(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)

    await asyncio.gather(*(update(me, talk, key="k", context={"a": 1}) for _ in range(4)))
    await update(other, talk, context={"a": 1})

    assert (await held(services, talk))[2] == 2
    await update(other, talk, context={"a": True})
    assert (await held(services, talk))[2] == 3
    assert (await update(me, talk, key="k", context={"a": 1}))["context"] == {"a": True}
    assert await refused(me, talk, clientKey="k", context={"a": 2}) == "CLIENT_KEY_REUSED"


async def test_a_group_is_described_by_who_leads_it(world: World, services: Services) -> None:
    owner, member, stranger = await world.users(3)
    group = await world.group(owner, member, name="Choir")
    talk = await world.conversation_of(owner, group)

    said = await update(owner, talk, summary="We sing.", tags=["song"])

    assert (said["title"], said["summary"]) == ("Choir", "We sing.")
    before = await held(services, talk)
    assert await refused(member, talk, summary="We do not.") == "FORBIDDEN"
    assert await refused(stranger, talk, summary="Who?") == "NOT_FOUND"
    assert await refused(owner, talk, title="Other") == "INVALID"
    assert await held(services, talk) == before
    key = uuid_of(talk, "Conversation", field=[])
    events = MAIN.events
    async with services.main.begin() as tx:
        found = await tx.execute(
            select(events.actor_id, events.action, events.after).filter_by(entity_id=str(key))
        )
        noted = found.all()
    # That it was done is noted; what they say among themselves is not.
    said_of = {"summary": "[redacted]", "tags": "[redacted]"}
    assert noted == [(owner.user_id, "conversationUpdate", said_of)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": ""}, "REQUIRED"),
        ({"title": "x" * 201}, "TOO_LONG"),
        ({"title": "two\nlines"}, "INVALID"),
        ({"summary": "x" * 2_001}, "TOO_LONG"),
        ({"tags": [str(n) for n in range(21)]}, "TOO_LONG"),
        ({"tags": ["x" * 51]}, "TOO_LONG"),
        ({"tags": [" "]}, "REQUIRED"),
        ({"tags": None}, "REQUIRED"),
        ({"context": None}, "REQUIRED"),
        ({"context": [1]}, "INVALID"),
        ({"metadata": {"$set": 1}}, "INVALID"),
        ({"metadata": {"a": "x" * 9_000}}, "TOO_LONG"),
    ],
)
async def test_a_wrong_value_is_refused_and_changes_nothing(
    world: World, services: Services, changes: dict[str, Any], code: str
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)

    assert await refused(me, talk, **changes) == code

    row, document, last = await held(services, talk)
    assert row == document == EMPTY | {"details_version": 0}
    assert last == 1


async def test_a_start_that_is_retried_finds_what_was_renamed(world: World) -> None:
    me = await world.user()
    made = await me.client.mutate(START_ASSISTANT, title="One", key="k")
    await update(me, made["conversation"]["id"], title="Other")

    again = await me.client.mutate(START_ASSISTANT, title="One", key="k")

    assert again["conversation"] == {"id": made["conversation"]["id"], "title": "Other"}
