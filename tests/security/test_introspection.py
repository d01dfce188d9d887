"""The schema and the explorer are for development; production tells neither unless told to."""

from typing import Any

import httpx
import pytest
from graphql import execute_sync, get_introspection_query

from app.api.documents import Documents
from app.api.failures import Refusal
from app.api.schema import schema
from app.settings import Settings
from tests.security.conftest import Serving

QUERIES = (
    get_introspection_query(),
    "{ __schema { queryType { name } } }",
    '{ __type(name: "User") { name } }',
    '{ ... { hidden: __type(name: "User") { name } } }',
    "{ ...F } fragment F on Query { __schema { queryType { name } } }",
    'mutation { __type(name: "User") { name } }',
    "{ viewer { id } } fragment Unused on Query { __schema { queryType { name } } }",
)


EVERYTHING = {
    "specified_by_url": True,
    "directive_is_repeatable": True,
    "schema_description": True,
    "input_value_deprecation": True,
}
LARGE = (
    get_introspection_query(**EVERYTHING),
    "{ __schema { types { fields { type { fields { name } } } } } }",
    "{ __schema { types { fields { args { type { ofType { inputFields { name } } } } } } } }",
    "{ __schema { types { possibleTypes { fields { name type { name } } } } } }",
)


def leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(leaves, value.values()))
    return sum(map(leaves, value)) if isinstance(value, list) else 1


@pytest.mark.parametrize("query", LARGE)
async def test_introspection_costs_about_what_it_tells(query: str) -> None:
    settings = Settings(environment="test")
    operation = Documents(schema._schema, settings).operation(query, None)
    told = leaves(execute_sync(schema._schema, operation.document).data)
    assert told / 3 < operation.max_cost < settings.max_query_cost / 4


@pytest.mark.parametrize("query", QUERIES)
async def test_the_schema_is_not_told(query: str) -> None:
    settings = Settings(environment="test", introspection=False)
    with pytest.raises(Refusal) as refused:
        Documents(schema._schema, settings).operation(query, None)
    assert refused.value.errors[0]["extensions"]["code"] == "INTROSPECTION_DISABLED"


async def test_names_of_types_are_still_told(serving: Serving) -> None:
    async with serving(introspection=False, explorer=False) as url, httpx.AsyncClient() as client:
        answer = await client.post(
            f"{url}/graphql", json={"query": "{ __typename products(first: 1) { __typename } }"}
        )
        refused = await client.post(f"{url}/graphql", json={"query": QUERIES[0]})
        pages = [await client.get(f"{url}{path}") for path in ("/graphiql", "/")]
        asked = await client.get(f"{url}/graphql", headers={"accept": "text/html"})
    assert answer.json()["data"]["__typename"] == "Query"
    assert refused.json()["errors"][0]["extensions"]["code"] == "INTROSPECTION_DISABLED"
    assert [page.status_code for page in pages] == [404, 404]
    assert asked.status_code != 303


def test_production_has_them_off_and_may_have_them_on(production: dict[str, Any]) -> None:
    settings = Settings(**production)
    assert not settings.explorer
    assert not settings.introspection
    allowed = Settings(**production, explorer=True, introspection=True)
    assert allowed.explorer
    assert allowed.introspection


@pytest.mark.parametrize("environment", ["development", "test"])
def test_elsewhere_they_are_on(environment: str) -> None:
    settings = Settings.model_validate({"environment": environment})
    assert settings.explorer
    assert settings.introspection
