"""Two processes' worth of the application, which share a cache."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from app.cache.reads import Cached
from app.cache.records import Cache
from app.services import Services
from app.settings import Settings
from app.stores.redis import Redis
from tests.databases import name_of, own_databases
from tests.factories import World
from tests.server import serve


@dataclass(frozen=True)
class Node:
    """The application with a cache."""

    services: Services
    url: str

    @property
    def cached(self) -> Cached:
        """What it reads through the cache."""
        assert self.services.cached is not None
        return self.services.cached

    @property
    def cache(self) -> Cache:
        """Its side of the cache."""
        return self.cached.cache

    @property
    def redis(self) -> Redis:
        """Where the cache is."""
        return self.cache._redis


async def answering(cache: Cache) -> None:
    """Return when a cache is in use."""
    async with asyncio.timeout(20):
        while cache._broken.is_set():  # noqa: ASYNC110 - it says when it breaks, not when it is mended
            await asyncio.sleep(0.01)


@asynccontextmanager
async def node(settings: Settings) -> AsyncIterator[Node]:
    """The application, when its cache is in use."""
    async with serve(settings) as (app, url):
        served = Node(app.state.services, url)
        await answering(served.cache)
        yield served


@pytest.fixture(scope="session")
async def cached_settings(settings: Settings) -> AsyncIterator[Settings]:
    """Settings with a cache, in this worker's own part of Redis, and databases that stay small.

    Whoever compares the cache with them reads all that there is.
    """
    async with own_databases(settings, f"{name_of(settings.database_url)}_cached") as own:
        yield own.model_copy(update={"cache_redis_url": settings.redis_url})


@pytest.fixture(scope="session")
async def here(cached_settings: Settings) -> AsyncIterator[Node]:
    """One process."""
    async with node(cached_settings) as one:
        yield one


@pytest.fixture(scope="session")
async def there(cached_settings: Settings) -> AsyncIterator[Node]:
    """Another one."""
    async with node(cached_settings) as other:
        yield other


@pytest.fixture
async def world(here: Node) -> AsyncIterator[World]:
    """Makes people, who ask the one process."""
    world = World(here.services, here.url)
    yield world
    await world.close()
