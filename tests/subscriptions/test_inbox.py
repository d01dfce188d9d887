"""`inbox`: the viewer's conversations as they change, after a cursor and then live."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

import pytest

from app.chat.live import Live, Wake
from app.paging import encode_cursor
from app.services import Services
from tests.client import Client, Json, Stream
from tests.factories import MEMBER_ADD, MEMBER_REMOVE, Person, World
from tests.subscriptions.streams import INBOX, STANDING, errors, is_followed, is_inbox_open, until


async def count_of(stream: Stream, conversation_id: str, messages: int) -> Json:
    """The first event that shows a conversation with this many messages."""
    while True:
        event = await stream.next()
        shown = event["conversation"]
        if event["conversationId"] == conversation_id and shown["messageCount"] >= messages:
            return event


async def test_a_message_comes_with_its_conversation(world: World, services: Services) -> None:
    me, one, other = await world.users(3)
    first, second = await world.direct(one, me), await world.direct(other, me)

    async with me.client.subscribe(INBOX) as stream:
        await is_followed(services, first, second)
        await world.say(one, first, "hello")
        event = await stream.next()
        assert event["conversationId"] == first
        assert event["conversation"] == {
            "id": first,
            "messageCount": 1,
            "unreadCount": 1,
            "lastMessage": {"text": "hello"},
        }
        await world.say(me, second, "you")
        assert (await stream.next())["conversation"]["unreadCount"] == 0
        assert await stream.is_silent()


async def test_a_first_conversation_shows_up(world: World, services: Services) -> None:
    me, owner = await world.users(2)
    group = await world.group(owner)
    conversation = await world.conversation_of(owner, group)

    async with me.client.subscribe(INBOX) as stream:
        await is_inbox_open(services, me)
        await owner.client.mutate(MEMBER_ADD, group=group, user=me.id, key="add")
        assert (await stream.next(0.9))["conversationId"] == conversation
        await world.say(owner, conversation, "welcome")
        assert (await count_of(stream, conversation, 1))["conversation"]["unreadCount"] == 1


async def test_what_is_said_while_joining_is_not_missed(
    world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, owner = await world.users(2)
    group = await world.group(owner)
    conversation = await world.conversation_of(owner, group)
    follow = Live.follow

    async def talked_over(live: Live, ids: Iterable[UUID], wake: Wake) -> None:
        if ids := list(ids):
            await world.say(owner, conversation, "meanwhile")
        await follow(live, ids, wake)

    async def no_sweep(_: Live) -> None:
        pass

    monkeypatch.setattr(Live, "follow", talked_over)
    monkeypatch.setattr(Live, "sweep", no_sweep)
    async with me.client.subscribe(INBOX) as stream:
        await is_inbox_open(services, me)
        await owner.client.mutate(MEMBER_ADD, group=group, user=me.id, key="add")
        await count_of(stream, conversation, 1)


async def test_a_conversation_that_was_left_is_told_as_gone(
    world: World, services: Services
) -> None:
    me, owner = await world.users(2)
    group = await world.group(owner, me)
    conversation = await world.conversation_of(owner, group)

    async with me.client.subscribe(INBOX) as stream:
        await is_followed(services, conversation)
        await owner.client.mutate(MEMBER_REMOVE, group=group, user=me.id, key="out")
        event = await stream.next()
        assert (event["conversationId"], event["conversation"]) == (conversation, None)
        await world.say(owner, conversation, "among us")
        assert await stream.is_silent(1.3)  # a sweep and more


async def test_what_was_left_while_nobody_listened_is_told_as_gone(
    world: World, services: Services
) -> None:
    me, owner = await world.users(2)
    left, stays, back = [await world.group(owner, me) for _ in range(3)]
    talks = [await world.conversation_of(owner, group) for group in (left, stays, back)]
    async with me.client.subscribe(INBOX) as stream:
        await is_followed(services, *talks)
        await world.say(owner, talks[1], "hello")
        cursor = (await stream.next())["cursor"]
    for group in (left, back):
        await owner.client.mutate(MEMBER_REMOVE, group=group, user=me.id, key=f"out {group}")
    await owner.client.mutate(MEMBER_ADD, group=back, user=me.id, key="in")

    async with me.client.subscribe(INBOX, after=cursor) as stream:
        told = {e["conversationId"]: e["conversation"] for e in await stream.take(2)}
        assert await stream.is_silent(0.1)

    assert told.keys() == {talks[0], talks[2]}
    assert told[talks[0]] is None
    assert told[talks[2]]["id"] == talks[2]


async def test_an_inbox_goes_on_from_any_event(world: World, services: Services) -> None:
    me, *others = await world.users(5)
    mine = [await world.direct(other, me) for other in others]
    async with me.client.subscribe(INBOX) as stream:
        await is_followed(services, *mine)
        events = []
        for other, conversation in zip(others, mine, strict=True):
            await world.say(other, conversation, "hello")
            events.append(await stream.next())
    await asyncio.gather(*(world.say(o, c, "again") for o, c in zip(others, mine, strict=True)))

    for place, event in enumerate(events, 1):
        async with me.client.subscribe(INBOX, after=event["cursor"]) as stream:
            news = await stream.take(4)
            assert await stream.is_silent(0.05)
        # All four have changed since, and each is shown as it is now.
        assert {e["conversationId"] for e in news} == set(mine), place
        assert {e["conversation"]["messageCount"] for e in news} == {2}
    async with me.client.subscribe(INBOX, after=news[-1]["cursor"]) as stream:
        assert await stream.is_silent(0.1)


async def test_concurrent_changes_all_arrive(world: World, services: Services) -> None:
    me, *others = await world.users(5)
    mine = [await world.direct(other, me) for other in others]

    async def writes(other: Person, conversation: str) -> None:
        await world.say(other, conversation, *map(str, range(5)))

    async with me.client.subscribe(INBOX) as stream:
        await is_followed(services, *mine)
        writing = asyncio.gather(*map(writes, others, mine))
        shown: dict[str, list[int]] = {conversation: [] for conversation in mine}
        while {counts[-1] if counts else 0 for counts in shown.values()} != {5}:
            event = await stream.next()
            shown[event["conversationId"]].append(event["conversation"]["messageCount"])
        await writing
    assert all(counts == sorted(set(counts)) for counts in shown.values())


async def test_nobody_has_an_inbox(anonymous: Client) -> None:
    async with anonymous.subscribe(INBOX) as stream:
        assert await errors(stream) == [("UNAUTHENTICATED", None)]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "garbage",
        encode_cursor(1, 1),
        encode_cursor(1, {"x": 1}),
        encode_cursor(-1, {}),
        encode_cursor(2**48 - 1, {}),  # past the last year that a calendar has
        encode_cursor(2**63, {}),
    ],
)
async def test_a_wrong_cursor_is_refused(world: World, cursor: str) -> None:
    me = await world.user()

    async with me.client.subscribe(INBOX, after=cursor) as stream:
        ((code, _),) = await errors(stream)

    assert code == "INVALID_CURSOR"


async def test_a_client_that_leaves_leaves_nothing_behind(world: World, services: Services) -> None:
    me, other = await world.users(2)
    conversation = await world.direct(other, me)

    for _ in range(3):
        async with me.client.subscribe(INBOX):
            await is_followed(services, conversation)

    live, bus = services.live, services.bus
    await until(lambda: not live._feeds and not live._inboxes and set(bus._listeners) == STANDING)
