"""A server where answers are soon abandoned, on a Redis that a test may empty or stop."""

from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from tests.factories import World
from tests.server import serve
from tests.subscriptions.conftest import Node, OwnRedis, own_redis  # noqa: F401 - a fixture

TTL = 3.0  # seconds


@pytest.fixture
def hasty(own_redis: OwnRedis, settings: Settings) -> Settings:  # noqa: F811
    """Settings of that server."""
    return settings.model_copy(
        update={"redis_url": own_redis.start(), "answer_ttl": TTL, "sweep_interval": 0.3}
    )


@pytest.fixture
async def node(hasty: Settings) -> AsyncIterator[Node]:
    """The server."""
    async with serve(hasty) as (app, url):
        world = World(app.state.services, url)
        yield Node(app.state.services, url, world)
        await world.close()
