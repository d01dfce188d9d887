"""Redis forgets what nobody hears: a lost hint costs at most a sweep, and never an event."""

import asyncio
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest

from app.bus import Bus
from app.services import Services
from app.stores.redis import Redis
from tests.chat.operations import DELETE
from tests.client import Json
from tests.factories import MEMBER_ADD, MEMBER_REMOVE, World
from tests.subscriptions.conftest import Node, OwnRedis
from tests.subscriptions.streams import (
    EVENTS,
    INBOX,
    STANDING,
    is_inbox_open,
    start,
    summary,
    until,
)

SUBSCRIBERS = 4  # of each conversation


async def pubsub_clients(services: Services) -> list[Json]:
    """The connections that Redis sends hints to."""
    clients: list[Json] = await services.redis.client.client_list(_type="pubsub")
    return clients


async def is_connected(services: Services) -> None:
    """Wait until the process hears hints."""
    await until(lambda: services.bus._connection is not None)


async def test_hints_that_are_never_published_cost_a_sweep(
    world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, member, newcomer = await world.users(3)
    group = await world.group(owner, member)
    conversation = await world.conversation_of(owner, group)

    async def lost(_: Bus, channel: str, payload: bytes) -> None:
        pass

    async with (
        member.client.subscribe(EVENTS, id=conversation, after=start(conversation)) as stream,
        newcomer.client.subscribe(INBOX) as inbox,
    ):
        await stream.take(2)
        await is_inbox_open(services, newcomer)
        monkeypatch.setattr(Bus, "publish", lost)
        await world.say(owner, conversation, "a", "b")
        await owner.client.mutate(MEMBER_ADD, group=group, user=newcomer.id, key="add")
        await world.say(owner, conversation, "c")
        async with asyncio.timeout(2 * services.settings.sweep_interval):
            told = [summary(event) for event in await stream.take(4)]
            shown = await inbox.next()
        assert told == [(3, "a"), (4, "b"), (5, f"+{newcomer.name}"), (6, "c")]
        assert shown["conversationId"] == conversation

        await owner.client.mutate(MEMBER_REMOVE, group=group, user=member.id, key="out")
        assert summary(await stream.next()) == (7, f"-{member.name}")
        assert (await stream.end())["type"] == "complete"


async def test_a_burst_of_hints_waits_for_connections_and_is_heard_whole(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.bus._PUBLISH", 20)  # however busy the machine is
    heard: list[bytes] = []
    await is_connected(services)
    await services.bus.listen({"burst": heard.append})
    hints = [str(number).encode() for number in range(300)]
    await asyncio.gather(*(services.bus.publish("burst", hint) for hint in hints))
    await until(lambda: len(heard) == len(hints))
    assert sorted(heard) == sorted(hints)


async def test_who_comes_late_is_not_told_what_was_taken_back_unheard(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)

    async def lost(_: Bus, channel: str, payload: bytes) -> None:
        pass

    begun = {"id": conversation, "after": start(conversation)}
    async with other.client.subscribe(EVENTS, **begun) as stream:
        place = (await stream.next())["cursor"]
        (message,) = await world.say(one, conversation, "a slip")
        assert summary(await stream.next()) == (2, "a slip")
        monkeypatch.setattr(Bus, "publish", lost)
        await one.client.mutate(DELETE, id=message["id"], key="k")
        async with other.client.subscribe(EVENTS, id=conversation, after=place) as late:
            event = await late.next()
        assert (event["seq"], event["message"]["text"]) == (2, None)


async def test_a_process_has_one_pubsub_connection(node: Node) -> None:
    me, *others = await node.world.users(4)
    mine = [await node.world.direct(other, me) for other in others]

    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(me.client.subscribe(EVENTS, id=c, after=start(c)))
            for c in mine * SUBSCRIBERS
        ]
        await stack.enter_async_context(me.client.subscribe(INBOX))
        await asyncio.gather(*(stream.next() for stream in opened))
        await is_inbox_open(node.services, me)
        (connection,) = await pubsub_clients(node.services)
        # The conversations, the inbox, and what every process hears.
        assert connection["sub"] == str(len(mine) + 1 + len(STANDING))

        await asyncio.gather(*(node.world.say(me, c, "hello") for c in mine))
        events = await asyncio.gather(*(stream.next() for stream in opened))
        assert [summary(event) for event in events] == [(2, "hello")] * len(opened)

    await until(lambda: set(node.services.bus._listeners) == STANDING)
    (connection,) = await pubsub_clients(node.services)
    assert connection["sub"] == str(len(STANDING))  # it hears of no conversation any more


async def test_a_killed_pubsub_connection_is_made_anew(node: Node) -> None:
    one, other = await node.world.users(2)
    conversation = await node.world.direct(one, other)

    async with one.client.subscribe(EVENTS, id=conversation, after=start(conversation)) as stream:
        await stream.next()
        for round_ in range(3):
            (before,) = await pubsub_clients(node.services)
            await node.services.redis.client.client_kill_filter(_type="pubsub")
            await node.world.say(other, conversation, f"{round_} now", f"{round_} again")
            told = [summary(event)[1] for event in await stream.take(2)]
            assert told == [f"{round_} now", f"{round_} again"]
            await is_connected(node.services)
            (after,) = await pubsub_clients(node.services)
            assert after["id"] != before["id"]
        assert await stream.is_silent(0.1)


async def test_while_redis_is_away_only_immediacy_is_lost(node: Node, own_redis: OwnRedis) -> None:
    one, other = await node.world.users(2)
    conversation = await node.world.direct(one, other)

    async with one.client.subscribe(EVENTS, id=conversation, after=start(conversation)) as stream:
        await stream.next()
        await asyncio.to_thread(own_redis.stop)
        await until(lambda: node.services.bus._connection is None)
        async with asyncio.timeout(1.0):  # nobody waits for Redis
            await node.world.say(other, conversation, "a", "b")
        assert [summary(event) for event in await stream.take(2)] == [(2, "a"), (3, "b")]
        async with other.client.subscribe(
            EVENTS, id=conversation, after=start(conversation)
        ) as late:
            assert [event["seq"] for event in await late.take(3)] == [1, 2, 3]

        await asyncio.to_thread(own_redis.start)
        await is_connected(node.services)
        await until(lambda: len(node.services.bus._listeners) == 1 + len(STANDING))
        await node.world.say(other, conversation, "c")
        assert summary(await stream.next()) == (4, "c")


@pytest.mark.covers("B34")
async def test_attempts_to_connect_become_rarer_to_a_limit(
    own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = Redis(own_redis.start())
    await asyncio.to_thread(own_redis.stop)
    bus = Bus(redis)
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        if asyncio.current_task() is bus._task:
            pauses.append(seconds)
            seconds = 0
        await sleep(seconds)

    monkeypatch.setattr("app.bus.asyncio.sleep", noted)
    bus.start()
    await until(lambda: len(pauses) >= 8)
    await bus.close()
    await redis.close()

    assert all(pause >= 2 * before for before, pause in pairwise(pauses[:5]))
    assert set(pauses[4:]) == {2.0}
