"""The commands behind `isthmus migrate`, over all the stores that keep a schema."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pymongo.errors import OperationFailure
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.migrations import mongo, postgres
from app.migrations.partitions import ensure_partitions
from app.migrations.postgres import Database, MigrationError
from app.migrations.roles import grant_rights
from app.settings import Settings
from app.stores.mongo import Mongo, unavailable
from app.stores.postgres import Postgres

Store = Literal["auth", "main", "mongo"]

_RELATIONAL: tuple[Database, ...] = ("auth", "main")
# An index over a large table outlasts any request's time limit.
_PATIENCE = 3600.0


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """One migration of one store, and whether it is applied."""

    store: Store
    revision: str
    title: str
    applied: bool


async def migrate_up(settings: Settings) -> None:
    """Apply every missing migration; make the coming months' partitions, and the roles.

    Idempotent, and safe while other processes do the same. Each PostgreSQL history is applied
    whole or not at all.

    Raises:
        MigrationError: A store's URL is not set, a store refuses us or a migration, or another
            process holds on for too long.
        StoreUnavailable: A store does not answer.
    """
    for database in _RELATIONAL:
        async with _postgres(settings, database) as connection:
            await postgres.upgrade(connection, database, settings)
            await ensure_partitions(connection)
            await grant_rights(connection)
    async with _mongo(settings) as store:
        await mongo.upgrade(store.database)


async def migrate_down(settings: Settings, store: Store, steps: int = 1) -> None:
    """Take back one store's last migrations, with the data that they brought in.

    Raises:
        MigrationError: Fewer than `steps` are applied, or the store's URL is not set.
        StoreUnavailable: The store does not answer.
    """
    if steps < 1:
        raise MigrationError(f"steps must be at least 1, not {steps}")
    if store == "mongo":
        async with _mongo(settings) as opened:
            await mongo.downgrade(opened.database, steps)
    else:
        async with _postgres(settings, store) as connection:
            await postgres.downgrade(connection, store, settings, steps)


async def migration_status(settings: Settings) -> list[MigrationStatus]:
    """Every migration of every store, oldest first within a store.

    Raises:
        MigrationError: A store's URL is not set.
        StoreUnavailable: A store does not answer.
    """
    status: list[MigrationStatus] = []
    for database in _RELATIONAL:
        async with _postgres(settings, database) as connection:
            found = await postgres.revisions(connection, database)
            status += [MigrationStatus(database, *row) for row in found]
    async with _mongo(settings) as store:
        found = await mongo.revisions(store.database)
        status += [MigrationStatus("mongo", *row) for row in found]
    return status


async def new_migration(settings: Settings, store: Store, message: str) -> Path:
    """Write the next migration; for PostgreSQL from what the models have and the database lacks.

    Returns:
        The file written: read it before applying it.

    Raises:
        MigrationError: The database is behind, or its URL is not set.
        StoreUnavailable: The database does not answer.
    """
    if store == "mongo":
        return mongo.write_new(message)
    async with _postgres(settings, store) as connection:
        return await postgres.revise(connection, store, message)


async def check(settings: Settings) -> None:
    """Compare both PostgreSQL databases with the models.

    Raises:
        MigrationError: They differ, or a migration is not applied.
        StoreUnavailable: A database does not answer.
    """
    for database in _RELATIONAL:
        async with _postgres(settings, database) as connection:
            await postgres.check(connection, database)


@asynccontextmanager
async def _postgres(settings: Settings, database: Database) -> AsyncIterator[AsyncConnection]:
    url = settings.database_url if database == "main" else settings.auth_url
    if url is None:
        raise MigrationError("DATABASE_URL is not set")
    store = Postgres(url, settings.model_copy(update={"database_timeout": _PATIENCE}))
    try:
        async with store.begin() as connection:
            yield connection
    except DBAPIError as error:  # no such database, no such role, a migration's own SQL
        raise MigrationError(f"{database}: {error.orig}") from error
    finally:
        await store.close()


@asynccontextmanager
async def _mongo(settings: Settings) -> AsyncIterator[Mongo]:
    if settings.mongo_url is None:
        raise MigrationError("MONGO_URL is not set")
    store = Mongo(settings.mongo_url, settings.model_copy(update={"mongo_timeout": _PATIENCE}))
    try:
        with unavailable():
            yield store
    except OperationFailure as error:  # a wrong password, a missing right
        raise MigrationError(f"mongo: {error}") from error
    finally:
        await store.close()
