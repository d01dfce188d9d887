"""Everything that the source designs name for PostgreSQL exists, as they name it."""

import pytest

from app.settings import Settings
from tests.migrations.catalog import Catalog, read_catalog
from tests.migrations.checklist import (
    AUTH_COLUMNS,
    CONSTRAINTS,
    INDEXES,
    LABELS,
    MAIN_COLUMNS,
)


def _lines(text: str) -> list[tuple[str, ...]]:
    return [tuple(line.split(" ", 2)) for line in text.strip().splitlines()]


@pytest.fixture(scope="module")
async def catalogs(migrated: Settings) -> dict[str, Catalog]:
    assert migrated.auth_url
    assert migrated.database_url
    return {
        "auth": await read_catalog(migrated.auth_url),
        "main": await read_catalog(migrated.database_url),
    }


@pytest.mark.parametrize(
    ("database", "named", "column", "definition"),
    [
        *(("auth", *line) for line in _lines(AUTH_COLUMNS)),
        *(("main", *line) for line in _lines(MAIN_COLUMNS)),
    ],
)
def test_column_is_as_named(
    catalogs: dict[str, Catalog], database: str, named: str, column: str, definition: str
) -> None:
    assert catalogs[database].columns[column] == definition, named


@pytest.mark.parametrize(("named", "table", "definition"), _lines(INDEXES))
def test_index_exists(
    catalogs: dict[str, Catalog], named: str, table: str, definition: str
) -> None:
    assert definition in _of(catalogs, table).indexes[table], named


@pytest.mark.parametrize(("named", "table", "definition"), _lines(CONSTRAINTS))
def test_constraint_exists(
    catalogs: dict[str, Catalog], named: str, table: str, definition: str
) -> None:
    definitions = {text.partition(": ")[2] for text in _of(catalogs, table).constraints[table]}
    assert definition in definitions, named


@pytest.mark.parametrize(("named", "enum", "labels"), _lines(LABELS))
def test_enum_has_the_labels(
    catalogs: dict[str, Catalog], named: str, enum: str, labels: str
) -> None:
    found = catalogs["auth"].labels.get(enum) or catalogs["main"].labels.get(enum)
    assert found == labels.split("|"), named


@pytest.mark.parametrize("table", ["api_logs", "audit_events", "auth_audit_events"])
def test_table_is_partitioned_by_time(catalogs: dict[str, Catalog], table: str) -> None:
    _, partition_key = _of(catalogs, table).options[table]
    assert partition_key == "RANGE (created_at)"


def test_every_foreign_key_has_an_index(catalogs: dict[str, Catalog]) -> None:
    """A23: deleting the row that a key points at must not scan the table."""
    missing = [
        f"{table}: {text}"
        for catalog in catalogs.values()
        for table, texts in catalog.constraints.items()
        for text in texts
        if "FOREIGN KEY (" in text
        and not any(
            index.removeprefix("unique ").startswith(
                (f"({(column := text.split('(')[1].split(')')[0])},", f"({column})")
            )
            for index in catalog.indexes[table]
        )
    ]
    assert missing == []


def _of(catalogs: dict[str, Catalog], table: str) -> Catalog:
    return next(catalog for catalog in catalogs.values() if table in catalog.options)
