"""A database of its own for each test that counts everything there is."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from app.embedded import StoreUrls
from app.migrations import migrate_up
from app.services import Services
from app.settings import Settings
from app.users.models import UserRole
from tests.factories import Person, World
from tests.server import serve


@pytest.fixture
async def counted(settings: Settings, stores: StoreUrls) -> AsyncIterator[Settings]:
    """Settings whose main database and conversations are this test's alone; nothing is counted.

    Everybody's accounts, so that people can be made; a background count every hour.
    """
    name = f"usage_{uuid4().hex[:12]}"
    assert stores.database_url is not None
    assert stores.mongo_url is not None
    server = await asyncpg.connect(stores.database_url)
    await server.execute(f"CREATE DATABASE {name}")
    own = settings.model_copy(
        update={
            "database_url": _named(stores.database_url, name),
            "mongo_url": _named(stores.mongo_url, name),
            "usage_count_interval": 3600.0,
        }
    )
    await migrate_up(own)
    yield own
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


def _named(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()


@pytest.fixture
async def own_world(counted: Settings) -> AsyncIterator[World]:
    """People on the application with a main database of its own."""
    async with serve(counted) as (app, url):
        world = World(app.state.services, url)
        yield world
        await world.close()


@pytest.fixture
def own(own_world: World) -> Services:
    """That application's services."""
    return own_world.services


@pytest.fixture
async def admin(own_world: World) -> Person:
    """Who may read reports."""
    return await own_world.user(UserRole.ADMIN)
