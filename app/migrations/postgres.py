"""Alembic, run from code: one history per PostgreSQL database, which may be the same database.

Each history has its own version table and looks away from the other's tables, so that both can
live side by side. A run is one transaction under an advisory lock: of several processes that
start at once one migrates, and one that is killed leaves nothing behind.
"""

import importlib
import io
import re
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Literal, cast

from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import OperatorError
from app.settings import Settings
from app.stores.tables import AuthBase, MainBase

Database = Literal["auth", "main"]

_PACKAGE = Path(__file__).parents[1]
# In an installed package the folder lies inside it; in a checkout beside it.
ROOT = next(
    path for path in (_PACKAGE / "_migrations", _PACKAGE.parent / "migrations") if path.is_dir()
)
_METADATA: dict[Database, MetaData] = {"auth": AuthBase.metadata, "main": MainBase.metadata}
_LOCKS: dict[Database, int] = {"auth": 0x15744501, "main": 0x15744502}
# By name: of which table. Made only where the server has pg_trgm, which no model can say.
OPTIONAL_INDEXES = {
    "ix_groups_lower_name_trigrams": "groups",
    "ix_products_lower_title_trigrams": "products",
}
_PARTITION = re.compile(r"_(default|y\d{4}m\d{2})$")
_DOMAINS = (
    "answers",
    "attachments",
    "audit",
    "chat",
    "feeds",
    "groups",
    "moderation",
    "personal",
    "products",
    "scheduled",
    "usage",
    "users",
)


class MigrationError(OperatorError):
    """A migration cannot run, or a database differs from what the code expects."""


def metadata_of(database: Database) -> MetaData:
    """The tables of one database, every domain's models loaded."""
    for domain in _DOMAINS:
        importlib.import_module(f"app.{domain}.models")
    return _METADATA[database]


def partitioned_tables(database: Database) -> set[str]:
    """The names of the tables that are partitioned by month."""
    return {
        name
        for name, table in metadata_of(database).tables.items()
        if table.dialect_options["postgresql"]["partition_by"]
    }


async def upgrade(connection: AsyncConnection, database: Database, settings: Settings) -> None:
    """Apply what is not applied yet, within the connection's transaction.

    The settings have the keys under which a migration seals what was in clear.
    """
    await _run(connection, database, lambda config: command.upgrade(config, "head"), settings)


async def downgrade(
    connection: AsyncConnection, database: Database, settings: Settings, steps: int
) -> None:
    """Take back the last `steps` migrations, within the connection's transaction.

    Raises:
        MigrationError: Fewer are applied.
    """
    await _run(
        connection, database, lambda config: command.downgrade(config, f"-{steps}"), settings
    )


async def check(connection: AsyncConnection, database: Database) -> None:
    """Compare the database with the models.

    Raises:
        MigrationError: They differ, or a migration is not applied; it names the differences.
    """
    await _run(connection, database, command.check)


async def revise(connection: AsyncConnection, database: Database, message: str) -> Path:
    """Write the next migration from the difference between the models and the database.

    Raises:
        MigrationError: The database is not at the newest migration.
    """
    written: list[Path] = []

    def generate(config: Config) -> None:
        script = command.revision(
            config,
            message,
            autogenerate=True,
            rev_id=f"{len(_revisions(database)) + 1:04d}",
            version_path=str(ROOT / database),
        )
        written.append(Path(cast("Script", script).path))

    await _run(connection, database, generate)
    return written[0]


async def revisions(connection: AsyncConnection, database: Database) -> list[tuple[str, str, bool]]:
    """Each migration's id, what it does and whether it is applied; oldest first."""

    def heads(sync_connection: Connection) -> tuple[str, ...]:
        options = {"version_table": _version_table(database)}
        return MigrationContext.configure(sync_connection, opts=options).get_current_heads()

    current = await connection.run_sync(heads)
    scripts = _revisions(database)
    # Histories are linear: what comes up to the head is applied.
    applied = max((n for n, script in enumerate(scripts) if script.revision in current), default=-1)
    return [(script.revision, script.doc, n <= applied) for n, script in enumerate(scripts)]


def run_env() -> None:
    """What Alembic runs for each command: `migrations/env.py` calls it."""
    attributes = context.config.attributes
    database: Database = attributes["database"]
    context.configure(
        connection=attributes["connection"],
        target_metadata=metadata_of(database),
        version_table=_version_table(database),
        include_name=_owned_by(database),
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _version_table(database: Database) -> str:
    return f"alembic_version_{database}"


def _owned_by(database: Database) -> Callable[..., bool]:
    """Alembic's filter of reflected names: its own tables, but neither partitions nor options."""
    other: Database = "main" if database == "auth" else "auth"
    foreign = {*metadata_of(other).tables, _version_table(other)}

    def owned(name: str | None, kind: str, _parents: object) -> bool:
        if kind == "index":
            return name not in OPTIONAL_INDEXES
        return kind != "table" or (
            name is not None and name not in foreign and not _PARTITION.search(name)
        )

    return owned


def _config(database: Database) -> Config:
    # What it prints is for its own command line.
    config = Config(stdout=io.StringIO(), cmd_opts=Namespace(quiet=True))
    options = {
        "script_location": str(ROOT),
        "version_locations": str(ROOT / database),
        "path_separator": "newline",
        "file_template": "%(rev)s_%(slug)s",
    }
    for name, value in options.items():
        config.set_main_option(name, value.replace("%", "%%"))
    config.attributes["database"] = database
    return config


def _revisions(database: Database) -> list[Script]:
    scripts = ScriptDirectory.from_config(_config(database))
    return list(scripts.walk_revisions())[::-1]


async def _run(
    connection: AsyncConnection,
    database: Database,
    action: Callable[[Config], object],
    settings: Settings | None = None,
) -> None:
    def run(sync_connection: Connection) -> None:
        config = _config(database)
        config.attributes |= {"connection": sync_connection, "settings": settings}
        action(config)

    await connection.execute(select(func.pg_advisory_xact_lock(_LOCKS[database])))
    try:
        await connection.run_sync(run)
    except CommandError as error:
        raise MigrationError(f"{database}: {error}") from error
