"""Connections to the databases: as many as the settings say, and as the addresses say."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from secantus.server import SecantusDBServer  # type: ignore[import-untyped]
from sqlalchemy import text

from app.errors import StoreUnavailable
from app.settings import Settings
from app.stores.mongo import Mongo
from app.stores.postgres import Postgres
from tests.subscriptions.streams import until

Open = Callable[..., Postgres]

_PID = text("SELECT pg_backend_pid()")


@pytest.fixture
async def open_postgres(settings: Settings) -> AsyncIterator[Open]:
    """Opens the main database by other settings."""
    async with AsyncExitStack() as stack:

        def opened(**changed: Any) -> Postgres:
            changed_settings = settings.model_copy(update=changed)
            postgres = Postgres(settings.database_url or "", changed_settings)
            stack.push_async_callback(postgres.close)
            return postgres

        yield opened


async def pid_of(postgres: Postgres) -> int:
    """The server's process behind the connection that is next."""
    async with postgres.begin() as tx:
        return int((await tx.execute(_PID)).scalar_one())


@pytest.mark.covers("A9", "B31", "B33", "C22", "D18", "E31")
async def test_a_pool_keeps_some_connections_adds_more_and_refuses_beyond(
    open_postgres: Open,
) -> None:
    postgres = open_postgres(database_pool_size=2, database_pool_overflow=1, database_timeout=0.5)
    async with AsyncExitStack() as held:
        taken = [await held.enter_async_context(postgres.begin()) for _ in range(3)]
        pids = {(await tx.execute(_PID)).scalar_one() for tx in taken}
        assert len(pids) == 3
        with pytest.raises(StoreUnavailable):
            await postgres.ping()

    kept = await asyncio.gather(*(pid_of(postgres) for _ in range(20)))
    assert len(set(kept) & pids) == 2


@pytest.mark.covers("C22")
async def test_a_connection_that_the_server_has_closed_is_given_to_nobody(
    open_postgres: Open,
) -> None:
    postgres = open_postgres(database_pool_size=1, database_pool_overflow=0)
    other = open_postgres()
    async with postgres.engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        pid = (await connection.execute(_PID)).scalar_one()
    async with other.begin() as tx:
        await tx.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    await until(driver.is_closed)

    assert await pid_of(postgres) != pid


@pytest.mark.covers("B31", "B33")
async def test_a_connection_is_made_anew_at_its_age(open_postgres: Open) -> None:
    kept = open_postgres(database_pool_size=1)
    assert await pid_of(kept) == await pid_of(kept)
    short_lived = open_postgres(database_pool_size=1, database_pool_recycle=0.0)
    assert await pid_of(short_lived) != await pid_of(short_lived)


@pytest.mark.covers("A16", "D17")
async def test_what_mongodbs_address_says_goes_before_the_settings(settings: Settings) -> None:
    address = (settings.mongo_url or "").partition("?")[0]
    said = "retryWrites=true&w=1&ssl=false&connectTimeoutMS=30000&socketTimeoutMS=30000"
    default, chosen = Mongo(address, settings), Mongo(f"{address}?{said}&maxPoolSize=3", settings)
    try:
        assert default.database.write_concern.document == {"w": "majority", "j": True}
        assert default.client.options.pool_options.max_pool_size == settings.mongo_pool_size
        assert chosen.database.write_concern.document == {"w": 1, "j": True}
        options = chosen.client.options
        assert options.retry_writes
        assert options.pool_options.max_pool_size == 3
        assert options.pool_options.connect_timeout == 30
        assert options.pool_options.socket_timeout == 30
        for store in (default, chosen):
            await store.ping()
    finally:
        await default.close()
        await chosen.close()


@pytest.mark.covers("A16")
async def test_a_connection_that_was_silent_for_long_is_not_written_to(
    settings: Settings, tmp_path: Path
) -> None:
    default = Mongo(settings.mongo_url or "", settings)
    idle = default.client.options.pool_options.max_idle_time_seconds
    await default.close()
    assert idle is not None
    assert idle <= 60
    # The embedded server hangs up after five minutes, this one after two seconds.
    server = SecantusDBServer(storage_path=str(tmp_path), client_idle_timeout_s=2.0)
    server.start()
    address = f"mongodb://127.0.0.1:{server.port}/x?retryWrites=false&maxIdleTimeMS=500"
    store = Mongo(address, settings)
    try:
        for _ in range(2):
            await asyncio.gather(*(store.database["pools"].delete_one({}) for _ in range(8)))
            await asyncio.sleep(3)
    finally:
        await store.close()
        server.stop()
