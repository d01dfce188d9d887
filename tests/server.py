"""The application on a port of its own in the test's event loop, with any settings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette

from app.api.server import uvicorn_options
from app.main import create_app
from app.settings import Settings


@asynccontextmanager
async def serve(settings: Settings) -> AsyncIterator[tuple[Starlette, str]]:
    """The application and its address, until the block ends."""
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        port=0,
        log_config=None,
        lifespan="on",
        **uvicorn_options(settings) | {"timeout_graceful_shutdown": 1},
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done(), "the application does not start"
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield app, f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task
