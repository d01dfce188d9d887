"""Readers and writers at once: nobody is told what was there before a commit that is done."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from sqlalchemy import text

from app.cache import reads
from app.cache.records import Cache
from app.cache.scripts import HOLD, RELEASE, TAKE
from app.stores.postgres import Postgres
from app.users import queries as users
from app.users.queries import UserRecord
from app.viewer import Viewer
from tests.cache.conftest import Node
from tests.factories import Person, World

_RENAME = text("UPDATE users SET name = :name WHERE id = :id")


async def rename(node: Node, person: Person, name: str) -> None:
    async with node.services.auth.begin() as tx:
        await tx.execute(_RENAME, {"name": name, "id": person.user_id})


async def name_at(node: Node, person: Person) -> str:
    (found,) = await reads.users_by_ids(node.cached, person.viewer, [person.user_id])
    assert found is not None
    return found.name


async def kept(node: Node, person: Person) -> bytes | None:
    value = await node.redis.client.get(f"cache:user:{person.user_id}")
    assert not isinstance(value, str)
    return value


@pytest.fixture
def after_read(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Awaitable[None]]], None]:
    """Have something happen once, between a reader's read of the database and its keeping it."""

    def arrange(happen: Callable[[], Awaitable[None]]) -> None:
        read = users.users_by_ids

        async def read_and_wait(
            auth: Postgres, viewer: Viewer, ids: list[int]
        ) -> list[UserRecord | None]:
            found = await read(auth, viewer, ids)
            monkeypatch.setattr(users, "users_by_ids", read)
            await happen()
            return found

        monkeypatch.setattr(users, "users_by_ids", read_and_wait)

    return arrange


@pytest.mark.covers("B15")
async def test_what_was_read_before_a_commit_is_not_kept_after_it(
    world: World,
    here: Node,
    there: Node,
    after_read: Callable[[Callable[[], Awaitable[None]]], None],
) -> None:
    person = await world.user(name="old")
    after_read(lambda: rename(there, person, "new"))
    assert await name_at(here, person) == "old"  # it began before
    assert await kept(here, person) is None
    assert [await name_at(node, person) for node in (here, there, here)] == ["new"] * 3


async def test_who_reads_while_a_writer_commits_keeps_nothing(
    world: World, here: Node, there: Node
) -> None:
    person = await world.user(name="old")
    assert await name_at(here, person) == "old"
    key = f"user:{person.user_id}"
    async with there.cache.changing([key]):
        assert await name_at(here, person) == "old"
        value = await kept(here, person)
        assert value is not None
        assert value.startswith(HOLD)
        # Another writer of the same row, who is later, holds on when this one is done.
        async with here.cache.changing([key]):
            async with there.cache.changing([key]):
                pass
            assert await kept(here, person) is None


async def test_a_hold_of_another_writer_is_not_released(
    world: World, here: Node, there: Node
) -> None:
    person = await world.user(name="old")
    key = f"user:{person.user_id}"
    async with here.cache.changing([key]):
        later = there.cache.changing([key])
        await later.__aenter__()
    value = await kept(here, person)
    assert value is not None
    assert value.startswith(HOLD)
    await later.__aexit__(None, None, None)
    assert await kept(here, person) is None


async def test_a_change_that_is_rolled_back_is_never_told(
    world: World, here: Node, there: Node
) -> None:
    person = await world.user(name="old")
    with suppress(ZeroDivisionError):
        async with there.services.auth.begin() as tx:
            await tx.execute(_RENAME, {"name": "new", "id": person.user_id})
            raise ZeroDivisionError
    # And what it wrote is not taken for what the next one on its connection writes.
    other = await world.user()
    assert await name_at(here, person) == "old"
    await rename(there, other, "other")
    value = await kept(here, person)
    assert value is not None
    assert not value.startswith(HOLD)


