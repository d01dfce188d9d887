"""A trail only grows: for the application's role because of its rights, for all by triggers."""

# ruff: noqa: S608 - this is what an attacker writes

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import make_url, text

from app.audit.commands import record
from app.migrations.partitions import ensure_partitions
from app.migrations.roles import APP, READONLY, grant_rights
from app.products.commands import publish_product
from app.users.models import UserRole
from tests.audit.conftest import ADMIN, Audited
from tests.domains.marketplace import submitted
from tests.factories import World
from tests.server import serve

both = pytest.mark.parametrize("audited", ["main", "auth"], indirect=True)


@pytest.fixture
async def app(audited: Audited) -> AsyncIterator[asyncpg.Connection]:
    """A connection with the application's rights, and no others."""
    connection = await asyncpg.connect(audited.url, server_settings={"role": APP})
    yield connection
    await connection.close()


@both
async def test_owner_is_refused_by_triggers(audited: Audited) -> None:
    await audited.write(2)
    await audited.sign()
    trail, partitions = audited.trail, "SELECT relid::regclass FROM pg_partition_tree($1)"
    connection = await asyncpg.connect(audited.url)
    events = trail.events.__tablename__
    changed = [row[0] for row in await connection.fetch(partitions, events)]
    assert len(changed) == 6  # the table, this month and three more, and the default one
    for table in [*changed, trail.links.__tablename__]:
        with pytest.raises(asyncpg.RestrictViolationError, match="only grows: TRUNCATE"):
            await connection.execute(f"TRUNCATE {table}")
    for table, column in ((events, "action"), (trail.links.__tablename__, "hash")):
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(asyncpg.RestrictViolationError, match="only grows"):
                await connection.execute(statement)
    with pytest.raises(asyncpg.RestrictViolationError, match="only grows: DELETE"):
        await connection.execute(f"DELETE FROM {trail.head.__tablename__}")
    await connection.close()
    assert (await audited.verify()).fault is None


@both
async def test_checkpoints_only_grow(audited: Audited) -> None:
    await audited.sign()
    table = audited.trail.checkpoints.__tablename__
    async with audited.other.begin() as tx:
        driver = (await tx.get_raw_connection()).driver_connection
        assert driver is not None
        for statement in (f"UPDATE {table} SET seq = 9", f"DELETE FROM {table}"):
            with pytest.raises(asyncpg.RestrictViolationError, match="only grows"):
                async with driver.transaction():
                    await driver.execute(statement)


@both
async def test_application_adds_and_reads(audited: Audited, app: asyncpg.Connection) -> None:
    events, links = audited.trail.events.__tablename__, audited.trail.links.__tablename__
    await app.execute(
        f"INSERT INTO {events} (action, entity_type, entity_id) VALUES ('a', 'b', 'c')"
    )
    assert await app.fetchval(f"SELECT seq FROM {links}") == 1
    assert (await audited.verify()).fault is None


@both
async def test_application_may_do_nothing_else(audited: Audited, app: asyncpg.Connection) -> None:
    await audited.write(1)
    trail = audited.trail
    events, links, head = (table.__tablename__ for table in (trail.events, trail.links, trail.head))
    prefix = events.removesuffix("audit_events")
    for statement in (
        f"UPDATE {events} SET action = 'x'",
        f"DELETE FROM {events}",
        f"TRUNCATE {events}",
        f"DROP TABLE {events}_default",
        f"DELETE FROM {events}_default",
        f"ALTER TABLE {events} DISABLE TRIGGER ALL",
        f"INSERT INTO {links} SELECT seq + 1, gen_random_uuid(), now(), digest, hash FROM {links}",
        f"UPDATE {links} SET hash = ''",
        f"UPDATE {head} SET seq = 0",
        f"SELECT {prefix}audit_append(gen_random_uuid(), now(), ARRAY['x'])",
        "SET session_replication_role = replica",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)
    assert (await audited.verify()).fault is None


