"""Servers that the tests of the transport share, and clients of them."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from tests.client import NO_TLS
from tests.transport.serving import Served, serving


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """A server with the default limits."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def hasty() -> Iterator[Served]:
    """A server whose limits a test can wait for."""
    with serving(
        body_timeout=0.4,
        operation_timeout=0.4,
        socket_init_timeout=0.3,
        socket_send_timeout=0.5,
        socket_max_operations=3,
        max_body_bytes=2048,
        explorer=False,
    ) as server:
        yield server


@pytest.fixture(scope="session")
def fenced() -> Iterator[Served]:
    """A server that one other origin may use."""
    with serving(allowed_origins=("https://chat.example/",)) as server:
        yield server


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """One connection for many requests."""
    with httpx.Client() as client:
        yield client


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.origin, verify=NO_TLS) as client:
        yield client


@pytest.fixture
async def ws(served: Served) -> AsyncIterator[ClientConnection]:
    """A socket whose connection is acknowledged."""
    async with served.connect() as connection:
        await connection.send('{"type":"connection_init"}')
        assert await connection.recv() == '{"type":"connection_ack"}'
        yield connection