async def test_a_deleted_user_is_gone(world: World, here: Node, there: Node) -> None:
    person, reader = await world.users(2)
    await name_at(here, person)
    async with there.services.auth.begin() as tx:
        await tx.execute(
            text("UPDATE users SET deleted_at = now() WHERE id = :id"), {"id": person.user_id}
        )
    assert await reads.users_by_ids(here.cached, reader.viewer, [person.user_id]) == [None]


async def test_a_writer_who_is_cancelled_after_the_commit_leaves_nothing_old(
    world: World, here: Node, there: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await world.user(name="old")
    await name_at(here, person)
    committed = asyncio.Event()
    run = Cache._run_on_all

    async def run_but_not_release(
        self: Cache, script: str, names: list[str], *values: bytes | int
    ) -> bool:
        if script == RELEASE:
            committed.set()
            await asyncio.Event().wait()
        return await run(self, script, names, *values)

    monkeypatch.setattr(Cache, "_run_on_all", run_but_not_release)
    writing = asyncio.create_task(rename(there, person, "new"))
    await committed.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert [await name_at(node, person) for node in (here, there)] == ["new"] * 2
    left = await here.redis.client.pttl(f"cache:user:{person.user_id}")
    assert 0 < left <= 30_000


async def test_a_writer_who_is_cancelled_before_the_commit_changes_nothing(
    world: World, here: Node, there: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await world.user(name="old")
    await name_at(here, person)
    taking = asyncio.Event()
    run = Cache._run_on_all

    async def run_but_not_take(
        self: Cache, script: str, names: list[str], *values: bytes | int
    ) -> bool:
        if script == TAKE:
            taking.set()
            await asyncio.Event().wait()
        return await run(self, script, names, *values)

    monkeypatch.setattr(Cache, "_run_on_all", run_but_not_take)
    writing = asyncio.create_task(rename(there, person, "new"))
    await taking.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    (row,) = await users.users_by_ids(here.services.auth, person.viewer, [person.user_id])
    assert row is not None
    assert row.name == await name_at(here, person) == "old"


@pytest.mark.covers("B15")
@pytest.mark.parametrize("seed", range(4))
async def test_no_reader_goes_back_in_time(
    seed: int, world: World, here: Node, there: Node
) -> None:
    """Versions are counted up by writers that commit, fail or are cancelled, among readers.

    A read that begins after a commit was done finds that version or a later one, whatever is
    evicted meanwhile: records, leases, holds.
    """
    chance = random.Random(seed)
    people = await world.users(3)
    done: dict[int, int] = defaultdict(int)
    turns = {person.user_id: asyncio.Lock() for person in people}
    reads_done = 0

    async def pause() -> None:
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)

    async def write() -> None:
        person, node = chance.choice(people), chance.choice((here, there))
        async with turns[person.user_id]:
            version = done[person.user_id] + 1
            with suppress(ZeroDivisionError):
                async with node.services.auth.begin() as tx:
                    values = {"name": str(version), "id": person.user_id}
                    await tx.execute(_RENAME, values)
                    await pause()
                    if chance.random() < 0.2:
                        raise ZeroDivisionError
                done[person.user_id] = version

    async def give_up() -> None:
        task = asyncio.create_task(write())
        await asyncio.sleep(chance.random() * 0.005)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def read() -> None:
        nonlocal reads_done
        await pause()
        node = chance.choice((here, there))
        floor = {person.user_id: done[person.user_id] for person in people}
        found = await reads.users_by_ids(node.cached, people[0].viewer, [*floor])
        for user in found:
            assert user is not None
            version = int(user.name) if user.name.isdecimal() else 0
            assert version >= floor[user.id]
            reads_done += 1

    async def evict() -> None:
        person = chance.choice(people)
        await here.redis.client.unlink(f"cache:user:{person.user_id}")

    doing = [read] * 12 + [write] * 4 + [give_up, evict]
    hits = here.cache.hits + there.cache.hits
    for _ in range(40):
        await asyncio.gather(*(chance.choice(doing)() for _ in range(12)))
    assert here.cache.hits + there.cache.hits - hits > reads_done / 10  # it was the cache
    assert any(done.values())
