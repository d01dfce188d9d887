"""Who is online: as long as a socket is open, and no longer than a lease if it dies."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import select

from app.presence.snapshots import write_snapshot
from app.settings import Settings
from app.users.models import User
from tests.client import Client, Stream
from tests.factories import Person
from tests.presence.conftest import TTL
from tests.server import serve, serve_apart
from tests.subscriptions.conftest import Node, OwnRedis
from tests.subscriptions.streams import INBOX

IS_ONLINE = "query($id: ID!) { user(id: $id) { isOnline lastSeenAt } }"
PRESENCE = """subscription($ids: [ID!]!) {
  presence(userIds: $ids) { online { id } offline { id isOnline } } }"""


async def is_online(viewer: Person, whom: Person) -> bool:
    found: bool = (await viewer.client.run(IS_ONLINE, id=whom.id))["user"]["isOnline"]
    return found


async def told(stream: Stream) -> tuple[list[str], list[str]]:
    event = await stream.next()
    return [u["id"] for u in event["online"]], [u["id"] for u in event["offline"]]


async def until(viewer: Person, whom: Person, *, online: bool, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while await is_online(viewer, whom) is not online:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def friends(node: Node) -> tuple[Person, Person]:
    one, other = await node.world.users(2)
    await node.world.direct(one, other)
    return one, other


@pytest.mark.covers("B3", "E18", "C25")
async def test_two_devices_are_one_person(node: Node) -> None:
    viewer, friend = await friends(node)
    async with viewer.client.subscribe(PRESENCE, ids=[friend.id]) as stream:
        assert await told(stream) == ([], [friend.id])
        async with AsyncExitStack() as phone, AsyncExitStack() as desk:
            await phone.enter_async_context(friend.client.subscribe(INBOX))
            assert await told(stream) == ([friend.id], [])
            assert await is_online(viewer, friend)
            await desk.enter_async_context(friend.client.subscribe(INBOX))
            await phone.aclose()
            assert await stream.is_silent(TTL)
            assert await is_online(viewer, friend)
        assert await told(stream) == ([], [friend.id])
    assert not await is_online(viewer, friend)


@pytest.mark.covers("B4", "C25")
async def test_a_process_that_dies_holds_nobody_online(node: Node, hasty: Settings) -> None:
    viewer, friend = await friends(node)
    async with (
        serve_apart(hasty, PRESENCE_TTL=str(TTL)) as (elsewhere, process),
        viewer.client.subscribe(PRESENCE, ids=[friend.id]) as stream,
        Client(elsewhere, friend.token) as far,
    ):
        assert await told(stream) == ([], [friend.id])
        async with AsyncExitStack() as sockets:
            await sockets.enter_async_context(far.subscribe(INBOX))
            assert await told(stream) == ([friend.id], [])
            assert await stream.is_silent(2 * TTL)  # it is renewed
            process.kill()
            assert await told(stream) == ([], [friend.id])
            assert not await is_online(viewer, friend)


async def test_a_process_that_stops_lets_go_at_once(node: Node, hasty: Settings) -> None:
    viewer, friend = await friends(node)
    patient = hasty.model_copy(update={"presence_ttl": 3600.0})
    async with viewer.client.subscribe(PRESENCE, ids=[friend.id]) as stream:
        await told(stream)
        async with (
            serve(patient) as (_, url),
            Client(url, friend.token) as near,
            near.subscribe(INBOX),
        ):
            assert await told(stream) == ([friend.id], [])
        assert await told(stream) == ([], [friend.id])


async def test_a_redis_that_forgot_everything_knows_it_again(node: Node) -> None:
    viewer, friend = await friends(node)
    async with friend.client.subscribe(INBOX):
        await until(viewer, friend, online=True)
        await node.services.redis.client.flushall()
        assert not await is_online(viewer, friend)
        await until(viewer, friend, online=True)


async def test_without_redis_the_last_snapshot_stands(
    node: Node,
    own_redis: OwnRedis,
) -> None:
    viewer, friend = await friends(node)
    other = await node.world.user()
    await node.world.direct(viewer, other)
    async with friend.client.subscribe(INBOX):
        await until(viewer, friend, online=True)
        await write_snapshot(node.services.leases, node.services.auth)
    own_redis.stop()
    assert await is_online(viewer, friend)
    assert not await is_online(viewer, other)
    own_redis.start()
    async with asyncio.timeout(20):
        while await is_online(viewer, friend):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    async with other.client.subscribe(INBOX):
        await until(viewer, other, online=True, seconds=10)


@pytest.mark.covers("E18")
async def test_snapshots_write_down_who_came_and_who_went(node: Node) -> None:
    viewer, friend = await friends(node)
    before = await row(node, friend)

    async def last_seen() -> Any:
        return (await viewer.client.run(IS_ONLINE, id=friend.id))["user"]["lastSeenAt"]

    assert (before.is_online, before.last_seen_at, await last_seen()) == (False, None, None)
    async with friend.client.subscribe(INBOX):
        await until(viewer, friend, online=True)
        await write_snapshot(node.services.leases, node.services.auth)
        assert (await row(node, friend)).is_online
        assert await last_seen() is None
    await until(viewer, friend, online=False)
    await write_snapshot(node.services.leases, node.services.auth)
    after = await row(node, friend)
    assert (after.is_online, after.updated_at) == (False, before.updated_at)
    assert after.last_seen_at is not None
    assert await last_seen()


async def row(node: Node, person: Person) -> Any:
    columns = User.is_online, User.last_seen_at, User.updated_at
    async with node.services.auth.begin() as tx:
        return (await tx.execute(select(*columns).where(User.id == person.user_id))).one()


async def test_of_several_processes_one_writes_it_down(node: Node) -> None:
    leases = node.services.leases
    turns = await asyncio.gather(*(leases.is_my_turn("test", 60) for _ in range(10)))
    assert sorted(turns) == [False] * 9 + [True]


async def test_strangers_are_told_nothing(node: Node) -> None:
    viewer, friend = await friends(node)
    stranger = await node.world.user()
    async with friend.client.subscribe(INBOX):
        await until(viewer, friend, online=True)
        found = await stranger.client.run(IS_ONLINE, id=friend.id)
        assert found["user"] == {"isOnline": False, "lastSeenAt": None}
        async with stranger.client.subscribe(PRESENCE, ids=[friend.id, stranger.id]) as stream:
            assert friend.id not in (await told(stream))[0]
    async with stranger.client.subscribe(PRESENCE, ids=[friend.id, stranger.id]) as stream:
        await told(stream)
        async with friend.client.subscribe(INBOX):
            await until(viewer, friend, online=True)
            while not await stream.is_silent(1):
                pass  # it may be told of itself


async def test_the_clock_of_a_process_does_not_matter(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer, friend = await friends(node)
    monkeypatch.setattr("time.time", lambda: 0.0)
    async with friend.client.subscribe(INBOX):
        await until(viewer, friend, online=True)
        await asyncio.sleep(TTL)
        assert await is_online(viewer, friend)
    await until(viewer, friend, online=False)


async def test_too_many_are_refused(node: Node) -> None:
    viewer = await node.world.user()
    people = [person.id for person in await node.world.users(101)]
    async with viewer.client.subscribe(PRESENCE, ids=people) as stream:
        end = await stream.end()
    assert end["payload"][0]["extensions"]["code"] == "INVALID"


async def test_many_sockets_are_renewed_in_few_commands(node: Node) -> None:
    leases, client = node.services.leases, node.services.redis.client
    letting_go = [leases.hold(1_900_000_000 + number) for number in range(2_500)]
    ids = [1_900_000_000 + number for number in range(2_500)]
    async with asyncio.timeout(20):
        while len(await leases.online(ids)) < len(ids):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    before = (await client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    await asyncio.sleep(TTL)
    after = (await client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert after - before <= 4 * 5  # three of a thousand and one that reaps, in each of few beats
    assert len(await leases.online(ids)) == len(ids)
    for let_go in letting_go:
        let_go()
    async with asyncio.timeout(20):
        while await leases.online(ids):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
