"""The health of the process and its stores, as people and orchestrators ask for it."""

import asyncio
import time
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from app.api.health import check_stores, health_routes

ALL_UP = {"main": True, "auth": True, "mongo": True, "redis": True}


async def get(path: str, up: dict[str, bool]) -> httpx.Response:
    async def check() -> dict[str, bool]:
        return up

    transport = httpx.ASGITransport(app=Starlette(routes=health_routes(check)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)


@pytest.mark.covers("D7", "D11", "D28")
@pytest.mark.parametrize(
    ("down", "code", "status", "mongodb", "postgresql"),
    [
        ((), 200, "healthy", True, True),
        (("redis",), 200, "healthy", True, True),
        (("mongo",), 200, "degraded", False, True),
        (("main",), 200, "degraded", True, False),
        (("auth",), 200, "degraded", True, False),
        (("main", "mongo"), 503, "unhealthy", False, False),
    ],
)
async def test_health_says_which_databases_answer(
    down: tuple[str, ...], code: int, status: str, mongodb: bool, postgresql: bool
) -> None:
    response = await get("/api/health", ALL_UP | dict.fromkeys(down, False))
    assert response.status_code == code
    body = response.json()
    timestamp = datetime.fromisoformat(body["databases"].pop("timestamp"))
    assert timestamp.utcoffset() == timedelta(0)
    assert body.pop("message")
    assert body == {
        "status": status,
        "databases": {"mongodb": mongodb, "postgresql": postgresql},
    }


@pytest.mark.covers("B26")
@pytest.mark.parametrize("down", [None, *ALL_UP])
async def test_ready_needs_every_store_and_live_none(down: str | None) -> None:
    up = ALL_UP | ({down: False} if down else {})
    ready = await get("/healthz/ready", up)
    assert ready.status_code == (503 if down else 200)
    assert ready.json()["stores"] == up
    assert (await get("/healthz/live", up)).status_code == 200


@pytest.mark.covers("B26", "D7")
async def test_store_that_raises_or_hangs_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.health._PROBE_TIMEOUT", 0.1)

    async def answers() -> None:
        return None

    async def raises() -> None:
        raise ConnectionError("refused")

    async def hangs() -> None:
        await asyncio.sleep(60)

    def store(ping: Any) -> Any:
        return SimpleNamespace(ping=ping)

    stores: Any = SimpleNamespace(
        main=store(answers), auth=store(raises), mongo=store(hangs), redis=store(hangs)
    )
    begun = time.monotonic()
    assert await check_stores(stores) == {
        "main": True,
        "auth": False,
        "mongo": False,
        "redis": False,
    }
    assert time.monotonic() - begun < 1


async def test_application_over_its_stores_is_healthy_and_ready(server_url: str) -> None:
    async with httpx.AsyncClient(base_url=server_url) as client:
        health, ready = await client.get("/api/health"), await client.get("/healthz/ready")
    assert (health.status_code, health.json()["status"]) == (200, "healthy")
    assert (ready.status_code, set(ready.json()["stores"].values())) == (200, {True})
