"""What a person would write for these tasks alone: an endpoint each, the same store commands.

It knows its queries beforehand, and so has no schema, no permissions beyond these, and no limits.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
import uvicorn
from pymongo import AsyncMongoClient
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from app.api.server import uvicorn_options
from app.settings import Settings
from app.tokens import open_tokens
from bench.handwritten_live import Fanout
from bench.handwritten_reads import chat_page, inbox, products, users
from bench.handwritten_sends import forget_mirrored, send
from bench.handwritten_stores import Stores

Endpoint = Callable[[Stores, int, dict[str, Any]], Awaitable[Any]]

_ENDPOINTS: dict[str, Endpoint] = {
    "/users": users,
    "/chat": chat_page,
    "/products": products,
    "/inbox": inbox,
    "/send": send,
}


def create_app(settings: Settings) -> Starlette:
    """The application."""
    tokens = open_tokens(settings)
    stores: Stores
    fanout: Fanout

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        nonlocal stores, fanout
        redis = Redis.from_url(settings.redis_url or "")
        mongo: AsyncMongoClient[Any] = AsyncMongoClient(
            settings.mongo_url, tz_aware=True, uuidRepresentation="standard"
        )
        async with (
            asyncpg.create_pool(settings.database_url, init=_json, max_size=30) as main,
            asyncpg.create_pool(settings.auth_url, init=_json, max_size=30) as auth,
            mongo,
            redis,
        ):
            stores = Stores(main, auth, mongo.get_default_database(), redis)
            fanout = Fanout(redis)
            forgetting = asyncio.create_task(forget_mirrored(stores))
            yield
            forgetting.cancel()
            await asyncio.gather(forgetting, return_exceptions=True)
            await fanout.close()

    def route(path: str, endpoint: Endpoint) -> Route:
        async def answer(request: Request) -> Response:
            viewer = tokens.verify(request.headers["authorization"].removeprefix("Bearer "))
            arguments = orjson.loads(await request.body())
            data = await endpoint(stores, viewer.require(), arguments)
            return Response(orjson.dumps({"data": data}), media_type="application/json")

        return Route(path, answer, methods=["POST"])

    async def ready(_: Request) -> Response:
        return Response()

    async def listen(socket: WebSocket) -> None:
        await fanout.serve(socket)

    return Starlette(
        routes=[
            *(route(path, endpoint) for path, endpoint in _ENDPOINTS.items()),
            Route("/healthz/ready", ready),
            WebSocketRoute("/live/{conversation_id}", listen),
        ],
        lifespan=lifespan,
    )


async def _json(connection: "asyncpg.Connection[Any]") -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda data: orjson.loads(data[1:]),
    )


if __name__ == "__main__":
    server_settings = Settings()
    uvicorn.run(
        create_app(server_settings),
        port=int(os.environ["PORT"]),
        loop="uvloop",
        log_level="warning",
        access_log=False,
        **uvicorn_options(server_settings),
    )
