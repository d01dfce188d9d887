"""A cache that is away, slow or empty, and a database that does not say whether it committed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, text

from app.cache import reads
from app.cache.reads import Cached
from app.cache.records import Cache
from app.errors import StoreUnavailable
from app.settings import Settings
from app.stores.postgres import Postgres
from app.stores.redis import Redis
from app.users import queries as users
from tests.cache.conftest import Node, answering
from tests.factories import Person, World
from tests.outage.proxy import Proxy

RENAME = text("UPDATE users SET name = :name WHERE id = :id")

Break = Callable[[Proxy], Awaitable[None]]


@pytest.fixture
async def way(cached_settings: Settings) -> AsyncIterator[Proxy]:
    """The way to the cache."""
    proxy = Proxy(cached_settings.cache_redis_url or "")
    await proxy.open()
    yield proxy
    await proxy.cut()


@pytest.fixture
async def frail(here: Node, way: Proxy, cached_settings: Settings) -> AsyncIterator[Cached]:
    """What reads and writes through a cache that can be taken away."""
    cache = Cache(Redis(way.url), cached_settings.cache_ttl)
    cache.start()
    auth = Postgres(cached_settings.auth_url or "", cached_settings, changing=cache.changing)
    await answering(cache)
    yield replace(here.cached, cache=cache, auth=auth)
    await auth.close()
    await cache.close()


async def name_at(cached: Cached, person: Person) -> str:
    (found,) = await reads.users_by_ids(cached, person.viewer, [person.user_id])
    assert found is not None
    return found.name


async def rename(auth: Postgres, person: Person, name: str) -> None:
    async with auth.begin() as tx:
        await tx.execute(RENAME, {"name": name, "id": person.user_id})


async def until_mended(cache: Cache, way: Proxy) -> None:
    await way.open()
    await answering(cache)


@pytest.mark.covers("B15")
@pytest.mark.parametrize("break_", [Proxy.cut, Proxy.stall], ids=["refused", "silent"])
async def test_without_its_cache_a_process_goes_on_and_pays_what_it_owes(
    break_: Break, world: World, here: Node, frail: Cached, way: Proxy
) -> None:
    person = await world.user(name="old")
    assert await name_at(here.cached, person) == "old"  # kept
    await break_(way)
    assert await name_at(frail, person) == "old"
    await rename(frail.auth, person, "new")
    assert await name_at(frail, person) == "new"
    assert await name_at(here.cached, person) == "old"  # nobody could tell: until it is paid
    await until_mended(frail.cache, way)
    assert frail.cache._owed == {}
    assert [await name_at(cached, person) for cached in (here.cached, frail)] == ["new"] * 2


async def test_a_cache_that_does_not_answer_is_asked_once(
    world: World, frail: Cached, way: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await world.user()
    await way.stall()
    asked = 0
    for script, call in frail.cache._scripts.items():

        async def counted(*arguments: object, call: object = call) -> object:
            nonlocal asked
            asked += 1
            return await call(*arguments)  # type: ignore[operator]

        monkeypatch.setitem(frail.cache._scripts, script, counted)
    for _ in range(20):
        assert await name_at(frail, person) == person.name
    assert asked == 1
    await until_mended(frail.cache, way)
    await name_at(frail, person)
    assert asked > 1


async def test_a_burst_waits_in_turn(
    world: World, here: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await world.users(3)
    under_way, most = 0, 0
    answer = Cache._answer

    async def counted(self: Cache, *arguments: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        found = await answer(self, *arguments)
        under_way -= 1
        return found

    monkeypatch.setattr(Cache, "_answer", counted)
    names = await asyncio.gather(*(name_at(here.cached, person) for person in people * 100))
    assert names == [person.name for person in people] * 100
    assert 1 < most <= 8


async def test_a_process_that_is_busy_does_not_take_its_cache_for_slow(
    world: World, here: Node
) -> None:
    person = await world.user()
    await name_at(here.cached, person)
    hits = here.cache.hits
    reading = asyncio.create_task(name_at(here.cached, person))
    await asyncio.sleep(0)
    time.sleep(0.15)  # noqa: ASYNC251 - as something that computes
    assert await reading == person.name
    assert here.cache.hits == hits + 1


async def test_a_cache_lost_while_a_writer_holds_leaves_nothing_old(
    world: World, here: Node, frail: Cached, way: Proxy
) -> None:
    person = await world.user(name="old")
    await name_at(here.cached, person)
    key = f"user:{person.user_id}"
    async with frail.cache.changing([key]):
        await way.cut()
        # Emptied meanwhile, so that somebody keeps what is about to change.
        await here.redis.client.unlink(f"cache:{key}")
        assert await name_at(here.cached, person) == "old"
        await rename(world.services.auth, person, "newer")
    assert await name_at(frail, person) == "newer"
    await until_mended(frail.cache, way)
    assert await name_at(here.cached, person) == "newer"


@pytest.mark.covers("B15")
async def test_a_commit_whose_outcome_nobody_hears_leaves_nothing_old(
    world: World, here: Node, cached_settings: Settings
) -> None:
    person = await world.user(name="old")
    assert await name_at(here.cached, person) == "old"
    deaf = _DeafAfterCommit(cached_settings.auth_url or "")
    await deaf.open()
    impatient = cached_settings.model_copy(update={"database_timeout": 1.0})
    auth = Postgres(deaf.url, impatient, changing=here.cache.changing)
    with pytest.raises(StoreUnavailable):
        await rename(auth, person, "new")
    async with asyncio.timeout(20):
        await deaf.committed.wait()
        while await name_in(here, person) != "new":  # noqa: ASYNC110 - the database says nothing
            await asyncio.sleep(0.01)
    assert await name_at(here.cached, person) == "new"
    await deaf.cut()
    await auth.close()


async def name_in(node: Node, person: Person) -> str:
    (row,) = await users.users_by_ids(node.services.auth, person.viewer, [person.user_id])
    assert row is not None
    return row.name


class _DeafAfterCommit(Proxy):
    """Carries a commit, and no answer to it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.committed = asyncio.Event()

    async def _flow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if b"COMMIT" in data and not self.committed.is_set():
                    self.committed.set()
                    await self.stall()
                elif not self._flowing.is_set():
                    await self._flowing.wait()
                writer.write(data)
                await writer.drain()


