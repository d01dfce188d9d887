"""What the tests of HTTP send, and read."""

import asyncio
from typing import Any

import httpx

from tests.transport.serving import Served

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"


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
