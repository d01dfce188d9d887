"""A Redis of its own for the tests that count its clients, break its connections or stop it."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.embedded import start_stores, stop_stores
from app.services import Services
from app.settings import Settings
from tests.factories import World
from tests.server import serve


@dataclass(frozen=True)
class OwnRedis:
    """A server that can be stopped and started again at the same address."""

    home: Path

    def start(self) -> str:
        url = start_stores(self.home, only={"redis"}, durable=False).urls.redis_url
        assert url is not None
        return url

    def stop(self) -> None:
        stop_stores(self.home, durable=False)


@dataclass(frozen=True)
class Node:
    """One more process's worth of the application, in this one."""

    services: Services
    url: str
    world: World


@pytest.fixture(scope="module")
def own_redis() -> Iterator[OwnRedis]:
    """Started, and empty."""
    home = Path(tempfile.mkdtemp(prefix="isthmus-redis-"))
    redis = OwnRedis(home)
    try:
        redis.start()
        yield redis
    finally:
        redis.stop()
        shutil.rmtree(home)


@pytest.fixture
async def node(own_redis: OwnRedis, settings: Settings) -> AsyncIterator[Node]:
    """The application on that Redis and on everybody's databases."""
    mine = settings.model_copy(update={"redis_url": own_redis.start()})
    async with serve(mine) as (app, url):
        world = World(app.state.services, url)
        yield Node(app.state.services, url, world)
        await world.close()
