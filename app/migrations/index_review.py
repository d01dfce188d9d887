"""What the databases have counted about their indexes: for whoever looks after them.

A test knows which indexes there should be; only a database in use knows which of them are used.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pymongo.errors import OperationFailure
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.chat.documents import DOCUMENTS
from app.migrations.postgres import OPTIONAL_INDEXES, Database, metadata_of
from app.stores.mongo import Mongo, unavailable

# A table with fewer rows is as soon read as looked up in.
_MANY_ROWS = 10_000

_NAMES = text("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
_INVALID = text(
    """SELECT indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       WHERE c.relnamespace = 'public'::regnamespace AND NOT i.indisvalid ORDER BY 1"""
)
_HAS_TRIGRAMS = text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')")
# What enforces a rule is of use without being looked in; a month's are the whole table's.
_UNUSED = text(
    """
    SELECT s.indexrelname, s.relname, pg_size_pretty(pg_relation_size(s.indexrelid))
    FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid)
    JOIN pg_class c ON c.oid = s.indexrelid
    WHERE s.idx_scan = 0 AND NOT i.indisunique AND NOT c.relispartition
    ORDER BY pg_relation_size(s.indexrelid) DESC, 1
    """
)
_SCANNED = text(
    """
    SELECT relname, seq_scan, n_live_tup FROM pg_stat_user_tables
    WHERE seq_scan > 0 AND n_live_tup >= :many ORDER BY seq_tup_read DESC, 1
    """
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a store's indexes.

    Attributes:
        is_fault: An index is not there or holds nothing; the others are for people to weigh.
    """

    store: str
    sentence: str
    is_fault: bool = False


async def review_postgres(tx: AsyncConnection, database: Database) -> AsyncIterator[Finding]:
    """What one database says, for as long as it has counted."""
    there = set(await tx.scalars(_NAMES))
    for table in metadata_of(database).sorted_tables:
        for index in sorted(str(index.name) for index in table.indexes):
            if index not in there:
                yield Finding(database, f"{index} on {table.name} is missing", is_fault=True)
    if database == "main":
        has_trigrams = bool(await tx.scalar(_HAS_TRIGRAMS))
        for name in sorted(OPTIONAL_INDEXES.keys() - there):
            sentence = f"{name} on {OPTIONAL_INDEXES[name]} is missing"
            why = "" if has_trigrams else ", as pg_trgm is"
            yield Finding(database, sentence + why, is_fault=has_trigrams)
    for (name,) in await tx.execute(_INVALID):
        yield Finding(database, f"{name} is invalid: make it anew", is_fault=True)
    for table_name, scans, rows in await tx.execute(_SCANNED, {"many": _MANY_ROWS}):
        sentence = f"{table_name}, of {rows:,} rows, was read from end to end {scans:,} times"
        yield Finding(database, sentence)
    for name, table_name, size in await tx.execute(_UNUSED):
        yield Finding(database, f"{name} on {table_name} was never looked in, {size}")


async def review_mongo(mongo: Mongo) -> AsyncIterator[Finding]:
    """What MongoDB says; nothing about use where the server does not count it."""
    for model in DOCUMENTS:
        name = str(model.Settings.name)
        collection = mongo.database[name]
        with unavailable():
            there = await collection.index_information()
            for index in getattr(model.Settings, "indexes", []):
                wanted = index.document["name"]
                if wanted not in there:
                    yield Finding("mongo", f"{wanted} on {name} is missing", is_fault=True)
            try:
                counted = [row async for row in await collection.aggregate([{"$indexStats": {}}])]
            except OperationFailure:
                continue
        for row in counted:
            unique = there.get(row["name"], {}).get("unique", row["name"] == "_id_")
            if not unique and row["accesses"]["ops"] == 0:
                yield Finding("mongo", f"{row['name']} on {name} was never looked in")
