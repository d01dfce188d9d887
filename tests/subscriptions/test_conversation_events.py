"""`conversationEvents`: everything after a cursor and then live, exactly once and in order."""

import asyncio
from uuid import uuid4

import pytest

from app.api.ids import global_id, uuid_of
from app.chat.events import conversation_channel
from app.chat.queries import message_cursor
from app.paging import encode_cursor
from app.services import Services
from tests.client import Client
from tests.factories import MEMBER_ADD, MEMBER_REMOVE, World
from tests.subscriptions.streams import (
    EVENTS,
    STANDING,
    errors,
    is_followed,
    resumed,
    start,
    summary,
    until,
)

SEAMS = 10  # subscriptions that begin while two people are writing
EACH = 5  # messages that each of them writes meanwhile


async def test_messages_and_members_come_live(world: World, services: Services) -> None:
    owner, member, newcomer = await world.users(3)
    group = await world.group(owner, member)
    conversation = await world.conversation_of(owner, group)

    async with member.client.subscribe(EVENTS, id=conversation) as stream:
        await is_followed(services, conversation)
        await world.say(owner, conversation, "hello")
        await owner.client.mutate(MEMBER_ADD, group=group, user=newcomer.id, key="add")
        await owner.client.mutate(MEMBER_REMOVE, group=group, user=newcomer.id, key="remove")
        sent, added, removed = await stream.take(3)

    assert sent["message"] == {"text": "hello", "sender": {"name": owner.name}}
    assert added["actor"] == removed["actor"] == {"name": owner.name}
    assert [e["added"] for e in (added, removed)] == [[{"name": newcomer.name}], []]
    assert [e["removed"] for e in (added, removed)] == [[], [{"name": newcomer.name}]]
    assert [e["seq"] for e in (sent, added, removed)] == [3, 4, 5]


async def test_what_was_fetched_is_followed_from_where_it_stood(world: World) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    query = "query($id: ID!) { conversation(id: $id) { eventsCursor messageCount } }"
    for number in range(3):
        found = (await one.client.run(query, id=conversation))["conversation"]
        assert found["messageCount"] == number
        await world.say(other, conversation, f"{number}")
        place = found["eventsCursor"]
        async with one.client.subscribe(EVENTS, id=conversation, after=place) as stream:
            assert (await stream.next())["message"]["text"] == f"{number}"


async def test_a_stream_that_begins_among_sends_has_no_seam(world: World) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    written = 1

    for seam in range(SEAMS):
        texts = [f"{seam}.{i}" for i in range(EACH)]
        sends = [asyncio.create_task(world.say(p, conversation, *texts)) for p in (one, other)]
        await asyncio.sleep(seam * 0.004)
        async with one.client.subscribe(
            EVENTS, id=conversation, after=start(conversation)
        ) as stream:
            written += 2 * EACH
            events = await stream.take(written)
            await asyncio.gather(*sends)
            assert await stream.is_silent(0.05)
        assert [e["seq"] for e in events] == list(range(1, written + 1))
        sent = [e["message"] for e in events[1:]]
        mine = [m["text"] for m in sent if m["sender"]["name"] == one.name]
        assert mine == [f"{s}.{i}" for s in range(seam + 1) for i in range(EACH)]


async def test_a_stream_goes_on_from_any_event(world: World) -> None:
    owner, member, newcomer = await world.users(3)
    group = await world.group(owner, member)
    conversation = await world.conversation_of(owner, group)
    await world.say(member, conversation, "a", "b")
    await owner.client.mutate(MEMBER_ADD, group=group, user=newcomer.id, key="add")
    await world.say(newcomer, conversation, "c")
    await owner.client.mutate(MEMBER_REMOVE, group=group, user=newcomer.id, key="remove")
    async with member.client.subscribe(
        EVENTS, id=conversation, after=start(conversation)
    ) as stream:
        events = await stream.take(7)

    told = [summary(event) for event in events]
    assert [seq for seq, _ in told] == list(range(1, 8))
    rests = await asyncio.gather(
        *(
            resumed(member, conversation, event["cursor"], len(events) - place)
            for place, event in enumerate(events, 1)
        )
    )
    assert rests == [told[place:] for place in range(1, 8)]


async def test_a_page_and_a_stream_share_their_cursors(world: World) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    await world.say(one, conversation, "a", "b", "c")
    page = """query($id: ID!) { conversation(id: $id) {
      messages(first: 2) { pageInfo { endCursor } } } }"""
    found = await other.client.run(page, id=conversation)
    cursor = found["conversation"]["messages"]["pageInfo"]["endCursor"]

    assert await resumed(other, conversation, cursor, 1) == [(4, "c")]


