"""Monthly partitions of the tables that only grow, made before they are needed.

A default partition takes what has no month yet, so that no insert ever fails; what landed there
is moved to its month.
"""

import logging
from datetime import UTC, datetime

from sqlalchemy import MetaData, Table, delete, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.migrations.postgres import metadata_of, partitioned_tables

_LOCK = 0x15744503
# Behind a long reader, such as a dump, everybody would wait behind us: come back another day.
_LOCK_TIMEOUT = "2s"
_LOCK_NOT_AVAILABLE = "55P03"
_TRUNCATE_TRIGGERS = text(
    "SELECT quote_ident(tgname), tgfoid::regproc::text FROM pg_trigger"
    " WHERE tgrelid = CAST(:table AS regclass) AND tgtype & 32 <> 0 AND NOT tgisinternal"
)

_log = logging.getLogger(__name__)


async def ensure_partitions(connection: AsyncConnection, months_ahead: int = 3) -> list[str]:
    """Create the missing partitions of this month and the next ones, in every partitioned table.

    Months are UTC's. Idempotent; processes that call it at once wait for each other. The rows of
    a new month that the default partition took move within the same transaction. A table that
    somebody is reading for longer than 2 s is left, with a warning, for the next call.

    Args:
        connection: In a transaction, which the caller commits, on either database.
        months_ahead: How many months after this one.

    Returns:
        The names of the partitions created.
    """
    created: list[str] = []
    await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    existing = set(
        await connection.scalars(
            # The owner's to do: a login with the application's rights alone leaves it to them.
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
                " AND pg_has_role(relowner, 'USAGE')"
            )
        )
    )
    for database in ("auth", "main"):
        for name in sorted(partitioned_tables(database) & existing):
            table = metadata_of(database).tables[name]
            months = {
                f"{name}_y{month.year:04d}m{month.month:02d}": month
                for month in await _months(connection, table, months_ahead)
            }
            missing = {key: months[key] for key in months.keys() - existing}
            if missing and await lock_table(connection, table):
                for partition, month in sorted(missing.items()):
                    await _create(connection, table, partition, month)
                    created.append(partition)
    return created


def _default_of(table: Table) -> Table:
    return table.to_metadata(MetaData(), name=f"{table.name}_default")


async def _months(connection: AsyncConnection, table: Table, months_ahead: int) -> list[datetime]:
    """The months to come, and those of rows that stand in the default partition."""
    now: datetime = (await connection.execute(select(func.now()))).scalar_one()
    months = [_month_of(now)]
    for _ in range(months_ahead):
        months.append(_next(months[-1]))
    created_at = _default_of(table).c.created_at
    stray = await connection.scalars(select(func.date_trunc("month", created_at, "UTC")).distinct())
    return sorted({*months, *map(_month_of, stray)})


async def lock_table(connection: AsyncConnection, table: Table) -> bool:
    """Keep everybody out of a table and its default partition; False where that takes too long.

    Attaching a partition locks the default one alone: a row that was on its way there would then
    be refused, because its month has just become another's.
    """
    try:
        async with connection.begin_nested():
            await connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
            names = f"ONLY {table.name}, {_default_of(table).name}"
            await connection.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
            await connection.execute(text("SET LOCAL lock_timeout = DEFAULT"))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        _log.warning("%s is in use: its partitions wait for the next call", table.name)
        return False
    return True


async def _create(
    connection: AsyncConnection, table: Table, partition: str, month: datetime
) -> None:
    default = _default_of(table)
    target = table.to_metadata(MetaData(), name=partition)
    this_month = (default.c.created_at >= month) & (default.c.created_at < _next(month))
    await connection.execute(text(f"CREATE TABLE {partition} (LIKE {table.name} INCLUDING ALL)"))
    names = [column.name for column in table.columns]
    await connection.execute(insert(target).from_select(names, select(default).where(this_month)))
    # The audit refuses deletions; here a row only moves, and nobody else can reach the table.
    await connection.execute(text(f"ALTER TABLE {default.name} DISABLE TRIGGER USER"))
    await connection.execute(delete(default).where(this_month))
    await connection.execute(text(f"ALTER TABLE {default.name} ENABLE TRIGGER USER"))
    await connection.execute(
        text(
            f"ALTER TABLE {table.name} ATTACH PARTITION {partition}"
            f" FOR VALUES FROM ('{month.isoformat()}') TO ('{_next(month).isoformat()}')"
        )
    )
    # Attaching brings triggers by row, but none by statement.
    for trigger, function in await connection.execute(_TRUNCATE_TRIGGERS, {"table": table.name}):
        await connection.execute(
            text(
                f"CREATE TRIGGER {trigger} BEFORE TRUNCATE ON {partition}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            )
        )


def _month_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next(month: datetime) -> datetime:
    years, index = divmod(month.month, 12)
    return month.replace(year=month.year + years, month=index + 1)
