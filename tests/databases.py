"""Databases that some tests have to themselves, on the run's servers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from zlib import crc32

import asyncpg

from app.migrations import migrate_up
from app.settings import Settings


def named(url: str | None, database: str) -> str:
    """The address of another database of the same server."""
    assert url is not None
    return urlsplit(url)._replace(path=f"/{database}").geturl()


def name_of(url: str | None) -> str:
    """The database of an address."""
    assert url is not None
    return urlsplit(url).path[1:]


@asynccontextmanager
async def created(url: str | None, *names: str, template: str = "template1") -> AsyncIterator[None]:
    """PostgreSQL databases that are there until the block ends, as copies of one.

    Args:
        url: Any database of the server but the template, which nobody may be connected to.
        names: Those to create.
        template: What they are to be copies of.
    """
    server = await asyncpg.connect(named(url, "postgres"))
    try:
        for name in names:
            await server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield
    finally:
        for name in names:
            await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await server.close()


@asynccontextmanager
async def own_databases(settings: Settings, name: str) -> AsyncIterator[Settings]:
    """Settings whose three databases are new and migrated, until the block ends.

    Args:
        settings: Where the servers are, and all else.
        name: The main database's and the conversations'; the accounts' gets `_auth` behind it.
    """
    auth = f"{name}_auth"
    async with created(settings.database_url, name, auth):
        own = settings.model_copy(
            update={
                "database_url": named(settings.database_url, name),
                "auth_database_url": named(settings.database_url, auth),
                "mongo_url": named(settings.mongo_url, name),
            }
        )
        await migrate_up(own)
        await _number_people(own.auth_url, from_=crc32(name.encode()) % 1_800 * 1_000_000 + 1)
        yield own


async def _number_people(url: str | None, *, from_: int) -> None:
    """Give an account a number that it has in no other database: all share a Redis."""
    auth = await asyncpg.connect(url)
    await auth.execute(f"ALTER TABLE users ALTER id RESTART WITH {from_}")
    await auth.close()