async def test_reader_reads_no_secret(audited: Audited) -> None:
    url = audited.settings.auth_url or ""
    reader = await asyncpg.connect(url, server_settings={"role": READONLY})
    assert await reader.fetchval("SELECT count(*) FROM users") == 0
    for statement in ("SELECT * FROM tokens", "SELECT * FROM user_verifications"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.execute(statement)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.execute("DELETE FROM users")
    await reader.close()


async def test_roles_are_said_to_be_missing(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.migrations.roles.APP", "isthmus_absent")
    async with audited.own.begin() as tx:
        await tx.execute(text(f"SET LOCAL ROLE {READONLY}"))
        assert not await grant_rights(tx)
    assert "may not create roles: isthmus_absent" in caplog.text


async def test_rollback_leaves_nothing(audited: Audited) -> None:
    async def fail() -> None:
        async with audited.own.begin() as tx:
            await record(tx, ADMIN, "productPublish", "Product", "IM_1", after={"title": "x"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    verdict = await audited.verify()
    assert (verdict.fault, verdict.links) == (None, 0)


@both
async def test_writers_at_once_make_one_chain(audited: Audited) -> None:
    async def write(number: int) -> None:
        for _ in range(5):
            async with audited.own.begin() as tx:
                for part in range(2):
                    values = {"title": f"{number}.{part}"}
                    await record(
                        tx, ADMIN, "a", "Product", number, after=values, trail=audited.trail
                    )

    async def sign() -> None:
        for _ in range(5):
            await audited.sign()
            await asyncio.sleep(0.02)

    await asyncio.gather(*map(write, range(20)), sign())

    verdict = await audited.verify()
    assert verdict.fault is None
    assert verdict.links == 200


async def test_row_that_moves_to_its_month_stays_in_the_chain(audited: Audited) -> None:
    await audited.write(1)
    async with audited.own.begin() as tx:
        await tx.execute(
            text(
                "INSERT INTO audit_events (action, entity_type, entity_id, created_at)"
                " VALUES ('a', 'b', 'c', '2035-05-05 05:05Z')"
            )
        )
    async with audited.own.begin() as tx:
        assert await ensure_partitions(tx) == ["audit_events_y2035m05"]
    async with audited.own.begin() as tx:
        names = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_events_y2035m05'::regclass"
        triggers = set(await tx.scalars(text(names)))
    assert triggers == {"append_link", "refuse_change", "refuse_truncate"}
    verdict = await audited.verify()
    assert (verdict.fault, verdict.links) == (None, 2)


async def test_server_needs_no_more_than_the_role(
    audited: Audited, caplog: pytest.LogCaptureFixture
) -> None:
    login = f"app_{uuid4().hex[:12]}"
    owner = await asyncpg.connect(audited.url)
    await owner.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'x' IN ROLE {APP}")
    urls = {
        name: make_url(getattr(audited.settings, name)).set(username=login, password="x")
        for name in ("database_url", "auth_database_url")
    }
    texts = {name: url.render_as_string(hide_password=False) for name, url in urls.items()}
    settings = audited.settings.model_copy(update=texts)
    async with serve(settings) as (app, url):
        world = World(app.state.services, url)
        admin, vendor, member = [await world.user(UserRole.ADMIN), *await world.users(2)]
        group = await world.group(vendor, member)
        await world.say(member, await world.conversation_of(vendor, group), "Hello")
        product = await submitted(app.state.services.main, vendor.viewer)
        await publish_product(app.state.services.main, admin.viewer, product.id, client_key=group)
        found = await admin.client.run("{ auditEvents { nodes { action } } }")
        assert [node["action"] for node in found["auditEvents"]["nodes"]] == [
            "moderationItemDecide",
            "productPublish",
            "groupMemberAdd",
            "groupCreate",
        ]
        limited = replace(audited, own=app.state.services.main, other=app.state.services.auth)
        assert await limited.sign() is not None
        verdict = await limited.verify()
        assert (verdict.fault, verdict.links, verdict.signed) == (None, 4, 4)
        await world.close()
    assert "not looked after" not in caplog.text
    await owner.execute(f"DROP ROLE {login}")
    await owner.close()
