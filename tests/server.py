"""The application on a port of its own, in the test's event loop or a process of its own."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from app.api.server import uvicorn_options
from app.main import create_app
from app.settings import Settings

_ROOT = Path(__file__).parents[1]
_ADDRESS = re.compile(rb"running on (http://127\.0\.0\.1:\d+)")


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


@asynccontextmanager
async def serve_apart(settings: Settings, **variables: str) -> AsyncIterator[tuple[str, Process]]:
    """The address of a server in a process of its own, on the same stores, and the process."""
    stores = {
        name.upper(): getattr(settings, name)
        for name in ("database_url", "auth_database_url", "mongo_url", "redis_url")
    }
    chosen = {"ISTHMUS_ENV": "test", "ISTHMUS_HOME": str(settings.home), **stores, **variables}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app"),
        *("--port", "0", "--ws", "websockets-sansio"),
        cwd=_ROOT,
        env=os.environ | chosen,
        stderr=PIPE,
    )
    assert process.stderr is not None
    log = b""
    try:
        async with asyncio.timeout(60):
            while (found := _ADDRESS.search(log)) is None:
                line = await process.stderr.readline()
                assert line, log
                log += line
        yield found[1].decode(), process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
