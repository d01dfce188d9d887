"""GraphQL over HTTP: which requests the specification lets in, and which are refused."""

import json
from typing import Any

import httpx
import pytest

from tests.transport.requests import GRAPHQL, JSON, code_of, post
from tests.transport.serving import Served

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.2, {JSON};q=0.9", JSON),
        (f"{GRAPHQL}, */*;q=0.1", GRAPHQL),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"{GRAPHQL.upper()}; charset=utf-8", GRAPHQL),
        (f"{GRAPHQL}, {JSON}, text/event-stream, multipart/mixed", GRAPHQL),
        (f"text/event-stream, {JSON};q=0.5", JSON),
        (BROWSER, JSON),
    ],
)
async def test_response_is_of_the_type_that_the_client_prefers(
    hasty: Served, accept: str | None, expected: str
) -> None:
    async with httpx.AsyncClient() as client:
        del client.headers["accept"]
        headers = {} if accept is None else {"accept": accept}
        response = await client.post(hasty.url, json={"query": "{ viewer }"}, headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"
    assert response.headers["vary"] == "accept"
    assert response.json() == {"data": {"viewer": "nobody"}}


@pytest.mark.parametrize(
    "accept", ["text/event-stream", "text/html;q=0.1", f"{JSON};q=0", "nonsense", f"{JSON};q=2"]
)
async def test_client_that_reads_no_json_gets_406(client: httpx.AsyncClient, accept: str) -> None:
    response = await post(client, "{ viewer }", accept=accept)
    assert response.status_code == 406
    assert code_of(response) == "BAD_REQUEST"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
async def test_other_methods_get_405(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql", json={"query": "{ viewer }"})
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"
    assert not response.content if method == "HEAD" else code_of(response) == "BAD_REQUEST"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/jsonp",
        f"{JSON}; charset=iso-8859-1",
        f"text/plain, {JSON}",
    ],
)
async def test_post_of_anything_but_json_gets_415(
    client: httpx.AsyncClient, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    response = await client.post("/graphql", content=b'{"query":"{ viewer }"}', headers=headers)
    assert response.status_code == 415
    assert code_of(response) == "BAD_REQUEST"


@pytest.mark.parametrize("content_type", [JSON, "Application/JSON ; Charset=UTF-8"])
async def test_post_of_json_in_utf8_is_read(client: httpx.AsyncClient, content_type: str) -> None:
    body = json.dumps({"query": '{ echo(text: "Ünïcødé 🏃") }'}, ensure_ascii=False).encode()
    response = await client.post("/graphql", content=body, headers={"content-type": content_type})
    assert response.json() == {"data": {"echo": "Ünïcødé 🏃"}}


async def test_compressed_body_gets_415_and_the_encodings_allowed(
    client: httpx.AsyncClient,
) -> None:
    headers = {"content-type": JSON, "content-encoding": "gzip"}
    response = await client.post("/graphql", content=b"\x1f\x8b\x08\x00", headers=headers)
    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"null",
        b"true",
        b"12",
        b'"{ viewer }"',
        b"[]",
        b'[{"query":"{ viewer }"}]',
        b"{}",
        b'{"query":null}',
        b'{"query":1}',
        b'{"query":"{ viewer }","variables":[]}',
        b'{"query":"{ viewer }","variables":"{}"}',
        b'{"query":"{ viewer }","extensions":7}',
        b'{"query":"{ viewer }","operationName":{}}',
        b'\xef\xbb\xbf{"query":"{ viewer }"}',
        b'{"query":"\xff"}',
        b'{"query":"\\ud800"}',
        b'{"query":"{ viewer }","variables":{"a":NaN}}',
        b'{"query":"{ viewer }","variables":{"a":1e999}}',
        b'{"query":"{ viewer }","variables":{"a":' + b"9" * 5000 + b"}}",
        b'{"query":"{ viewer }","variables":{"a":' + b"[" * 100 + b"]" * 100 + b"}}",
        b'{"query":"{ viewer }","variables":{"a":' + b'{"a":' * 2000 + b"1" + b"}" * 2000 + b"}}",
        b"[" * 100_000,
        b'{"query":"{ viewer }"}{}',
    ],
    ids=lambda body: repr(body[:48]),
)
async def test_malformed_body_gets_400(client: httpx.AsyncClient, body: bytes) -> None:
    for accept in (JSON, GRAPHQL):
        headers = {"content-type": JSON, "accept": accept}
        response = await client.post("/graphql", content=body, headers=headers)
        assert response.status_code == 400
        assert code_of(response) == "BAD_REQUEST"


