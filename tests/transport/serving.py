"""A server on a real socket, in a thread, with a world of its own."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import connect

from app.api.http import graphql_routes
from app.api.server import uvicorn_options
from app.errors import Unauthenticated
from app.limits import Budget
from app.settings import Settings
from tests.transport.world import Context, World, authenticate, make_schema


@dataclass(frozen=True)
class Served:
    port: int
    world: World
    server: uvicorn.Server
    settings: Settings

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/graphql"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"

    def connect(self, **options: Any) -> connect:
        protocols = options.pop("subprotocols", ["graphql-transport-ws"])
        return connect(self.socket_url, subprotocols=protocols, ping_interval=None, **options)


@contextmanager
def serving(**settings: Any) -> Iterator[Served]:
    chosen = Settings(environment="test", **settings)
    world = World()

    def make_context(viewer: str, _budget: Budget | None) -> Context:
        if viewer in world.signed_out:
            raise Unauthenticated("The session has ended.")
        return Context(viewer, next(world.contexts), world)

    routes = graphql_routes(
        make_schema(),
        authenticate=authenticate,
        make_context=make_context,
        settings=chosen,
    )
    options = uvicorn_options(chosen) | {"timeout_graceful_shutdown": 1}
    config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off", **options)
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.005)
            yield Served(listener.getsockname()[1], world, server, chosen)
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive(), "the server did not stop"
