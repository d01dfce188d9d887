"""Roles that may do no more than they need, and their rights to each table, new ones included.

They cannot log in: whoever runs the database gives them to a login of the application's or of a
report's. Roles belong to the whole server, so that no downgrade takes them away.
"""

import logging

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.migrations.postgres import metadata_of

APP, READONLY = "isthmus_app", "isthmus_readonly"

# What proves who someone is, and answers to client keys: nothing that a report needs.
_SECRET = frozenset(
    {
        "tokens",
        "group_invitation_links",
        "user_verifications",
        "user_sessions",
        "client_requests",
        "auth_client_requests",
    }
)
_LOCK = 0x15744504

_log = logging.getLogger(__name__)


async def grant_rights(connection: AsyncConnection) -> bool:
    """Make the roles, where the migrating role may, and give them their rights to what is there.

    The application reads and writes everything but what its model's `info` withholds: it can
    add to the audit and neither change it nor touch its chain. `isthmus_readonly` reads
    everything but what proves who someone is. Idempotent.

    Args:
        connection: In a transaction, which the caller commits, as the owner of the tables.

    Returns:
        Whether the roles exist; if not, a warning says what to do.
    """
    await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    if not await _make_roles(connection):
        _log.warning(
            "this role may not create roles: %s and %s are not made. Have them made, and migrate"
            " again, to run the application with no more rights than it needs",
            APP,
            READONLY,
        )
        return False
    schema = await connection.scalar(text("SELECT quote_ident(current_schema())"))
    await connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {APP}, {READONLY}"))
    await connection.execute(
        text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {APP}")
    )
    existing = set(
        await connection.scalars(
            text(
                "SELECT tablename FROM pg_tables"
                " WHERE schemaname = current_schema() AND tableowner = current_user"
            )
        )
    )
    for database in ("auth", "main"):
        for name, table in metadata_of(database).tables.items():
            if name in existing:
                rights = table.info.get("rights", "SELECT, INSERT, UPDATE, DELETE")
                await _grant(connection, name, rights, APP)
                await _grant(connection, name, "" if name in _SECRET else "SELECT", READONLY)
        if f"alembic_version_{database}" in existing:
            await _grant(connection, f"alembic_version_{database}", "SELECT", APP)
    return True


async def _make_roles(connection: AsyncConnection) -> bool:
    found = set(
        await connection.scalars(
            text("SELECT rolname FROM pg_roles WHERE rolname IN (:app, :readonly)"),
            {"app": APP, "readonly": READONLY},
        )
    )
    missing = {APP, READONLY} - found
    may = text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    if missing and not await connection.scalar(may):
        return False
    for role in sorted(missing):
        # Another database's migration may make it at the same moment.
        await connection.execute(
            text(
                f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN;"
                " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
        )
    return True


async def _grant(connection: AsyncConnection, table: str, rights: str, role: str) -> None:
    await connection.execute(text(f"REVOKE ALL ON {table} FROM {role}"))
    if rights:
        await connection.execute(text(f"GRANT {rights} ON {table} TO {role}"))
