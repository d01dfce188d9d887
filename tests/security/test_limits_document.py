"""`docs/limits.md` says what the code does: each default, each cost, each field that multiplies."""

import re
from pathlib import Path

import pytest
from graphql import (
    GraphQLObjectType,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    parse,
    validate,
)

from app.api import charging
from app.api.query_cost import OBJECT, cost
from app.api.schema import schema
from app.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from app.settings import Settings

CORE = schema._schema
TEXT = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()
ROWS = [
    tuple(cell.strip() for cell in row.split("|"))
    for row in re.findall(r"^\| (.*) \|$", TEXT, re.MULTILINE)
]
LIMITS = re.compile(
    r"((service_)?rate_limit|max_(body|query)|(body|operation)_timeout|socket_(init|send|max)|attachment_).*"
)


def test_every_limit_is_there_with_its_default() -> None:
    defaults = Settings(environment="development").model_dump()
    limits = {name: str(value) for name, value in defaults.items() if LIMITS.fullmatch(name)}
    said = {row[0].strip("`"): row[1] for row in ROWS if row[0].strip("`") in defaults}
    assert said == limits


def test_every_field_that_multiplies_is_there() -> None:
    found = set()
    for name, kind in CORE.type_map.items():
        if not isinstance(kind, GraphQLObjectType) or name.startswith("__"):
            continue
        for field_name, field in kind.fields.items():
            if is_leaf_type(get_named_type(field.type)):
                continue
            if "first" in field.args or "last" in field.args:
                found.add((f"`{name}.{field_name}`", "`first` or `last`"))
            elif is_list_type(get_nullable_type(field.type)) and field.args:
                found.add((f"`{name}.{field_name}`", "the ids"))
    said = {row for row in ROWS if re.fullmatch(r"`[A-Z]\w*\.\w+`", row[0])}
    assert said == found


@pytest.mark.parametrize(("query", "points"), [row for row in ROWS if row[0].startswith("`{")])
def test_each_example_costs_what_is_said(query: str, points: str) -> None:
    document = parse(query.strip("`"))
    assert validate(CORE, document) == []
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert cost(CORE, document, operation) == int(points)


def test_the_rules_have_the_codes_numbers() -> None:
    assert (OBJECT, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE) == (8, 20, 100)
    assert "An object costs 8," in TEXT
    assert f"A mutation costs {charging.MUTATION} more" in TEXT
    assert f"is refused costs {charging.REFUSED_DOCUMENT:,}," in TEXT
    assert f"does not hold {charging.REFUSED_TOKEN} to" in TEXT
