"""Both Alembic histories: up, down, up again, side by side, at once, and equal to the models."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.migrations import (
    Database,
    MigrationError,
    check,
    migrate_down,
    migrate_up,
    migration_status,
    new_migration,
    postgres,
)
from app.settings import Settings
from tests.databases import named
from tests.migrations.catalog import Catalog, read_catalog
from tests.migrations.conftest import NewSettings


async def _catalogs(settings: Settings) -> dict[Database, Catalog]:
    return {
        "auth": await read_catalog(settings.auth_url or ""),
        "main": await read_catalog(settings.database_url or ""),
    }


@pytest.mark.covers("B9", "C11", "C12", "E1", "E26")
@pytest.mark.parametrize("one_database", [False, True])
async def test_each_step_goes_down_and_up_again(
    new_settings: NewSettings, one_database: bool
) -> None:
    settings = await new_settings(one_database=one_database)
    await migrate_up(settings)
    before = {name: vars(catalog) for name, catalog in (await _catalogs(settings)).items()}
    count = {
        store: sum(status.store == store for status in await migration_status(settings))
        for store in ("auth", "main", "mongo")
    }

    for _ in range(count["auth"]):
        await migrate_down(settings, "auth")
    for _ in range(count["main"]):
        await migrate_down(settings, "main")
    await migrate_down(settings, "mongo", count["mongo"])

    assert not any(status.applied for status in await migration_status(settings))
    for catalog in (await _catalogs(settings)).values():
        assert (catalog.columns, dict(catalog.labels)) == ({}, {})
    await migrate_up(settings)
    assert before == {name: vars(after) for name, after in (await _catalogs(settings)).items()}
    await check(settings)


@pytest.mark.covers("E1")
async def test_one_history_leaves_the_other_alone(new_settings: NewSettings) -> None:
    settings = await new_settings(one_database=True)
    await migrate_up(settings)

    steps = sum(status.store == "auth" for status in await migration_status(settings))
    await migrate_down(settings, "auth", steps)

    tables = {column.partition(".")[0] for column in (await _catalogs(settings))["main"].columns}
    assert tables == set(postgres.metadata_of("main").tables)


@pytest.mark.covers("B23", "E25")
async def test_up_again_changes_nothing(settings: Settings) -> None:
    await migrate_up(settings)
    async with _connection(settings.database_url) as connection:
        await connection.execute("UPDATE store_state SET epoch = 7, mode = 'pg_only', era = 7")

    await migrate_up(settings)

    async with _connection(settings.database_url) as connection:
        rows = await connection.fetch("SELECT id, epoch, mode, era FROM store_state")
    assert [tuple(row) for row in rows] == [(1, 7, "pg_only", 7)]
    assert all(status.applied for status in await migration_status(settings))


async def test_processes_that_start_at_once_migrate_once(settings: Settings) -> None:
    script = "import asyncio\nfrom app.migrations import migrate_up\n"
    script += "from app.settings import Settings\nasyncio.run(migrate_up(Settings()))"
    urls = settings.model_dump(include={"database_url", "auth_database_url", "mongo_url"})
    environment = os.environ | {name.upper(): url for name, url in urls.items()}

    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, env=environment, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    ends = await asyncio.gather(*(process.communicate() for process in processes))

    assert [process.returncode for process in processes] == [0, 0, 0], ends
    assert all(status.applied for status in await migration_status(settings))
    await check(settings)


async def test_failed_run_leaves_nothing(settings: Settings, own_migrations: Path) -> None:
    last = next((own_migrations / "main").glob("0006_*.py"))
    upgrade = "def upgrade() -> None:\n"
    last.write_text(last.read_text().replace(upgrade, f"{upgrade}    1 / 0\n"))

    with pytest.raises(ZeroDivisionError):
        await migrate_up(settings)

    assert (await _catalogs(settings))["main"].columns == {}


@pytest.mark.covers("A9", "B1")
@pytest.mark.parametrize("database", ["auth", "main"])
async def test_migrations_make_exactly_the_models(
    new_settings: NewSettings, database: Database
) -> None:
    """Also what Alembic's own check does not compare: enums, CHECKs, storage options."""
    migrated, built = await new_settings(), await new_settings()
    await migrate_up(migrated)
    engine = create_async_engine(
        (built.database_url or "").replace("postgresql://", "postgresql+asyncpg://")
    )
    async with engine.begin() as connection:
        for extension in ("btree_gin",):  # indexes need it, and no model makes it
            await connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
        await connection.run_sync(postgres.metadata_of(database).create_all)
    await engine.dispose()

    by_migrations = (await _catalogs(migrated))[database]
    by_models = await read_catalog(built.database_url or "")

    assert vars(by_migrations) == vars(by_models)


@pytest.mark.covers("D25", "D28", "E27")
async def test_check_names_a_difference(settings: Settings) -> None:
    await migrate_up(settings)
    async with _connection(settings.database_url) as connection:
        await connection.execute("ALTER TABLE products DROP COLUMN remark")

    with pytest.raises(MigrationError, match=r"main: .*remark"):
        await check(settings)


async def test_check_asks_for_missing_migrations(settings: Settings) -> None:
    with pytest.raises(MigrationError, match="auth: Target database is not up to date"):
        await check(settings)


@pytest.mark.covers("B7", "C10", "D27", "E24")
async def test_new_migration_holds_the_difference(settings: Settings, own_migrations: Path) -> None:
    await migrate_up(settings)
    async with _connection(settings.auth_url) as connection:
        await connection.execute("ALTER TABLE users DROP COLUMN pincode")

    count = len(list((own_migrations / "auth").glob("*.py")))
    written = await new_migration(settings, "auth", "add the pincode")

    assert written == own_migrations / "auth" / f"{count + 1:04d}_add_the_pincode.py"
    assert "op.add_column('users', sa.Column('pincode', sa.LargeBinary()" in written.read_text()
    await migrate_up(settings)
    await check(settings)


async def test_down_too_far_is_refused(settings: Settings) -> None:
    await migrate_up(settings)
    for steps, words in ((0, "at least 1"), (99, "99")):
        with pytest.raises(MigrationError, match=words):
            await migrate_down(settings, "main", steps)
    assert all(status.applied for status in await migration_status(settings))


async def test_unset_url_is_named() -> None:
    with pytest.raises(MigrationError, match="DATABASE_URL is not set"):
        await migrate_up(Settings(database_url=None, auth_database_url=None))


async def test_missing_database_is_named(settings: Settings) -> None:
    url = named(settings.database_url or "", "no_such_database")
    lost = settings.model_copy(update={"database_url": url})
    with pytest.raises(MigrationError, match='main: database "no_such_database" does not exist'):
        await migrate_up(lost)


@asynccontextmanager
async def _connection(url: str | None) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