async def test_a_stream_ends_after_the_removal_of_its_viewer(world: World) -> None:
    owner, member, other = await world.users(3)
    group = await world.group(owner, member, other)
    conversation = await world.conversation_of(owner, group)

    async with (
        member.client.subscribe(EVENTS, id=conversation, after=start(conversation)) as stream,
        other.client.subscribe(EVENTS, id=conversation, after=start(conversation)) as stays,
    ):
        await asyncio.gather(stream.take(3), stays.take(3))
        await owner.client.mutate(MEMBER_REMOVE, group=group, user=member.id, key="out")
        await world.say(owner, conversation, "among us")
        assert summary(await stream.next()) == (4, f"-{member.name}")
        assert (await stream.end())["type"] == "complete"
        assert [seq for seq, _ in map(summary, await stays.take(2))] == [4, 5]

    async with member.client.subscribe(
        EVENTS, id=conversation, after=start(conversation)
    ) as stream:
        assert await errors(stream) == [("NOT_FOUND", ["conversationId"])]


async def test_who_came_back_is_not_stopped_by_the_earlier_removal(world: World) -> None:
    owner, member = await world.users(2)
    group = await world.group(owner, member)
    conversation = await world.conversation_of(owner, group)
    await owner.client.mutate(MEMBER_REMOVE, group=group, user=member.id, key="out")
    await owner.client.mutate(MEMBER_ADD, group=group, user=member.id, key="in again")
    await world.say(owner, conversation, "welcome back")

    told = await resumed(member, conversation, start(conversation), 5)

    name = member.name
    assert told[1:] == [(2, f"+{name}"), (3, f"-{name}"), (4, f"+{name}"), (5, "welcome back")]


async def test_strangers_are_refused(world: World, anonymous: Client) -> None:
    one, other, stranger = await world.users(3)
    conversation = await world.direct(one, other)
    nothing = global_id("Conversation", uuid4())

    for id_ in (conversation, nothing, "garbage", global_id("User", one.public_id)):
        async with stranger.client.subscribe(EVENTS, id=id_) as stream:
            assert await errors(stream) == [("NOT_FOUND", ["conversationId"])]
        async with anonymous.subscribe(EVENTS, id=conversation) as stream:
            assert await errors(stream) == [("UNAUTHENTICATED", None)]


@pytest.mark.parametrize(
    "cursor",
    ["", "garbage", "é", encode_cursor(1), encode_cursor(0, 0), message_cursor(uuid4(), 0, 0)],
    ids=["empty", "no base64", "no ASCII", "another list", "nobody's", "another conversation"],
)
async def test_a_wrong_cursor_is_refused(world: World, cursor: str) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)

    async with one.client.subscribe(EVENTS, id=conversation, after=cursor) as stream:
        ((code, _),) = await errors(stream)

    assert code == "INVALID_CURSOR"


async def test_a_long_backlog_is_to_be_fetched_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    await world.say(one, conversation, *map(str, range(6)))
    monkeypatch.setattr("app.chat.subscriptions._BACKLOG", 5)

    async with one.client.subscribe(EVENTS, id=conversation, after=start(conversation)) as stream:
        refetch = await stream.next()
        assert summary(refetch) == (7, "RefetchNeeded")
        await world.say(other, conversation, "more")
        assert summary(await stream.next()) == (8, "more")
    assert await resumed(one, conversation, refetch["cursor"], 1) == [(8, "more")]


@pytest.mark.covers("A28")
async def test_a_long_backlog_is_read_in_batches(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    await world.say(one, conversation, *map(str, range(8)))
    monkeypatch.setattr("app.chat.subscriptions._BATCH", 3)

    told = await resumed(one, conversation, start(conversation), 9)

    assert told[1:] == [(i + 2, str(i)) for i in range(8)]


async def test_a_client_that_leaves_leaves_nothing_behind(world: World, services: Services) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)

    for written in range(1, 4):
        async with (
            one.client.subscribe(EVENTS, id=conversation, after=start(conversation)) as first,
            other.client.subscribe(EVENTS, id=conversation, after=start(conversation)) as second,
        ):
            await asyncio.gather(first.take(written), second.take(written))
            await world.say(one, conversation, "hello")
            await asyncio.gather(first.next(), second.next())
            first.socket.transport.abort()

    live, bus = services.live, services.bus
    await until(lambda: not live._feeds and set(bus._listeners) == set(bus._confirmed) == STANDING)
    channel = conversation_channel(uuid_of(conversation, "Conversation", field=[]))
    heard = await services.redis.client.pubsub_numsub(channel)
    assert heard == [(channel.encode(), 0)]
