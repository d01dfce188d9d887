"""What is in the stores, and what is published: to prove that a refusal leaves no trace."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from bson import CodecOptions
from bson.raw_bson import RawBSONDocument
from sqlalchemy import text

from app.services import Services
from app.stores.postgres import Postgres
from tests.matrix.estate import Estate

# Rows that come, go or change without anybody's doing: places that MongoDB is about to have, calls
# of the API, and what is counted and signed in the background.
_PASSING = {
    *("mirror_pending", "api_logs"),
    *("user_usage_stats", "monthly_usage"),
    *("audit_checkpoints", "auth_audit_checkpoints"),
}
# Who is there and types: nothing that lasts, and who may say so has tests of its own.
_PASSING_CHANNELS = (b"presence:", b"typing:")
# Of the usage ledger: that a row was counted; the rest of it somebody did.
_MARK = "counted_at"

_TABLES = text("""SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = 'public'""")

Stored = dict[str, tuple[int, str]]


async def stored(services: Services) -> Stored:
    """How many rows each table and documents each collection has, and a digest of them all."""
    found = await _rows("main", services.main)
    if services.auth is not services.main:
        found |= await _rows("auth", services.auth)
    return found | await _documents(services)


async def _rows(database: str, postgres: Postgres) -> Stored:
    async with postgres.begin() as tx:
        names = set((await tx.execute(_TABLES)).scalars()) - _PASSING
        counts = " UNION ALL ".join(
            f"SELECT '{name}', count(*), coalesce(sum(hashtextextended("  # noqa: S608
            f"(to_jsonb(t) - '{_MARK}')::text, 0)), 0)::text FROM \"{name}\" t"
            for name in sorted(names)
        )
        rows = (await tx.execute(text(counts))).all()
    return {f"{database}.{name}": (count, digest) for name, count, digest in rows}


async def _documents(services: Services) -> Stored:
    found: Stored = {}
    for name in await services.mongo.database.list_collection_names():
        raw: Any = CodecOptions(RawBSONDocument)
        documents: Any = services.mongo.database.get_collection(name, raw).find({})
        digests = [hash(document.raw) for document in await documents.to_list()]
        found[f"mongodb.{name}"] = (len(digests), str(sum(digests)))
    return found


def changed(before: Stored, after: Stored) -> list[str]:
    """The tables and collections that are not what they were."""
    return sorted(name for name in before | after if before.get(name) != after.get(name))


class Listener:
    """Hears everything that is published on an estate's server, and keeps what is the estate's.

    Other workers' tests publish there too; the numbers of the estate's people are its own.
    """

    def __init__(self, estate: Estate, pubsub: Any) -> None:
        self._redis = estate.world.services.redis.client
        self._pubsub = pubsub
        self._numbers = [str(person.user_id).encode() for person in estate.people.values()]

    async def heard(self) -> list[bytes]:
        """What was published since the last call, up to now."""
        marker = uuid4().hex.encode()
        await self._redis.publish("matrix", marker)
        heard: list[bytes] = []
        async with asyncio.timeout(20):
            while True:
                message = await self._pubsub.get_message(timeout=1)
                if message is None or message["type"] != "pmessage":
                    continue
                if message["data"] == marker:
                    return heard
                if message["channel"].startswith(_PASSING_CHANNELS):
                    continue
                published = message["channel"] + b" " + message["data"]
                if any(number in published for number in self._numbers):
                    heard.append(published)


@asynccontextmanager
async def listening(estate: Estate) -> AsyncIterator[Listener]:
    """Hear what is published within the block."""
    async with estate.world.services.redis.client.pubsub() as pubsub:
        await pubsub.psubscribe("*")
        yield Listener(estate, pubsub)
