"""One world of twenty of everything, and the application with every store command heard."""

from collections.abc import AsyncIterator

import httpx
import pytest
from pymongo import monitoring
from starlette.applications import Starlette

from app.main import create_app
from app.services import Services
from app.settings import Settings
from tests.client import Client
from tests.factories import World
from tests.operations.commands import MongoCommands, watch
from tests.operations.village import Village, settle


@pytest.fixture(scope="session")
async def heard(settings: Settings) -> AsyncIterator[Starlette]:
    """The application, in the test's own task, on stores of its own whose commands are heard."""
    monitoring.register(MongoCommands())
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        with pytest.MonkeyPatch.context() as patch:
            watch(app.state.services, patch)
            yield app


@pytest.fixture(scope="session")
async def village(services: Services, server_url: str) -> AsyncIterator[Village]:
    """People, their products, groups, conversations and messages, all known to one viewer."""
    world = World(services, server_url)
    yield await settle(world)
    await world.close()


@pytest.fixture
async def viewer(heard: Starlette, village: Village) -> AsyncIterator[Client]:
    """The village's viewer, whose commands are heard."""
    transport = httpx.ASGITransport(heard)
    async with Client("http://village", village.viewer.token, transport=transport) as client:
        # Redis is given its scripts when they are first run.
        await client.run("{ viewer { isOnline } }")
        yield client
