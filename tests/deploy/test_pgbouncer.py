"""Behind a real PgBouncer in transaction mode, which gives a connection away at every commit."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.settings import Settings
from tests.factories import World
from tests.outage.test_stores_away import SCREEN, town
from tests.server import serve
from tests.subscriptions.streams import until

CONFIGURATION = """[databases]
* = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 500
"""


@pytest.fixture
async def bounced(
    settings: Settings, tool: Callable[[str, str], str], tmp_path: Path
) -> AsyncIterator[Settings]:
    """Settings whose two databases are reached through PgBouncer, by two connections each."""
    program = tool("pgbouncer", "apt-get install pgbouncer")
    there = urlsplit(settings.database_url or "")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = free.getsockname()[1]
    file = tmp_path / "pgbouncer.ini"
    file.write_text(
        CONFIGURATION.format(
            host=there.hostname,
            port=there.port,
            user=there.username,
            password=there.password,
            listen=listen,
        )
    )
    not_as_root = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = await asyncio.create_subprocess_exec(program, "-q", *not_as_root, file)

    def through(url: str | None) -> str:
        netloc = f"{there.username}:{there.password}@127.0.0.1:{listen}"
        return urlsplit(url or "")._replace(netloc=netloc).geturl()

    try:
        await until(lambda: is_open(listen))
        yield settings.model_copy(
            update={
                "database_url": through(settings.database_url),
                "auth_database_url": through(settings.auth_database_url),
                "database_prepared_statements": False,
            }
        )
    finally:
        process.terminate()
        await process.wait()


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.covers("B29")
async def test_people_read_and_write_at_once_through_two_connections(bounced: Settings) -> None:
    async with serve(bounced) as (app, url):
        world = World(app.state.services, url)
        me, ids = await town(world)

        answers = await asyncio.gather(
            *(me.client.send(SCREEN, **ids) for _ in range(20)),
            *(world.say(me, ids["conversation"], f"{number}") for number in range(20)),
        )

        assert not [answer for answer in answers if "errors" in answer]
        page = await me.client.run(SCREEN, **ids)
        assert page["conversation"]["messageCount"] == 21
        await world.close()
