"""The log of calls: what it says, what it leaves out, and that it costs nobody anything."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.api.call_logging import CallLogging
from app.api.logged_routes import LoggedRoutes, call_of
from app.errors import StoreUnavailable
from app.ids import new_id
from app.migrations.partitions import ensure_partitions
from app.migrations.retention import drop_old_calls
from app.services import Services
from app.settings import Settings
from app.stores.postgres import Postgres
from app.usage.api_log import ApiCall, CallLog
from tests.client import Client
from tests.factories import SEND, World
from tests.server import serve

COLUMNS = "endpoint, method, status_code, user_id, error_message"


async def logged(services: Services, columns: str = COLUMNS) -> list[tuple[Any, ...]]:
    """What is logged, oldest first, with all that waits."""
    await services.calls.write()
    async with services.main.begin() as tx:
        rows = await tx.execute(text(f"SELECT {columns} FROM api_logs ORDER BY created_at, id"))  # noqa: S608
        return [tuple(row) for row in rows]


def call(**values: Any) -> ApiCall:
    """Some call."""
    made = ApiCall(new_id(), datetime.now(UTC), 7, "Some", "POST", 200, 1.5, "::1", "tests", None)
    return replace(made, **values)


@pytest.fixture
async def caller(own_world: World) -> AsyncIterator[Client]:
    """Nobody, to the application with a log of its own."""
    async with Client(own_world.server_url) as client:
        yield client


@pytest.mark.covers("C4", "C28")
async def test_a_call_is_logged_by_its_operation_without_what_it_was_given(
    own_world: World, own: Services
) -> None:
    one = await own_world.user()
    body = {
        "query": "query Find($q: String) { users(filter: {namePrefix: $q}) { nodes { id } } }",
        "variables": {"q": "secret words"},
    }
    agent = {"user-agent": "a browser" + "!" * 1_000}
    answer = await one.client.http.post("/graphql", json=body, headers=agent)
    assert answer.status_code == 200

    columns = f"{COLUMNS}, host(ip_address), user_agent, response_time_ms > 0"
    assert await logged(own, columns) == [
        ("Find", "POST", 200, one.user_id, None, "127.0.0.1", agent["user-agent"][:300], True)
    ]
    async with own.main.begin() as tx:
        whole = await tx.scalar(text("SELECT json_agg(api_logs)::text FROM api_logs"))
    assert "secret words" not in str(whole)


@pytest.mark.covers("B25")
async def test_what_fails_is_logged_with_its_code(
    own_world: World, own: Services, caller: Client
) -> None:
    one = await own_world.user()
    as_graphql = {"accept": "application/graphql-response+json"}

    async def send(client: Client, query: str, **headers: str) -> None:
        await client.http.post("/graphql", json={"query": query}, headers=as_graphql | headers)

    await send(caller, "query Broken {")
    await send(caller, "query Unknown { nothing }")
    await send(one.client, "{ audit: auditEvents { nodes { id } } }")
    await send(caller, "query Mine { viewer { id } }", authorization="Bearer of nothing")
    await caller.http.put("/graphql")

    assert await logged(own) == [
        ("anonymous", "POST", 400, None, "GRAPHQL_PARSE_FAILED"),
        ("anonymous", "POST", 400, None, "GRAPHQL_VALIDATION_FAILED"),
        ("anonymous", "POST", 200, one.user_id, "FORBIDDEN"),
        ("anonymous", "POST", 401, None, "UNAUTHENTICATED"),
        ("anonymous", "PUT", 405, None, "BAD_REQUEST"),
    ]


async def test_a_sockets_operations_are_logged_one_by_one(own_world: World, own: Services) -> None:
    one, other = await own_world.users(2)
    direct = await own_world.direct(one, other)
    await logged(own)
    async with own.main.begin() as tx:
        await tx.execute(text("TRUNCATE api_logs"))
    listen = """subscription Listen($id: ID!) { conversationEvents(conversationId: $id) {
      ... on MessageSent { message { text } } } }"""

    async with one.client.subscribe(listen, id=direct) as stream:
        for number, query in enumerate(("query Me { viewer { id } }", "query Bad { nothing }")):
            payload = {"query": query}
            message = {"type": "subscribe", "id": f"q{number}", "payload": payload}
            await stream.socket.send(orjson.dumps(message).decode())
            while True:
                told = await stream._message(20.0)
                if told["type"] in ("complete", "error") and told["id"] == f"q{number}":
                    break
        assert sorted(await logged(own)) == [
            ("Me", "WEBSOCKET", 200, one.user_id, None),
            ("anonymous", "WEBSOCKET", 400, one.user_id, "GRAPHQL_VALIDATION_FAILED"),
        ]
    async with asyncio.timeout(20):
        while True:  # a socket is closed before what it ran has ended
            if ("Listen", "WEBSOCKET", 200, one.user_id, None) in await logged(own):
                break


async def test_other_routes_are_logged_by_their_pattern(own: Services) -> None:
    async def room(request: Request) -> PlainTextResponse:
        call_of(request.scope).viewer = 7
        if request.path_params["room_id"] == "broken":
            raise RuntimeError
        return PlainTextResponse("", 201)

    logging = CallLogging(own.calls.note, int)
    app = Starlette(
        routes=[Route("/api/rooms/{room_id}/messages", room), Route("/elsewhere", room)],
        middleware=[Middleware(LoggedRoutes, logging=logging)],
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        await client.get("/api/rooms/42/messages")
        await client.get("/api/rooms/broken/messages")
        await client.get("/api/42")
        await client.get("/elsewhere/42")

    assert await logged(own) == [
        ("/api/rooms/{room_id}/messages", "GET", 201, 7, None),
        ("/api/rooms/{room_id}/messages", "GET", 500, 7, None),
        ("(no route)", "GET", 404, None, None),
    ]


async def test_nothing_is_logged_where_that_is_off(counted: Settings) -> None:
    async with serve(counted.model_copy(update={"api_log": False})) as (app, url):
        async with Client(url) as client:
            await client.send("{ viewer { id } }")
            await client.http.get("/api/health")
        assert await logged(app.state.services) == []


async def test_what_waits_is_written_when_the_process_stops(counted: Settings) -> None:
    async with serve(counted) as (_, url), Client(url) as client:
        for _ in range(3):
            await client.send("query Last { viewer { id } }")
    main = Postgres(counted.database_url or "", counted)
    async with main.begin() as tx:
        found = await tx.scalar(text("SELECT count(*) FROM api_logs WHERE endpoint = 'Last'"))
    await main.close()
    assert found == 3


async def test_a_full_queue_drops_and_counts(own: Services) -> None:
    calls = CallLog(own.main, size=3)
    for _ in range(5):
        calls.note(call())

    assert calls.dropped == 2
    await calls.close()
    assert len(await logged(own)) == 3


async def test_a_database_that_is_away_neither_fails_a_call_nor_loses_it(
    own_world: World, own: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await own_world.users(2)
    direct = await own_world.direct(one, other)

    async def away(*_: object) -> None:
        raise StoreUnavailable("postgresql")

    with monkeypatch.context() as patch:
        patch.setattr(Postgres, "copy", away)
        await one.client.mutate(SEND, id=direct, text="x", key="k")
        await own.calls.write()
        assert len(own.calls._waiting) == 2

    assert len(await logged(own)) == 2
    assert (own.calls.dropped, len(own.calls._waiting)) == (0, 0)


async def test_a_row_that_no_column_takes_costs_its_batch_and_not_the_next(own: Services) -> None:
    own.calls.note(call(user_id=2**40))
    await own.calls.write()
    assert own.calls.dropped == 1
    own.calls.note(call())

    assert len(await logged(own)) == 1


@pytest.mark.covers("B18", "C4")
async def test_old_months_are_dropped_whole(own: Services) -> None:
    now = datetime.now(UTC)
    months = [_month(now, back) for back in range(5)]
    for month in months:
        own.calls.note(call(created_at=month, endpoint=f"{month:%Y-%m}"))
    await logged(own)
    async with own.main.begin() as tx:
        await ensure_partitions(tx)

    async with own.main.begin() as tx:
        dropped = await drop_old_calls(tx, 2)

    assert dropped == [f"api_logs_y{month:%Ym%m}" for month in sorted(months[3:])]
    assert await logged(own, "endpoint") == [(f"{m:%Y-%m}",) for m in sorted(months[:3])]
    async with own.main.begin() as tx:
        assert await drop_old_calls(tx, 2) == []


def _month(now: datetime, back: int) -> datetime:
    years, month = divmod(now.year * 12 + now.month - 1 - back, 12)
    return datetime(years, month + 1, 1, tzinfo=UTC)
