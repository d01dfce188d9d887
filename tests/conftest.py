"""Real stores over real sockets: one set of servers for the run, databases for each worker."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from app.embedded import StoreUrls, start_stores, stop_stores
from app.services import Services
from app.settings import Settings
from tests.client import Client
from tests.databases import named, own_databases
from tests.factories import World
from tests.server import serve

_HOME = "ISTHMUS_TEST_HOME"
_CACHE = "ISTHMUS_TEST_CACHE"  # set to anything: the suite runs with the cache


def pytest_configure(config: pytest.Config) -> None:
    """Choose where the run's stores live; the workers inherit it."""
    if not hasattr(config, "workerinput"):
        os.environ[_HOME] = tempfile.mkdtemp(prefix="isthmus-tests-")
        Path(os.environ[_HOME]).chmod(0o755)  # PostgreSQL, started by root, is another user


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the stores, whichever worker started them."""
    if not hasattr(config, "workerinput"):
        home = Path(os.environ.pop(_HOME))
        stop_stores(home / "stores", durable=False)
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def stores() -> StoreUrls:
    """The addresses of the run's stores."""
    return start_stores(Path(os.environ[_HOME]) / "stores", durable=False).urls


@pytest.fixture(scope="session")
async def settings(stores: StoreUrls, worker_id: str) -> AsyncIterator[Settings]:
    """Settings that point at this worker's own, migrated databases."""
    number = worker_id.removeprefix("gw") if worker_id != "master" else "0"
    redis = named(stores.redis_url, number)
    settings = Settings(
        environment="test",
        home=Path(os.environ[_HOME]) / worker_id,
        database_url=stores.database_url,
        mongo_url=stores.mongo_url,
        redis_url=redis,
        cache_redis_url=redis if _CACHE in os.environ else None,
        sweep_interval=1.0,
        scheduled_interval=3600.0,  # tests send what is due themselves
        presence_snapshot_interval=3600.0,  # it writes what some tests look at
    )
    async with own_databases(settings, f"isthmus_{worker_id}") as own:
        yield own


@pytest.fixture(scope="session")
async def application(settings: Settings) -> AsyncIterator[tuple[Starlette, str]]:
    """The application, served on a port of its own in this event loop."""
    async with serve(settings) as served:
        yield served


@pytest.fixture(scope="session")
def server_url(application: tuple[Starlette, str]) -> str:
    """Where the application is served."""
    return application[1]


@pytest.fixture(scope="session")
def services(application: tuple[Starlette, str]) -> Services:
    """The application's own services."""
    services: Services = application[0].state.services
    return services


@pytest.fixture
async def world(services: Services, server_url: str) -> AsyncIterator[World]:
    """Makes people, whom no other test knows, and what is theirs."""
    world = World(services, server_url)
    yield world
    await world.close()


@pytest.fixture
async def demo_token(world: World) -> str:
    """The bearer token of a new user."""
    return (await world.user()).token


@pytest.fixture
async def anonymous(server_url: str) -> AsyncIterator[Client]:
    """A client that is not signed in."""
    async with Client(server_url) as client:
        yield client
