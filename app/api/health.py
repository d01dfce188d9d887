"""Whether this process, and the stores behind it, can serve: for people, balancers, kubelets."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

# A store that takes longer counts as down; orchestrators' own probes give up soon after.
_PROBE_TIMEOUT = 2.0

CheckStores = Callable[[], Awaitable[Mapping[str, bool]]]


class Store(Protocol):
    """A store that can be asked whether it answers."""

    async def ping(self) -> object:
        """Return if the store answers; raise anything if not."""
        ...


class Stores(Protocol):
    """The stores that the application needs."""

    @property
    def main(self) -> Store:
        """The main relational database."""
        ...

    @property
    def auth(self) -> Store:
        """The relational database of users and sessions."""
        ...

    @property
    def mongo(self) -> Store:
        """The document database."""
        ...

    @property
    def redis(self) -> Store:
        """What is live: pub/sub, limits, the cache."""
        ...


class Cache(Protocol):
    """A cache that counts, since the process began."""

    hits: int
    misses: int


async def check_stores(stores: Stores) -> dict[str, bool]:
    """Which of the stores answer, all asked at once, within two seconds."""
    named = {name: getattr(stores, name) for name in ("main", "auth", "mongo", "redis")}
    answers = await asyncio.gather(*map(_answers, named.values()))
    return dict(zip(named, answers, strict=True))


async def _answers(store: Store) -> bool:
    try:
        async with asyncio.timeout(_PROBE_TIMEOUT):
            await store.ping()
    except Exception:  # noqa: BLE001 - whatever it raises, it does not answer
        return False
    return True


def health_routes(
    check: CheckStores, cache: Callable[[], Cache | None] = lambda: None
) -> list[BaseRoute]:
    """`/api/health`, `/healthz/live` and `/healthz/ready`.

    Args:
        check: Which stores answer, by the names that `check_stores` gives.
        cache: The cache, if there is one. Whether it answers is not asked: nobody needs it.
    """

    async def health(_: Request) -> Response:
        up = await check()
        postgresql, mongodb = up["main"] and up["auth"], up["mongo"]
        status, message = _summary(postgresql=postgresql, mongodb=mongodb)
        body = {
            "status": status,
            "databases": {
                "mongodb": mongodb,
                "postgresql": postgresql,
                "timestamp": datetime.now(UTC).isoformat(),
            },
            "message": message,
        }
        return _uncached(body, 503 if status == "unhealthy" else 200)

    async def live(_: Request) -> Response:
        return _uncached({"status": "live"}, 200)

    async def ready(_: Request) -> Response:
        up = await check()
        is_ready = all(up.values())
        status = "ready" if is_ready else "not ready"
        body: dict[str, object] = {"status": status, "stores": dict(up)}
        if (counted := cache()) is not None:
            body["cache"] = {"hits": counted.hits, "misses": counted.misses}
        return _uncached(body, 200 if is_ready else 503)

    return [
        Route("/api/health", health),
        Route("/healthz/live", live),
        Route("/healthz/ready", ready),
    ]


def _summary(*, postgresql: bool, mongodb: bool) -> tuple[str, str]:
    if postgresql and mongodb:
        return "healthy", "All databases answer."
    if postgresql:
        return "degraded", "MongoDB does not answer; PostgreSQL serves."
    if mongodb:
        return "degraded", "PostgreSQL does not answer; MongoDB serves."
    return "unhealthy", "Neither MongoDB nor PostgreSQL answers."


def _uncached(body: Mapping[str, object], status: int) -> Response:
    return JSONResponse(body, status_code=status, headers={"cache-control": "no-store"})
