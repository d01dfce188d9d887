"""Everything that the source designs name for PostgreSQL exists, as they name it."""

import re
from typing import Any

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

_FOREIGN_KEY = re.compile(
    r"(?P<name>\w+): FOREIGN KEY \((?P<column>\w+)\) REFERENCES (?P<other>\w+)\("
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


@pytest.mark.covers(
    "A2",
    "A4",
    "A5",
    "A6",
    "A12",
    "A18",
    "A21",
    "B38",
    "C1",
    "C2",
    "C3",
    "C4",
    "C5",
    "C7",
    "C29",
    "D3",
    "D4",
    "D16",
    "E2",
    "E3",
    "E4",
    "E5",
    "E6",
    "E7",
    "E8",
    "E9",
    "E10",
    "E11",
    "E14",
    "E15",
    "E16",
    "E17",
    "E18",
    "E19",
    "E20",
    "E21",
    "E39",
)
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


@pytest.mark.covers(
    "A18", "A23", "C1", "C2", "C3", "C4", "C5", "C9", "D16", "E14", "E20", "E22", "E23"
)
@pytest.mark.parametrize(("named", "table", "definition"), _lines(INDEXES))
def test_index_exists(
    catalogs: dict[str, Catalog], named: str, table: str, definition: str
) -> None:
    assert definition in _of(catalogs, table).indexes[table], named


@pytest.mark.covers("A5", "B11", "C3", "C5", "D16", "E4", "E10", "E11", "E12", "E20", "E21", "E29")
@pytest.mark.parametrize(("named", "table", "definition"), _lines(CONSTRAINTS))
def test_constraint_exists(
    catalogs: dict[str, Catalog], named: str, table: str, definition: str
) -> None:
    definitions = {text.partition(": ")[2] for text in _of(catalogs, table).constraints[table]}
    assert definition in definitions, named


@pytest.mark.covers("C1", "C5", "C7", "E3", "E8", "E17", "E18", "E21")
@pytest.mark.parametrize(("named", "enum", "labels"), _lines(LABELS))
def test_enum_has_the_labels(
    catalogs: dict[str, Catalog], named: str, enum: str, labels: str
) -> None:
    found = catalogs["auth"].labels.get(enum) or catalogs["main"].labels.get(enum)
    assert found == labels.split("|"), named


@pytest.mark.covers("B18")
@pytest.mark.parametrize("table", ["api_logs", "audit_events", "auth_audit_events"])
def test_table_is_partitioned_by_time(catalogs: dict[str, Catalog], table: str) -> None:
    _, partition_key = _of(catalogs, table).options[table]
    assert partition_key == "RANGE (created_at)"


@pytest.mark.covers("A23", "B1", "B14")
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


@pytest.mark.covers("A22")
def test_every_foreign_key_is_named_for_what_it_relates(catalogs: dict[str, Catalog]) -> None:
    unnamed = [
        f"{table}: {text}"
        for catalog in catalogs.values()
        for table, texts in catalog.constraints.items()
        for text in texts
        if (key := _FOREIGN_KEY.match(text))
        and key["name"] != f"fk_{table}_{key['column']}_{key['other']}"
    ]
    assert unnamed == []


@pytest.mark.covers("A25")
def test_a_fact_is_a_row(catalogs: dict[str, Catalog]) -> None:
    """Who belongs to a group and who has read a message are tables; lists are no relations."""
    lists, keyless = set(), set()
    for catalog in catalogs.values():
        lists |= {name for name, kind in catalog.columns.items() if "[]" in kind.split()[0]}
        keyless |= {
            table
            for table in catalog.options
            if not any("PRIMARY KEY" in text for text in catalog.constraints[table])
        }
    # Labels, the names of steps, and what one message said, which is never changed alone.
    assert lists == {"conversations.tags", "erasures.steps", "messages.mention_ids"}
    assert keyless == set()


@pytest.mark.parametrize(
    ("test", "texts"),
    [
        (test_column_is_as_named, [AUTH_COLUMNS, MAIN_COLUMNS]),
        (test_index_exists, [INDEXES]),
        (test_constraint_exists, [CONSTRAINTS]),
        (test_enum_has_the_labels, [LABELS]),
    ],
)
def test_markers_are_the_lines_that_are_compared(test: Any, texts: list[str]) -> None:
    marked = {line for mark in test.pytestmark if mark.name == "covers" for line in mark.args}
    assert marked == {
        line for text in texts for named, *_ in _lines(text) for line in named.split(",")
    }


def _of(catalogs: dict[str, Catalog], table: str) -> Catalog:
    return next(catalog for catalog in catalogs.values() if table in catalog.options)
