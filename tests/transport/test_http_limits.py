"""GraphQL over HTTP: whoever takes too long, sends too much or leaves."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from tests.transport.requests import GRAPHQL, JSON, code_of, raw
from tests.transport.serving import Served, serving


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
