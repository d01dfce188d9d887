"""Messages that are to be sent later: once, by whom they still may be, whoever dies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from app.api.ids import uuid_of
from app.errors import StoreUnavailable
from app.feeds.live import fact_cursor
from app.scheduled import commands, sending
from app.scheduled.models import ScheduledMessage
from app.scheduled.sending import send_due
from app.scheduled.streams import scheduled_feed
from app.services import Services
from app.settings import Settings
from tests.attachments.uploads import png, uploaded
from tests.chat.operations import SCHEDULE
from tests.chat.scheduling import make_due, schedule, send_now, tomorrow
from tests.factories import MEMBER_REMOVE, Person, World
from tests.server import serve_apart
from tests.subscriptions.streams import EVENTS, start

UPDATE = """mutation($id: ID!, $input: ScheduledMessageUpdateInput!) {
  scheduledMessageUpdate(scheduledMessageId: $id, input: $input) {
    scheduledMessage { id text sendAt state failure } errors { code field message } } }"""
CANCEL = """mutation($id: ID!, $key: String!) {
  scheduledMessageCancel(scheduledMessageId: $id, input: {clientKey: $key}) {
    scheduledMessage { id text state } errors { code field message } } }"""
MINE = """query($first: Int, $after: String) { viewer {
  scheduledMessages(first: $first, after: $after) {
    nodes { id text state failure } pageInfo { endCursor hasNextPage } } } }"""
ONE = """query($id: ID!) { node(id: $id) { ... on ScheduledMessage {
  text state failure message { text sender { id } replyTo { id } } conversation { id } } } }"""
SAID = """query($id: ID!) { conversation(id: $id) { messages(first: 50) { nodes { text } } } }"""


async def said(person: Person, talk: str) -> list[str]:
    found = await person.client.run(SAID, id=talk)
    return [message["text"] for message in found["conversation"]["messages"]["nodes"]]


async def seen(person: Person, scheduled: str) -> Any:
    return (await person.client.run(ONE, id=scheduled))["node"]


async def update(person: Person, scheduled: str, **changes: Any) -> Any:
    given = {"clientKey": uuid4().hex, **changes}
    return (await person.client.mutate(UPDATE, id=scheduled, input=given))["scheduledMessage"]


@pytest.mark.covers("C7")
async def test_a_message_is_sent_at_its_time_and_not_before(
    world: World, services: Services
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    (asked,) = await world.say(other, talk, "When?")
    later = await schedule(me, talk, "Now!", to=asked["id"])
    assert (later["state"], later["text"]) == ("WAITING", "Now!")

    await send_due(services)
    assert await said(other, talk) == ["When?"]
    assert (await seen(me, later["id"]))["message"] is None

    async with other.client.subscribe(EVENTS, id=talk, after=start(talk)) as stream:
        await stream.take(2)
        await send_now(services, later["id"])
        assert (await stream.next())["message"]["text"] == "Now!"
    sent = await seen(me, later["id"])
    assert sent["message"] == {
        "text": "Now!",
        "sender": {"id": me.id},
        "replyTo": {"id": asked["id"]},
    }
    assert (sent["state"], sent["text"]) == ("SENT", None)
    mine = await me.client.run(MINE)
    assert mine["viewer"]["scheduledMessages"]["nodes"] == []
    await send_due(services)
    assert await said(other, talk) == ["When?", "Now!"]


async def test_nobody_else_sees_it(world: World) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    later = await schedule(me, talk)
    assert await seen(other, later["id"]) is None
    query = """query($id: ID!) { user(id: $id) { scheduledMessages { nodes { id } } } }"""
    assert (await other.client.run(query, id=me.id))["user"]["scheduledMessages"] is None
    assert await other.client.refused(CANCEL, id=later["id"], key=uuid4().hex) == "NOT_FOUND"
    assert (await seen(me, later["id"]))["state"] == "WAITING"


async def test_what_waits_is_listed_by_its_time(world: World) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    made = [(await schedule(me, talk, f"{i}"))["id"] for i in range(3)]
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await update(me, made[2], sendAt=soon)
    first = (await me.client.run(MINE, first=2))["viewer"]["scheduledMessages"]
    assert [node["text"] for node in first["nodes"]] == ["2", "0"]
    after = first["pageInfo"]["endCursor"]
    rest = (await me.client.run(MINE, first=2, after=after))["viewer"]["scheduledMessages"]
    assert [node["text"] for node in rest["nodes"]] == ["1"]


async def test_it_is_changed_just_before_its_time(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    later = await schedule(me, talk, "Old")
    await make_due(services, later["id"])
    assert (await update(me, later["id"], text="New"))["text"] == "New"
    await send_due(services)
    assert await said(me, talk) == ["New"]
    refused = {"input": {"text": "Newer", "clientKey": uuid4().hex}}
    assert await me.client.refused(UPDATE, id=later["id"], **refused) == "CONFLICT"
    assert await me.client.refused(CANCEL, id=later["id"], key=uuid4().hex) == "CONFLICT"


async def test_what_is_cancelled_is_not_sent(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    later = await schedule(me, talk)
    for _ in range(2):  # the second time it is a retry
        gone = await me.client.mutate(CANCEL, id=later["id"], key="gone")
        assert gone["scheduledMessage"] == {"id": later["id"], "text": None, "state": "CANCELLED"}
    await send_now(services, later["id"])
    assert await said(me, talk) == []


async def test_who_was_removed_sends_nothing_and_is_told(world: World, services: Services) -> None:
    owner, member = await world.users(2)
    group = await world.group(owner, member)
    talk = await world.conversation_of(owner, group)
    later = await schedule(member, talk, "Still here?")
    await owner.client.mutate(MEMBER_REMOVE, group=group, user=member.id, key=uuid4().hex)
    await send_now(services, later["id"])
    assert await said(owner, talk) == []
    kept = await seen(member, later["id"])
    assert kept == {
        "text": "Still here?",
        "state": "FAILED",
        "failure": "NOT_FOUND",
        "message": None,
        "conversation": None,
    }
    (listed,) = (await member.client.run(MINE))["viewer"]["scheduledMessages"]["nodes"]
    assert listed["failure"] == "NOT_FOUND"


async def test_an_account_that_was_closed_sends_nothing(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    later = await schedule(me, talk)
    async with services.auth.begin() as tx:
        locked = text("UPDATE users SET is_active = false WHERE id = :id")
        await tx.execute(locked, {"id": me.user_id})
    await send_now(services, later["id"])
    assert await said(other, talk) == []
    assert (await seen(me, later["id"]))["failure"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"text": " "}, "REQUIRED"),
        ({"text": "x" * 10_001}, "TOO_LONG"),
        ({"at": "2001-01-01T00:00:00Z"}, "INVALID"),
        ({"at": "2999-01-01T00:00:00Z"}, "INVALID"),
        ({"key": ""}, "REQUIRED"),
    ],
)
async def test_what_is_refused_leaves_nothing(
    given: dict[str, str], code: str, world: World
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    asked = {"id": talk, "text": "Hm", "at": tomorrow(), "key": uuid4().hex, **given}
    assert await me.client.refused(SCHEDULE, **asked) == code
    assert (await me.client.run(MINE))["viewer"]["scheduledMessages"]["nodes"] == []


async def test_a_retry_makes_one(world: World) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    asked = {"id": talk, "text": "Hm", "at": tomorrow(), "key": "k"}
    made = await asyncio.gather(*(me.client.mutate(SCHEDULE, **asked) for _ in range(5)))
    assert len({one["scheduledMessage"]["id"] for one in made}) == 1
    assert await me.client.refused(SCHEDULE, **asked | {"text": "Ha"}) == "CLIENT_KEY_REUSED"


async def test_no_more_wait_than_allowed_even_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MAX_WAITING", 3)
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    at = tomorrow()
    asked = [{"id": talk, "text": "Hm", "at": at, "key": f"k{i}"} for i in range(6)]
    made = await asyncio.gather(*(me.client.run(SCHEDULE, **one) for one in asked))
    codes = [error["code"] for one in made for error in one["messageSchedule"]["errors"]]
    assert codes == ["CONFLICT"] * 3


async def test_what_many_processes_look_for_is_sent_once(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    made = [(await schedule(me, talk, f"{i}"))["id"] for i in range(10)]
    for one in made:
        await make_due(services, one)
    await asyncio.gather(*(send_due(services) for _ in range(5)))
    assert sorted(await said(me, talk)) == sorted(f"{i}" for i in range(10))


@asynccontextmanager
async def held_before_noting(services: Services) -> AsyncIterator[None]:
    """Nobody can note that a message was sent, until the block ends."""
    async with services.main.begin() as tx:
        await tx.execute(
            text("""CREATE OR REPLACE FUNCTION wait_to_note() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$""")
        )
        await tx.execute(
            text("""CREATE TRIGGER wait_to_note BEFORE UPDATE ON scheduled_messages FOR EACH ROW
                    WHEN (NEW.state = 'sent') EXECUTE FUNCTION wait_to_note()""")
        )
    try:
        async with services.main.begin() as tx:
            await tx.execute(text("SELECT pg_advisory_xact_lock(4711)"))
            yield
    finally:
        async with services.main.begin() as tx:
            await tx.execute(text("DROP FUNCTION wait_to_note() CASCADE"))


async def waiting_to_note(services: Services) -> int:
    """The server process that waits to note that a message was sent."""
    waiting = text("SELECT pid FROM pg_locks WHERE objid = 4711 AND NOT granted")
    async with asyncio.timeout(20):
        while True:
            async with services.main.begin() as tx:
                if pid := (await tx.execute(waiting)).scalar():
                    return int(pid)
            await asyncio.sleep(0.01)


async def test_a_process_killed_between_sending_and_noting_doubles_nothing(
    world: World, services: Services, settings: Settings
) -> None:
    owner, member = await world.users(2)
    group = await world.group(owner, member)
    talk = await world.conversation_of(owner, group)
    file = await uploaded(member, talk, png())
    later = await schedule(member, talk, "Once", files=[file])
    await make_due(services, later["id"])
    async with held_before_noting(services):
        async with (
            serve_apart(settings, SCHEDULED_INTERVAL="0.05") as (_, process),
            owner.client.subscribe(EVENTS, id=talk, after=start(talk)) as stream,
        ):
            assert [event["seq"] for event in await stream.take(3)] == [1, 2, 3]
            waiting = await waiting_to_note(services)
            process.kill()
            await process.wait()
            # While it waits for a lock, its server process does not notice that nobody listens.
            async with services.main.begin() as tx:
                await tx.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": waiting})
        # What may have been sent is nobody's to change.
        late = {"text": "Twice", "clientKey": uuid4().hex}
        assert await member.client.refused(UPDATE, id=later["id"], input=late) == "CONFLICT"
        # Nor does what came afterwards undo it.
        removed = {"group": group, "user": member.id, "key": uuid4().hex}
        await owner.client.mutate(MEMBER_REMOVE, **removed)
    await send_now(services, later["id"])
    assert await said(owner, talk) == ["Once"]
    assert (await seen(member, later["id"]))["state"] == "SENT"
    shown = await owner.client.http.get(later["attachments"][0]["url"].partition("?")[0])
    assert shown.content == png()


async def test_two_processes_send_by_themselves(
    world: World, services: Services, settings: Settings
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    made = [(await schedule(me, talk, f"{i}"))["id"] for i in range(10)]
    async with (
        serve_apart(settings, SCHEDULED_INTERVAL="0.05"),
        serve_apart(settings, SCHEDULED_INTERVAL="0.05"),
        other.client.subscribe(EVENTS, id=talk, after=start(talk)) as stream,
    ):
        await stream.take(1)
        for one in made:
            await make_due(services, one)
        told = await stream.take(10)
    assert sorted(event["message"]["text"] for event in told) == sorted(map(str, range(10)))
    assert len(await said(me, talk)) == 10


async def test_a_store_that_is_away_delays_it(
    world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    later = await schedule(me, talk)

    async def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("mongodb")

    with monkeypatch.context() as patch:
        patch.setattr(sending, "send_message", away)
        await send_now(services, later["id"])
    row = ScheduledMessage
    key = uuid_of(later["id"], "ScheduledMessage", field=[])
    async with services.main.begin() as tx:
        assert await tx.scalar(select(row.state).where(row.id == key)) == "sending"
    await send_now(services, later["id"])
    assert await said(me, talk) == ["Later"]


async def test_devices_are_told_of_what_is_scheduled(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    query = """subscription($after: String) { scheduledMessageEvents(after: $after) {
      cursor scheduledMessageId scheduledMessage { id state text } } }"""
    async with (
        me.client.subscribe(query, after=fact_cursor(scheduled_feed(me.user_id), 0)) as mine,
        other.client.subscribe(query) as theirs,
    ):
        scheduled = (await schedule(me, talk))["id"]
        event = await mine.next()
        assert event["scheduledMessageId"] == scheduled
        assert event["scheduledMessage"] == {"id": scheduled, "state": "WAITING", "text": "Later"}
        await send_now(services, scheduled)
        told = [event["scheduledMessage"]["state"] for event in await mine.take(2)]
        assert told[-1] == "SENT"  # as it is when it is told: sent, perhaps, before that
        assert await theirs.is_silent()
    async with me.client.subscribe(query, after=event["cursor"]) as stream:
        assert [e["scheduledMessage"]["state"] for e in await stream.take(2)] == ["SENT", "SENT"]
