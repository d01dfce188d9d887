"""GraphQL over HTTP: who asks, what went wrong, and how values are written."""

import logging
from typing import Any

import httpx
import pytest

from tests.transport.requests import GRAPHQL, JSON, code_of, post


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
async def test_viewer_is_who_the_token_says(client: httpx.AsyncClient, scheme: str) -> None:
    headers = {"authorization": f"{scheme} good"}
    response = await client.post("/graphql", json={"query": "{ viewer }"}, headers=headers)
    assert response.json() == {"data": {"viewer": "ada"}}


@pytest.mark.parametrize("authorization", ["Bearer forged", "Bearer", "Basic YTpi", "good", ""])
async def test_bad_token_gets_401(client: httpx.AsyncClient, authorization: str) -> None:
    for accept in (JSON, GRAPHQL):
        headers = {"authorization": authorization, "accept": accept}
        response = await client.post("/graphql", json={"query": "{ viewer }"}, headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert code_of(response) == "UNAUTHENTICATED"


async def test_two_tokens_get_401(client: httpx.AsyncClient) -> None:
    headers = [("authorization", "Bearer good"), ("authorization", "Bearer good")]
    response = await client.post("/graphql", json={"query": "{ viewer }"}, headers=headers)
    assert response.status_code == 401


async def test_token_that_cannot_be_checked_gets_503_or_a_masked_500(
    client: httpx.AsyncClient,
) -> None:
    for token, status, code in (("store-down", 503, "UNAVAILABLE"), ("broken", 500, "INTERNAL")):
        headers = {"authorization": f"Bearer {token}", "accept": GRAPHQL}
        response = await client.post("/graphql", json={"query": "{ viewer }"}, headers=headers)
        assert response.status_code == status
        assert code_of(response) == code
        assert "secret" not in response.text


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("{ missing }", "NOT_FOUND", "There is no such thing."),
        ("{ coded }", "RATE_LIMITED", "Slow down."),
        ("{ uncoded }", "INTERNAL", "Internal error"),
        ("{ maybeNode { fails } }", "INTERNAL", "Internal error"),
        ("{ null }", "INTERNAL", "Internal error"),
        ("{ notANumber }", "INTERNAL", "Internal error"),
        ("{ notANumberWithin }", "INTERNAL", "Internal error"),
    ],
)
async def test_field_error_has_a_code_and_tells_nothing_from_inside(
    client: httpx.AsyncClient,
    caplog: pytest.LogCaptureFixture,
    query: str,
    code: str,
    message: str,
) -> None:
    with caplog.at_level(logging.ERROR, "isthmus.graphql"):
        response = await post(client, query)
    assert response.status_code == 200
    (error,) = response.json()["errors"]
    assert (error["message"], error["extensions"]["code"]) == (message, code)
    assert error["path"]
    assert "secret" not in response.text
    if code == "INTERNAL":
        (record,) = caplog.records
        assert error["extensions"]["id"] in record.getMessage()
        assert record.exc_info
    else:
        assert not caplog.records


@pytest.mark.parametrize(("field", "logged"), [("failsAlike", 1), ("fails", 10)])
async def test_failures_of_many_fields_are_not_a_flood_of_tracebacks(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, field: str, logged: int
) -> None:
    with caplog.at_level(logging.ERROR, "isthmus.graphql"):
        response = await post(client, f"{{ node {{ nodes(first: 100) {{ {field} }} }} }}")
    errors = response.json()["errors"]
    assert len(errors) == 100
    assert {error["extensions"]["code"] for error in errors} == {"INTERNAL"}
    assert len({error["extensions"]["id"] for error in errors}) == len(caplog.records) == logged


async def test_domain_error_names_the_argument(client: httpx.AsyncClient) -> None:
    response = await post(client, "{ missing }")
    assert response.json()["errors"][0]["extensions"]["field"] == ["id"]


async def test_null_for_an_argument_with_a_default_is_the_clients_fault(
    client: httpx.AsyncClient,
) -> None:
    query = "query($n: Int = 1) { double(number: $n) }"
    response = await post(client, query, variables={"n": None})
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_values_that_json_encoders_dislike_are_written(client: httpx.AsyncClient) -> None:
    response = await post(client, "{ big surrogate }")
    assert response.json() == {"data": {"big": 2**70, "surrogate": "a\ud800b"}}


@pytest.mark.parametrize("literal", ["1e400", "[-1e400]", "{a: [1e999]}"])
async def test_infinite_literal_does_not_get_in(client: httpx.AsyncClient, literal: str) -> None:
    response = await post(client, f"{{ echoJson(value: {literal}) }}")
    assert response.status_code == 400
    assert code_of(response) == "GRAPHQL_VALIDATION_FAILED"


async def test_json_nested_to_the_limit_comes_back(client: httpx.AsyncClient) -> None:
    value: Any = 1
    for _ in range(61):
        value = [value]
    query = "query($v: JSON!) { echoJson(value: $v) }"
    response = await post(client, query, variables={"v": value})
    assert response.json() == {"data": {"echoJson": value}}


async def test_each_operation_has_a_context_of_its_own(client: httpx.AsyncClient) -> None:
    numbers = [(await post(client, "{ context }")).json()["data"]["context"] for _ in range(3)]
    assert len(set(numbers)) == 3
    together = (await post(client, "{ a: context b: context }")).json()["data"]
    assert together["a"] == together["b"]
