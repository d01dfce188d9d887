"""Lists of many rows: each is read by an index, however the rows are spread."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from app.services import Services
from app.users.models import UserRole
from tests.factories import World

ROWS = 20_000
GROUP = "query($id: ID!) { group(id: $id) { %s { nodes { id } } } }"
OWN = "{ viewer { %s { nodes { id } } } }"
USED = "query($at: DateTime!) { %s(filter: {usedFrom: $at}) { nodes { messages } } }"
# By table: what asks for a text by what it holds, and the index that knows.
MATCHES = {
    "products": ('products(filter: {titleContains: "#"})', "ix_products_lower_title_trigrams"),
    "groups": ('groups(filter: {nameContains: "#"})', "ix_groups_lower_name_trigrams"),
    "users": ('users(filter: {namePrefix: "#"})', "ix_users_lower_name"),
}

# By table: what an admin who owns a group asks, and how it is read.
LISTS = {
    "group_invitations": [GROUP % "invitations", OWN % "invitations"],
    "group_invitation_links": [GROUP % "invitationLinks"],
    "group_members": [GROUP.replace("id }", "role }") % "members", OWN % "groups"],
    "scheduled_messages": [OWN % "scheduledMessages"],
    "moderation_queue": ["{ moderationItems { nodes { id } } }"],
    "moderation_decisions": ["{ moderationDecisions { nodes { id } } }"],
    "audit_events": ["{ auditEvents { nodes { id } } }"],
    "user_sessions": [OWN % "sessions"],
    "usage_ledger": [USED % f"usageBy{report}" for report in ("Month", "User")],
}


@pytest.fixture
async def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...]]]:
    """What is read from PostgreSQL, as it is read."""
    told: list[tuple[str, tuple[Any, ...]]] = []
    fetch = asyncpg.Connection.fetch

    async def fetching(connection: Any, query: str, *args: Any, **options: Any) -> Any:
        told.append((query, args))
        return await fetch(connection, query, *args, **options)

    monkeypatch.setattr(asyncpg.Connection, "fetch", fetching)
    return told


@pytest.mark.parametrize("table", LISTS)
async def test_a_list_is_read_by_an_index(
    table: str, world: World, services: Services, told: list[tuple[str, tuple[Any, ...]]]
) -> None:
    admin = await world.user(UserRole.ADMIN)
    group = await world.group(admin)
    for query in LISTS[table]:
        told.clear()
        given = {"id": group, "at": (datetime.now(UTC) - timedelta(hours=12)).isoformat()}
        await admin.client.run(
            query, **{name: given[name] for name in given if f"${name}:" in query}
        )
        asked = [
            (sql, args) for sql, args in told if f"FROM {table}" in sql or f"JOIN {table}" in sql
        ]
        assert asked, told
        for sql, args in asked:
            plan = await planned(services, table, sql, args)
            assert f"Seq Scan on {table}" not in plan, plan


@pytest.mark.parametrize("part", ["text 1777", "nothing has this"])
@pytest.mark.parametrize("table", MATCHES)
async def test_a_text_is_looked_for_in_a_thousand_rows_and_then_looked_up(
    table: str, part: str, world: World, services: Services, told: list[tuple[str, tuple[Any, ...]]]
) -> None:
    asked, index = MATCHES[table]
    user = await world.user(UserRole.MODERATOR)
    await user.client.run(f"{{ {asked.replace('#', part)} {{ nodes {{ id }} }} }}")
    statements = [(sql, args) for sql, args in told if f"FROM {table}" in sql]
    assert len(statements) == 2
    nearest, looked_up = [await planned(services, table, sql, args) for sql, args in statements]
    assert f"ix_{table}_created_at_id" in nearest
    assert "Sort" not in nearest
    assert index in looked_up
    assert f"Seq Scan on {table}" not in nearest + looked_up


async def planned(services: Services, table: str, sql: str, args: tuple[Any, ...]) -> str:
    """How a statement is run for the eighth time, among many rows that are gone afterwards."""
    store = services.auth if table in ("user_sessions", "users") else services.main
    async with store.engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        transaction = driver.transaction()
        await transaction.start()
        try:
            await driver.execute("SET LOCAL session_replication_role = replica")  # alone
            columns = await driver.fetch(COLUMNS, table)
            names, values = ", ".join(c[0] for c in columns), ", ".join(map(value_of, columns))
            rows = f"SELECT {values} FROM generate_series(1, {ROWS}) i"  # noqa: S608 - our own
            await driver.execute(f"INSERT INTO {table} ({names}) {rows}")
            await driver.execute(f"ANALYZE {table}")
            # After five runs the server weighs a plan for any values against those for each.
            await driver.execute(f"PREPARE asked AS {sql}")
            run = f"EXECUTE asked ({', '.join(map(literal, args))})"
            for _ in range(8):
                plan = await driver.fetch(f"EXPLAIN {run}")
            await driver.execute("DEALLOCATE asked")
            return "\n".join(row[0] for row in plan)
        finally:
            await transaction.rollback()


def literal(value: Any) -> str:
    """A value as SQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        value = f"{{{','.join(map(str, value))}}}"
    return "'" + str(value).replace("'", "''") + "'"


COLUMNS = """SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typtype
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated = '' AND a.attidentity = '' AND (a.attnotnull AND NOT a.atthasdef
    OR a.attname IN ('created_at', 'started_at', 'text'))"""

VALUES = {
    "uuid": "gen_random_uuid()",
    "integer": "1000 + i % 5000",
    "bigint": "i",
    "smallint": "1",
    "numeric": "1",
    "text": "'text ' || i",
    "character varying": "'text ' || i",
    "boolean": "false",
    "jsonb": "'{}'",
    "bytea": "decode(md5(i::text), 'hex')",
    "timestamp with time zone": "now() - i * interval '1 minute'",
    "inet": "'127.0.0.1'",
}


def value_of(column: Any) -> str:
    """What a planted row has in a column."""
    _, kind, sort = column
    if sort == b"e":
        return f"(enum_range(NULL::{kind}))[1 + i % 2]"
    return VALUES[kind.partition("(")[0]]
