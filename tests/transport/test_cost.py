"""Small documents that ask for large responses."""

from typing import Any

import httpx
import pytest
from graphql import OperationDefinitionNode, get_introspection_query, parse, validate

from app.api.query_cost import OBJECT, cost
from tests.transport.world import make_schema

SCHEMA = make_schema()._schema
PAGED = "query($n: Int, $m: Int) { node { nodes(first: $n) { nodes(last: $m) { name } } } }"


def cost_of(text: str, variables: dict[str, Any] | None = None) -> int:
    document = parse(text)
    assert validate(SCHEMA, document) == []
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return cost(SCHEMA, document, operation, variables)


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{ viewer context }", None, 2),
        ("{ node { name child { name } } }", None, 2 * OBJECT + 2),
        ("{ node { nodes(first: 10) { name } } }", None, OBJECT + 1 + 10),
        ("{ node { nodes(last: 10) { name __typename } } }", None, OBJECT + 1 + 20),
        ("{ node { nodes { name } } }", None, OBJECT + 1 + 20),
        ("{ node { nodes(first: -5) { name } } }", None, OBJECT + 1),
        ("{ node { nodes(first: 2000000000) { name } } }", None, OBJECT + 1 + 100),
        (
            "{ node { nodes(first: 9) { nodes(first: 9) { name } } } }",
            None,
            OBJECT + 1 + 9 * (1 + 9),
        ),
        ("{ node { nodes(first: 9) { ...F } } } fragment F on Node { name }", None, OBJECT + 10),
        ("{ node { nodes(first: 9) { ... on Node { ... { name } } } } }", None, OBJECT + 10),
        ('{ nodes(ids: ["a", "b", "c"]) { name } }', None, 4),
        ("query($i: [ID!]!) { nodes(ids: $i) { name } }", None, 101),
        ("query($i: [ID!]!) { nodes(ids: $i) { name } }", {"i": ["a", "b"]}, 3),
        (PAGED, None, OBJECT + 1 + 100 * 101),
        (PAGED, {"n": 3, "m": 4}, OBJECT + 1 + 3 * 5),
        (PAGED, {"n": None}, OBJECT + 1 + 20 * 21),
        ("subscription { nodes { context } }", None, OBJECT + 1),
    ],
)
def test_cost_is_what_the_pages_may_hold(
    text: str, variables: dict[str, Any] | None, expected: int
) -> None:
    assert cost_of(text, variables) == expected


def test_cost_of_doubling_fragments_is_exact() -> None:
    fragments = " ".join(
        f"fragment F{n} on Node {{ a: child {{ ...F{n + 1} }} b: child {{ ...F{n + 1} }} }}"
        for n in range(60)
    )
    text = f"{{ node {{ ...F0 }} }} {fragments} fragment F60 on Node {{ name }}"
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert cost(SCHEMA, document, operation) == OBJECT * (2**61 - 1) + 2**60


def test_introspection_costs_little_and_nested_introspection_much() -> None:
    once = cost_of(get_introspection_query())
    assert once < 20_000
    lists = " ".join(
        f"t{n}: types {{ fields {{ type {{ fields {{ name }} }} args {{ type {{ name }} }} }} }}"
        for n in range(400)
    )
    assert cost_of(f"{{ __schema {{ {lists} }} }}") > 50 * once


async def test_query_over_the_limit_is_refused_unless_its_pages_are_short(
    client: httpx.AsyncClient,
) -> None:
    nested = "{ nodes(first: $n) { nodes(first: $n) { nodes(first: $n) { name } } } }"
    query = f"query($n: Int!) {{ node {nested} }}"
    for size, code in ((2, None), (20, None), (60, "MAX_COST_LIMIT"), (100, "MAX_COST_LIMIT")):
        response = await client.post("/graphql", json={"query": query, "variables": {"n": size}})
        errors = response.json().get("errors", [])
        assert [error["extensions"]["code"] for error in errors] == ([code] if code else [])
