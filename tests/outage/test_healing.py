"""Between PostgreSQL's commit and MongoDB's write: whoever comes by, or the sweeper, heals it."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.chat.log import LogEntry
from app.chat.mirror import Mirror
from app.chat.mongo_log import MongoLog, SlotTaken
from app.errors import StoreUnavailable
from app.services import Services
from tests.chat.operations import EDIT, MESSAGE
from tests.client import Json
from tests.factories import MEMBER_ADD, SEND, Person, World
from tests.outage.conftest import Break, Frail
from tests.outage.test_stores_away import SOON, refused_soon
from tests.subscriptions.streams import EVENTS, resumed, start, summary

PAGE = """query($id: ID!) { conversation(id: $id) {
  messageCount unreadCount lastMessage { text } messages(last: 100) { nodes { seq text } } } }"""


@pytest.fixture
def prompt_sweeper(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweeper takes what waits at once, and not only what has waited for two seconds."""
    monkeypatch.setattr("app.chat.both._SWEEP_AGE", timedelta(0))


async def page_of(person: Person, conversation_id: str) -> Json:
    found: Json = (await person.client.run(PAGE, id=conversation_id))["conversation"]
    return found


async def texts_of(person: Person, conversation_id: str) -> list[str]:
    nodes = (await page_of(person, conversation_id))["messages"]["nodes"]
    return [node["text"] for node in nodes]


async def send_and_die(
    sender: Person, conversation_id: str, text: str, patch: pytest.MonkeyPatch
) -> str:
    """Send a message that PostgreSQL commits and MongoDB never hears of; its client key."""
    key = str(uuid4())

    async def die(_: Mirror, entry: LogEntry) -> None:
        raise StoreUnavailable("mongodb")

    with patch.context() as dying:
        dying.setattr(Mirror, "carry", die)
        code = await sender.client.refused(SEND, id=conversation_id, text=text, key=key)
    assert code == "UNAVAILABLE"
    return key


async def test_a_retry_finds_what_was_committed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    key = await send_and_die(one, conversation, "once", monkeypatch)
    assert await texts_of(other, conversation) == []
    assert (await page_of(one, conversation))["unreadCount"] == 0

    retries = [{"id": conversation, "text": "once", "key": key}] * 3
    sent = await asyncio.gather(*(one.client.mutate(SEND, **retry) for retry in retries))

    assert {s["message"]["seq"] for s in sent} == {2}
    assert await texts_of(other, conversation) == ["once"]


@pytest.mark.covers("D10")
async def test_a_reader_fills_the_hole_that_it_finds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    await send_and_die(one, conversation, "hole", monkeypatch)
    await world.say(other, conversation, "after it")

    assert await texts_of(other, conversation) == ["hole", "after it"]
    assert (await page_of(other, conversation))["messageCount"] == 2


async def test_a_stream_fills_the_hole_that_it_finds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)

    async with other.client.subscribe(EVENTS, id=conversation, after=start(conversation)) as stream:
        await stream.next()
        await send_and_die(one, conversation, "hole", monkeypatch)
        await world.say(other, conversation, "after it")
        told = [summary(event) for event in await stream.take(2)]
    assert told == [(2, "hole"), (3, "after it")]


@pytest.mark.covers("D30")
async def test_the_sweeper_carries_over_what_nobody_asks_for(
    world: World, services: Services, prompt_sweeper: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)

    async with other.client.subscribe(EVENTS, id=conversation, after=start(conversation)) as stream:
        await stream.next()
        await send_and_die(one, conversation, "left behind", monkeypatch)
        await services.chat.sweep()  # type: ignore[attr-defined]
        assert summary(await stream.next()) == (2, "left behind")
    page = await page_of(other, conversation)
    assert (page["messageCount"], page["unreadCount"]) == (1, 1)
    assert page["lastMessage"] == {"text": "left behind"}


async def test_one_place_that_cannot_be_swept_does_not_keep_the_others(
    world: World, services: Services, prompt_sweeper: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await world.users(2)
    stuck, conversation = await world.group(one), await world.direct(one, other)
    stuck = await world.conversation_of(one, stuck)
    insert = MongoLog.insert

    async def diverged(self: MongoLog, entry: LogEntry) -> None:
        if entry.text == "stuck":
            raise SlotTaken(entry)
        await insert(self, entry)

    await send_and_die(one, stuck, "stuck", monkeypatch)
    await send_and_die(one, conversation, "left behind", monkeypatch)
    monkeypatch.setattr(MongoLog, "insert", diverged)
    await services.chat.sweep()  # type: ignore[attr-defined]
    assert await texts_of(other, conversation) == ["left behind"]

    monkeypatch.setattr(MongoLog, "insert", insert)
    await services.chat.sweep()  # type: ignore[attr-defined]
    assert await texts_of(one, stuck) == ["stuck"]


async def test_an_edit_that_mongodb_never_heard_of_is_carried_over(
    world: World, services: Services, prompt_sweeper: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    (message,) = await world.say(one, conversation, "old")
    edit = {"id": message["id"], "text": "new", "key": "k"}

    async def die(_: Mirror, entry: LogEntry) -> None:
        raise StoreUnavailable("mongodb")

    with monkeypatch.context() as dying:
        dying.setattr(Mirror, "carry", die)
        assert await one.client.refused(EDIT, **edit) == "UNAVAILABLE"
    assert await texts_of(other, conversation) == ["old"]
    await services.chat.sweep()  # type: ignore[attr-defined]

    assert await texts_of(other, conversation) == ["new"]
    assert (await page_of(other, conversation))["lastMessage"] == {"text": "new"}
    assert (await one.client.mutate(EDIT, **edit))["message"]["text"] == "new"
    (shown,) = (await other.client.run(MESSAGE, id=message["id"])).values()
    assert [said["text"] for said in shown["edits"]["nodes"]] == ["old"]


@pytest.mark.covers("D21", "D30")
async def test_mongodb_comes_back_to_every_message(
    frail: Frail, break_: Break, prompt_sweeper: None
) -> None:
    owner, member, newcomer = await frail.world.users(3)
    group = await frail.world.group(owner, member)
    conversation = await frail.world.conversation_of(owner, group)
    retried = {"id": conversation, "text": "retried", "key": "retried"}
    left = {"id": conversation, "text": "left behind", "key": "left"}
    added = {"group": group, "user": newcomer.id, "key": "add"}

    async with member.client.subscribe(
        EVENTS, id=conversation, after=start(conversation)
    ) as stream:
        await stream.take(2)
        await frail.take_away(break_, "mongo")
        for mutation, values in ((SEND, retried), (SEND, left), (MEMBER_ADD, added)):
            assert await refused_soon(owner.client, mutation, **values) == "UNAVAILABLE"
        await frail.give_back()
        async with asyncio.timeout(SOON):
            sent = await owner.client.mutate(SEND, **retried)
        assert sent["message"]["seq"] == 3

        told = [summary(event) for event in await stream.take(3)]
        assert told == [(3, "retried"), (4, "left behind"), (5, f"+{newcomer.name}")]
    assert await texts_of(newcomer, conversation) == ["retried", "left behind"]
    await owner.client.mutate(MEMBER_ADD, **added)
    assert await resumed(member, conversation, start(conversation), 5)