async def test_null_parameters_are_absent_and_unknown_ones_ignored(
    client: httpx.AsyncClient,
) -> None:
    response = await post(
        client, "{ viewer }", variables=None, operationName=None, extensions=None, future=1
    )
    assert response.json() == {"data": {"viewer": "nobody"}}


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", None, "GRAPHQL_PARSE_FAILED"),
        ("", None, "GRAPHQL_PARSE_FAILED"),
        ("{ unknown }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("type A { b: Int }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("fragment A on Query { viewer }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("{ viewer } { viewer }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { double(number: $n) }", None, "BAD_USER_INPUT"),
        ("query($n: Int!) { double(number: $n) }", {"n": "one"}, "BAD_USER_INPUT"),
        ("query($n: Int!) { double(number: $n) }", {"n": 2**31}, "BAD_USER_INPUT"),
        ("query($n: Int!) { double(number: $n) }", {"n": 2**70}, "BAD_USER_INPUT"),
        ("query A { viewer } query B { viewer }", None, "OPERATION_RESOLUTION_FAILURE"),
    ],
)
async def test_fault_in_graphql_gets_400_or_200_by_media_type(
    client: httpx.AsyncClient, query: str, variables: dict[str, Any] | None, code: str
) -> None:
    for accept, status in ((GRAPHQL, 400), (JSON, 200)):
        response = await post(client, query, variables=variables, accept=accept)
        assert response.status_code == status
        assert code_of(response) == code


async def test_operation_is_chosen_by_its_name(client: httpx.AsyncClient) -> None:
    query = "query A { a: viewer } query B { b: viewer }"
    response = await post(client, query, operationName="B")
    assert response.json() == {"data": {"b": "nobody"}}
    for name in ("C", "", "a" * 10_000):
        response = await post(client, query, operationName=name)
        assert response.status_code == 400
        assert code_of(response) == "OPERATION_RESOLUTION_FAILURE"
        assert len(response.content) < 500


async def test_query_by_get(client: httpx.AsyncClient) -> None:
    params = {
        "query": "query Q($t: String!) { echo(text: $t) }",
        "variables": '{"t":"ü"}',
        "operationName": "Q",
        "extensions": "{}",
        "utm_source": "ignored",
    }
    response = await client.get("/graphql", params=params, headers={"accept": GRAPHQL})
    assert response.status_code == 200
    assert response.json() == {"data": {"echo": "ü"}}


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query",
        "query=%7Bviewer%7D&query=%7Bviewer%7D",
        "query=%7Bviewer%7D&variables=",
        "query=%7Bviewer%7D&variables=%7B",
        "query=%7Bviewer%7D&variables=%5B%5D",
        "query=%ff",
        "&".join("a=1" for _ in range(100)),
    ],
)
async def test_malformed_url_gets_400(served: Served, query_string: str) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.get(f"{served.url}?{query_string}", headers={"accept": GRAPHQL})
    assert response.status_code == 400
    assert code_of(response) in {"BAD_REQUEST", "GRAPHQL_PARSE_FAILED"}


async def test_mutation_by_get_gets_405_and_does_not_run(
    client: httpx.AsyncClient, served: Served
) -> None:
    for accept in (JSON, GRAPHQL):
        params = {"query": 'mutation { slowWrite(name: "by-get", seconds: 0) }'}
        response = await client.get("/graphql", params=params, headers={"accept": accept})
        assert response.status_code == 405
        assert response.headers["allow"] == "POST"
        assert code_of(response) == "BAD_REQUEST"
    assert "by-get" not in served.world.started


async def test_subscription_over_http_is_refused(client: httpx.AsyncClient) -> None:
    response = await post(client, "subscription { count(to: 1) }", accept=JSON)
    assert response.status_code == 400
    assert "graphql-transport-ws" in response.json()["errors"][0]["message"]


async def test_browser_is_sent_to_the_explorer_where_it_is_on(
    served: Served, hasty: Served
) -> None:
    async with httpx.AsyncClient(headers={"accept": BROWSER}) as client:
        plain = await client.get(served.url)
        shared = await client.get(f"{served.url}?query=%7Bviewer%7D")
        api = await client.get(
            served.url, params={"query": "{viewer}"}, headers={"accept": f"{JSON}, text/html"}
        )
        off = await client.get(hasty.url, params={"query": "{viewer}"})
    assert (plain.status_code, plain.headers["location"]) == (303, "/graphiql")
    assert shared.headers["location"] == "/graphiql?query=%7Bviewer%7D"
    assert api.json() == off.json() == {"data": {"viewer": "nobody"}}
