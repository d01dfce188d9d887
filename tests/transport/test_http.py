"""GraphQL over HTTP: what the specification asks, and what hostile or broken clients send."""

import asyncio
import json
import logging
import re
from typing import Any

import httpx
import pytest

from tests.transport.serving import Served, serving

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def code_of(response: httpx.Response) -> str:
    body = response.json()
    assert "data" not in body
    assert response.headers["content-type"].endswith("json; charset=utf-8")
    assert all(error["message"] for error in body["errors"])
    (code,) = {error["extensions"]["code"] for error in body["errors"]}
    return str(code)


async def post(client: httpx.AsyncClient, query: str, **rest: Any) -> httpx.Response:
    headers = {"accept": rest.pop("accept", GRAPHQL)}
    return await client.post("/graphql", json={"query": query, **rest}, headers=headers)


async def raw(served: Served, data: bytes) -> bytes:
    """The whole answer to bytes that no HTTP client would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    try:
        writer.write(data)
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


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


async def test_operation_that_takes_too_long_is_stopped(hasty: Served) -> None:
    async with httpx.AsyncClient() as client:
        for kind, field, status in (("query", "slow", 504), ("mutation", "slowWrite", 504)):
            query = f'{kind} {{ {field}(name: "late-{kind}", seconds: 9) }}'
            response = await client.post(
                hasty.url, json={"query": query}, headers={"accept": GRAPHQL}
            )
            assert response.status_code == status
            assert code_of(response) == "TIMEOUT"
            assert f"late-{kind}" in hasty.world.cancelled


async def test_client_that_leaves_stops_its_query_and_not_its_mutation(served: Served) -> None:
    async with httpx.AsyncClient(timeout=0.3) as client:
        for query in (
            '{ slow(name: "left-query", seconds: 5) }',
            'mutation { slowWrite(name: "left-mutation", seconds: 0.6) }',
        ):
            with pytest.raises(httpx.ReadTimeout):
                await client.post(served.url, json={"query": query})
    await asyncio.sleep(0.5)
    assert "left-query" in served.world.cancelled
    assert "left-mutation" in served.world.finished


async def test_body_over_the_limit_gets_413_however_it_is_sent(hasty: Served) -> None:
    async def chunks() -> Any:
        for _ in range(6):
            yield b" " * 1000

    async with httpx.AsyncClient(headers={"content-type": JSON}) as client:
        declared = await client.post(hasty.url, content=b" " * 6000)
        chunked = await client.post(hasty.url, content=chunks())
        fits = await client.post(hasty.url, content=b'{"query":"{ viewer }"}'.ljust(2048))
    assert declared.status_code == chunked.status_code == 413
    assert code_of(declared) == code_of(chunked) == "PAYLOAD_TOO_LARGE"
    assert fits.status_code == 200


async def test_body_without_end_is_cut_off(hasty: Served) -> None:
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    answer = await raw(hasty, head + b"Content-Length: 900000000\r\n\r\n" + b" " * 40_000)
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_client_that_asks_before_sending_too_much_is_told_at_once(hasty: Served) -> None:
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    answer = await raw(hasty, head + b"Content-Length: 90000\r\nExpect: 100-continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_body_that_does_not_come_gets_408(hasty: Served) -> None:
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    answer = await raw(hasty, head + b'Content-Length: 100\r\n\r\n{"que')
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"TIMEOUT" in answer
    assert re.search(rb"(?i)\r\nconnection: close\r\n", answer)


async def test_headers_that_do_not_come_close_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.api.server._HEADERS_TIMEOUT", 0.2)
    with serving() as served:
        assert await raw(served, b"") == b""
        assert await raw(served, b"POST /graphql HTTP/1.1\r\nHost:") == b""
        async with httpx.AsyncClient() as client:
            query = {"query": '{ slow(name: "patient", seconds: 0.5) }'}
            assert (await client.post(served.url, json=query)).status_code == 200
