"""What a PostgreSQL database has, as text that tests compare."""

from collections import defaultdict

import asyncpg

from app.migrations.postgres import OPTIONAL_INDEXES

_COLUMNS = """
    SELECT c.relname || '.' || a.attname AS column,
           format_type(a.atttypid, a.atttypmod)
           || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
           || CASE WHEN a.attidentity <> '' THEN ' identity' ELSE '' END
           || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') AS definition
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
"""
_INDEXES = """
    SELECT c.relname AS table,
           CASE WHEN i.indisunique THEN 'unique ' ELSE '' END
           || coalesce(substring(pg_get_indexdef(i.indexrelid) FROM 'USING btree (.*)'), '')
           AS definition
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
      AND indexrelid::regclass::text <> ALL ($1)
"""
# Neither NOT NULL, which the columns say, nor triggers, which no model can.
_CONSTRAINTS = """
    SELECT c.relname AS table, k.conname || ': ' || pg_get_constraintdef(k.oid) AS definition
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
      AND k.contype NOT IN ('n', 't')
"""
_LABELS = """
    SELECT t.typname AS type, e.enumlabel AS label
    FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid ORDER BY t.typname, e.enumsortorder
"""
_OPTIONS = """
    SELECT relname, reloptions::text, pg_get_partkeydef(oid) AS partition_key FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
"""


class Catalog:
    """The columns, indexes, constraints, enums and options of one database.

    Attributes:
        columns: `table.column` to its type, nullability and default.
        indexes: Table to definitions such as `unique (lower(email))`; empty for no B-tree. Those
            that no model knows are left out.
        constraints: Table to definitions such as `pk_users: PRIMARY KEY (id)`.
        labels: Enum type to its labels, in order.
        options: Table to its storage options and partition key.
    """

    def __init__(self) -> None:
        self.columns: dict[str, str] = {}
        self.indexes: defaultdict[str, set[str]] = defaultdict(set)
        self.constraints: defaultdict[str, set[str]] = defaultdict(set)
        self.labels: defaultdict[str, list[str]] = defaultdict(list)
        self.options: dict[str, tuple[str | None, str | None]] = {}


async def read_catalog(url: str) -> Catalog:
    """The catalogue of the database at a URL; Alembic's own tables and partitions left out."""
    catalog = Catalog()
    connection = await asyncpg.connect(url)
    try:
        for row in await connection.fetch(_COLUMNS):
            if not row["column"].startswith("alembic_version"):
                catalog.columns[row["column"]] = row["definition"]
        for row in await connection.fetch(_INDEXES, list(OPTIONAL_INDEXES)):
            if not row["table"].startswith("alembic_version"):
                catalog.indexes[row["table"]].add(row["definition"])
        for row in await connection.fetch(_CONSTRAINTS):
            if not row["table"].startswith("alembic_version"):
                catalog.constraints[row["table"]].add(row["definition"])
        for row in await connection.fetch(_LABELS):
            catalog.labels[row["type"]].append(row["label"])
        for name, options, key in await connection.fetch(_OPTIONS):
            if not name.startswith("alembic_version"):
                catalog.options[name] = (options, key)
    finally:
        await connection.close()
    return catalog
