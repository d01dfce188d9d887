"""Every column and field has been decided about; a new one fails here until it has."""

from collections.abc import Mapping

import pytest
from sqlalchemy import Integer

from app.chat.documents import DOCUMENTS
from app.migrations.postgres import Database, metadata_of
from app.personal.inventory import AUTH, MAIN, MONGO, Holding

# Numbers of users are integers; these integers are none.
NUMBERS = {
    *("attempts", "status_code", "tokens", "messages", "conversations", "priority", "id"),
    *("max_uses", "uses"),
}


def documents() -> dict[str, set[str]]:
    return {
        vars(kind)["Settings"].name: {
            "_id" if name == "id" else name for name in kind.model_fields if name != "revision_id"
        }
        for kind in DOCUMENTS
    }


def columns(database: Database) -> dict[str, set[str]]:
    return {name: set(table.c.keys()) for name, table in metadata_of(database).tables.items()}


@pytest.mark.covers("E38")
@pytest.mark.parametrize(
    ("found", "inventory"),
    [(columns("auth"), AUTH), (columns("main"), MAIN), (documents(), MONGO)],
    ids=["auth", "main", "mongo"],
)
def test_every_column_is_in_one_list(
    found: dict[str, set[str]], inventory: Mapping[str, Holding]
) -> None:
    assert {name: set(holding.columns) for name, holding in inventory.items()} == found
    for name, holding in inventory.items():
        assert len(holding.columns) == len(set(holding.columns)), name


@pytest.mark.parametrize("database", ["auth", "main"])
def test_every_column_that_may_name_a_user_says_so(database: Database) -> None:
    inventory = AUTH if database == "auth" else MAIN
    unsaid = [
        f"{name}.{column.name}"
        for name, table in metadata_of(database).tables.items()
        for column in table.c
        if isinstance(column.type, Integer)
        and column.type.__class__ is Integer
        and column.name not in NUMBERS
        and column.name not in f"{inventory[name].owners} {inventory[name].others}".split()
    ]
    assert unsaid == []
