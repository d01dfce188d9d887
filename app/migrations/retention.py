"""Dropping the months that need not be kept: of an audit, whose chain says so, and of calls."""

import re
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.checkpoints import write_checkpoint
from app.audit.models import Trail
from app.migrations.partitions import lock_table
from app.stores.postgres import Postgres
from app.usage.models import ApiLog

_MONTH = re.compile(r"_y(\d{4})m(\d{2})$")


async def drop_months(
    trail: Trail, own: Postgres, other: Postgres, key: Ed25519PrivateKey, before: datetime
) -> list[str]:
    """Drop a trail's months that end by then, after a signed checkpoint has said so.

    Verify the trail first: what is signed as dropped is not missed any more.

    Args:
        trail: Whose changes.
        own: The database that they are in, as its owner.
        other: The database that keeps the checkpoint.
        key: The server's.
        before: The first instant of a month, UTC.

    Returns:
        The partitions dropped; nothing is signed where there is none.

    Raises:
        StoreUnavailable: A database does not answer.
    """
    async with own.begin() as tx:
        old = await _months_before(tx, trail.events.__tablename__, before)
    if old:
        # First, so that a drop without its checkpoint cannot be.
        await write_checkpoint(trail, own, other, key, pruned_before=before)
        async with own.begin() as tx:
            for name in old:
                await tx.execute(text(f"DROP TABLE {name}"))
    return old


async def drop_old_calls(tx: AsyncConnection, months: int) -> list[str]:
    """Drop the log's months of calls that are older than so many, besides this one.

    Left to the owner by a login with the application's rights alone, and to the next call where
    somebody reads the table for longer than 2 s.

    Args:
        tx: A transaction on the main database, which the caller commits.
        months: How many whole months to keep.

    Returns:
        The partitions dropped.
    """
    name = ApiLog.__tablename__
    may = text(
        "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = CAST(:name AS regclass)"
    )
    now: datetime = (await tx.execute(text("SELECT now()"))).scalar_one()
    years, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    old = await _months_before(tx, name, datetime(years, month + 1, 1, tzinfo=UTC))
    if not old or not await tx.scalar(may, {"name": name}):
        return []
    if not await lock_table(tx, ApiLog.metadata.tables[name]):
        return []
    for partition in old:
        await tx.execute(text(f"DROP TABLE {partition}"))
    return old


async def _months_before(tx: AsyncConnection, table: str, before: datetime) -> list[str]:
    """A table's partitions of the months that end by then, oldest first."""
    partitions = text("SELECT relid::regclass::text FROM pg_partition_tree(:table) WHERE isleaf")
    names = list(await tx.scalars(partitions, {"table": table}))
    return sorted(
        name
        for name in names
        if (month := _MONTH.search(name))
        and datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC) < before
    )
