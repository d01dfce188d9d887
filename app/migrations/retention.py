"""Dropping the months of an audit that need not be kept; its chain stays, and says so."""

import re
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from app.audit.checkpoints import write_checkpoint
from app.audit.models import Trail
from app.stores.postgres import Postgres

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
    table = trail.events.__tablename__
    partitions = text("SELECT relid::regclass::text FROM pg_partition_tree(:table) WHERE isleaf")
    async with own.begin() as tx:
        names = list(await tx.scalars(partitions, {"table": table}))
    old = sorted(
        name
        for name in names
        if (month := _MONTH.search(name))
        and datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC) < before
    )
    if old:
        # First, so that a drop without its checkpoint cannot be.
        await write_checkpoint(trail, own, other, key, pruned_before=before)
        async with own.begin() as tx:
            for name in old:
                await tx.execute(text(f"DROP TABLE {name}"))
    return old
