"""Somebody with something in every store, and everything that the stores hold, as text."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from app.personal.erasing import resume
from app.personal.models import Erasure
from app.services import Services
from app.stores.postgres import Postgres
from tests.accounts.conftest import (  # noqa: F401 - fixtures
    Desk,
    desk,
    desk_server,
    desk_settings,
    mailbox,
)


async def finish(services: Services, public_id: UUID) -> None:
    """Do what is left of an erasure, without waiting for what cannot be under way in a test."""
    row = Erasure.__table__.c
    async with services.auth.begin() as tx:
        # Away from the background, whose next look is far off.
        claimed = update(Erasure).where(row.public_id == public_id)
        erasure_id = await tx.scalar(
            claimed.values(claimed_until=text("now() + interval '1 hour'")).returning(row.id)
        )
    assert erasure_id is not None
    await resume(services.eraser.stores, erasure_id, under_way=timedelta(0))
    async with services.auth.begin() as tx:
        done = select(row.completed_at).where(row.public_id == public_id)
        assert await tx.scalar(done) is not None


async def dump(services: Services) -> AsyncIterator[tuple[str, str]]:
    """Every row of both databases, every document, every key of Redis: where it is, and its text.

    Bytes stand there in hexadecimal.
    """
    for name, database in (("auth", services.auth), ("main", services.main)):
        for table, row in await _rows(database):
            yield f"{name}.{table}", row
    for collection in await services.mongo.database.list_collection_names():
        async for document in services.mongo.database[collection].find():
            yield f"mongo.{collection}", str(document)
    client = services.redis.client
    async for key in client.scan_iter("*"):
        kind = str(await client.type(key))
        read: Any = {
            "b'string'": client.get,
            "b'hash'": client.hgetall,
            "b'list'": lambda k: client.lrange(k, 0, -1),
            "b'set'": client.smembers,
            "b'zset'": lambda k: client.zrange(k, 0, -1),
            "b'stream'": client.xrange,
        }[kind]
        yield f"redis {kind}", f"{key!r}: {await read(key)!r}"


async def _rows(database: Postgres) -> list[tuple[str, str]]:
    tables = text(
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = 'public' AND relkind = 'r' ORDER BY relname"
    )
    found: list[tuple[str, str]] = []
    async with database.begin() as tx:
        for table in list(await tx.scalars(tables)):
            whole = text(f'SELECT CAST(t AS text) FROM "{table}" AS t')  # noqa: S608 - of our own
            rows = await tx.scalars(whole)
            found += [(table, row) for row in rows]
    return found
