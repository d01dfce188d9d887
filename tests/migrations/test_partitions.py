"""Monthly partitions: there before they are needed, and nothing is refused when they are not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.migrations import migrate_down, migrate_up, partitions, postgres
from app.migrations.partitions import ensure_partitions
from app.settings import Settings

_LOG = text(
    "INSERT INTO api_logs (endpoint, method, status_code, response_time_ms, created_at)"
    " VALUES ('viewer', 'POST', 200, 1.5, :moment) RETURNING tableoid::regclass::text"
)


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    await migrate_up(settings)
    url = (settings.database_url or "").replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(url)
    yield engine
    await engine.dispose()


def _month(moment: datetime, ahead: int = 0) -> str:
    years, month = divmod(moment.month - 1 + ahead, 12)
    return f"y{moment.year + years:04d}m{month + 1:02d}"


async def test_this_month_and_three_more_are_ready(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        now = await connection.scalar(text("SELECT now() AT TIME ZONE 'UTC'"))
        for table in ("api_logs", "audit_events"):
            assert await _partitions(connection, table) == [
                f"{table}_default",
                *(f"{table}_{_month(now, ahead)}" for ahead in range(4)),
            ]


@pytest.mark.covers("B18")
async def test_row_lands_in_its_month(engine: AsyncEngine) -> None:
    now = datetime.now(UTC)
    async with engine.begin() as connection:
        assert await connection.scalar(_LOG, {"moment": now}) == f"api_logs_{_month(now)}"


async def test_row_without_a_month_lands_in_default_and_moves(engine: AsyncEngine) -> None:
    last_instant = datetime(2031, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    next_year = datetime(2032, 1, 1, tzinfo=UTC)
    async with engine.begin() as connection:
        for moment in (last_instant, next_year):
            assert await connection.scalar(_LOG, {"moment": moment}) == "api_logs_default"

    async with engine.begin() as connection:
        created = await ensure_partitions(connection)

    assert created == ["api_logs_y2031m12", "api_logs_y2032m01"]
    async with engine.begin() as connection:
        rows = await connection.execute(
            text("SELECT tableoid::regclass::text, created_at FROM api_logs ORDER BY created_at")
        )
        assert [tuple(row) for row in rows] == [
            ("api_logs_y2031m12", last_instant),
            ("api_logs_y2032m01", next_year),
        ]


async def test_again_and_at_once_creates_each_once(engine: AsyncEngine) -> None:
    async def ensure() -> list[str]:
        async with engine.begin() as connection:
            return await ensure_partitions(connection, months_ahead=5)

    created = await asyncio.gather(*(ensure() for _ in range(4)))

    # Two months more than before, of two tables, by whoever came first.
    assert sorted(map(len, created)) == [0, 0, 0, 4]
    assert await ensure() == []


async def test_others_write_while_a_partition_is_made(engine: AsyncEngine) -> None:
    async def write() -> None:
        for _ in range(20):
            async with engine.begin() as connection:
                await connection.execute(_LOG, {"moment": datetime(2040, 5, 5, tzinfo=UTC)})

    async def ensure() -> None:
        async with engine.begin() as connection:
            await ensure_partitions(connection)

    await asyncio.gather(write(), write(), ensure(), ensure())
    await ensure()

    async with engine.begin() as connection:
        rows = await connection.execute(
            text("SELECT tableoid::regclass::text, count(*) FROM api_logs GROUP BY 1")
        )
        assert [tuple(row) for row in rows] == [("api_logs_y2040m05", 40)]


async def test_table_in_use_is_left_for_the_next_call(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(partitions, "_LOCK_TIMEOUT", "50ms")
    async with engine.connect() as reader:
        await reader.execute(text("SELECT * FROM api_logs"))

        async with engine.begin() as connection:
            created = await ensure_partitions(connection, months_ahead=4)
            timeout = await connection.scalar(text("SHOW lock_timeout"))

    assert [name.partition("_y")[0] for name in created] == ["audit_events"]
    assert timeout == "0"
    assert "api_logs is in use" in caplog.text
    async with engine.begin() as connection:
        (left,) = await ensure_partitions(connection, months_ahead=4)
    assert left.startswith("api_logs_y")


async def test_partition_has_the_tables_keys_and_checks(engine: AsyncEngine) -> None:
    definitions = text(
        "SELECT substring(pg_get_indexdef(indexrelid) FROM 'USING (.*)') FROM pg_index"
        " WHERE indrelid = CAST(:name AS regclass)"
    )
    name = f"api_logs_{_month(datetime.now(UTC))}"
    async with engine.begin() as connection:
        parent = set(await connection.scalars(definitions, {"name": "api_logs"}))
        assert parent == set(await connection.scalars(definitions, {"name": name}))


async def test_dropping_the_table_drops_its_partitions(
    engine: AsyncEngine, settings: Settings
) -> None:
    later = [p for p in (postgres.ROOT / "main").glob("[0-9]*.py") if p.name >= "0004"]
    await migrate_down(settings, "main", steps=len(later))
    async with engine.begin() as connection:
        left = await connection.scalars(
            text("SELECT relname FROM pg_class WHERE relname ~ '^(api_logs|audit_events)'")
        )
        assert list(left) == []


async def _partitions(connection: AsyncConnection, table: str) -> list[str]:
    names = text(
        "SELECT inhrelid::regclass::text FROM pg_inherits"
        " WHERE inhparent = CAST(:table AS regclass) ORDER BY 1"
    )
    return list(await connection.scalars(names, {"table": table}))