async def test_an_emptied_cache_fills_again(world: World, here: Node, there: Node) -> None:
    person = await world.user(name="old")
    await name_at(here.cached, person)
    keys = [key async for key in here.redis.client.scan_iter(match="cache:*")]
    await here.redis.client.unlink(*keys)
    await here.redis.client.script_flush()
    assert await name_at(here.cached, person) == "old"
    hits = there.cache.hits
    assert await name_at(there.cached, person) == "old"
    assert there.cache.hits == hits + 1


async def test_a_change_that_nobody_told_of_is_seen_when_the_record_expires(
    world: World, here: Node, cached_settings: Settings
) -> None:
    person = await world.user(name="old")
    brief = Cache(Redis(cached_settings.cache_redis_url or ""), 0.3)
    brief.start()
    await answering(brief)
    cached = replace(here.cached, cache=brief)
    assert await name_at(cached, person) == "old"
    by_hand = Postgres(cached_settings.auth_url or "", cached_settings)
    await rename(by_hand, person, "new")
    await by_hand.close()
    async with asyncio.timeout(20):
        while await name_at(cached, person) == "old":  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)
    await brief.close()
    kept = await here.redis.client.pttl(f"cache:user:{person.user_id}")
    assert kept <= 300


async def test_many_records_changed_at_once_are_all_held(world: World, here: Node) -> None:
    """More than one command takes, by one statement that names none of them."""
    (person,) = await world.users(1)
    keys = [f"cache:user:{-number}" for number in range(1, 2_501)]
    await here.redis.client.mset(dict.fromkeys(keys, b"old"))
    async with here.cache.changing([key.removeprefix("cache:") for key in keys]):
        held = await here.redis.client.mget(keys)
        assert {value[:1] for value in held if value} == {b"h"}
        assert None not in held
    assert await here.redis.client.exists(*keys) == 0
    assert await name_at(here.cached, person) == person.name


async def test_holding_comes_before_the_commit_and_letting_go_after_it(
    world: World, here: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await world.user()
    order: list[str] = []
    run = Cache._run_on_all

    async def noted(self: Cache, script: str, names: list[str], *values: bytes | int) -> bool:
        order.append(f"{len(names)} {'hold' if 'SET' in script else 'let go'}")
        return await run(self, script, names, *values)

    def commit(_: object) -> None:
        order.append("commit")

    monkeypatch.setattr(Cache, "_run_on_all", noted)
    engine = here.services.auth.engine.sync_engine
    event.listen(engine, "commit", commit)
    try:
        await rename(here.services.auth, person, "new")
        async with here.services.auth.begin() as tx:
            await tx.execute(text("SELECT 1"))  # what changes nothing holds nothing
    finally:
        event.remove(engine, "commit", commit)
    assert order == ["1 hold", "commit", "1 let go", "commit"]
