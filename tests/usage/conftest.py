"""A database of its own for each test that counts everything there is."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.migrations import migrate_up
from app.services import Services
from app.settings import Settings
from app.users.models import UserRole
from tests.databases import created, name_of, named, own_databases
from tests.factories import Person, World
from tests.server import serve


@pytest.fixture(scope="session")
async def uncounted(settings: Settings) -> AsyncIterator[Settings]:
    """Settings whose databases stay empty, to be copied: a copy takes a tenth of a migration."""
    async with own_databases(settings, f"{name_of(settings.database_url)}_uncounted") as own:
        yield own


@pytest.fixture
async def counted(settings: Settings, uncounted: Settings) -> AsyncIterator[Settings]:
    """Settings whose main database and conversations are this test's alone; nothing is counted.

    Everybody's accounts, so that people can be made; a background count every hour.
    """
    name = f"usage_{uuid4().hex[:12]}"
    own = settings.model_copy(
        update={
            "database_url": named(settings.database_url, name),
            "mongo_url": named(settings.mongo_url, name),
            "usage_count_interval": 3600.0,
        }
    )
    async with created(settings.database_url, name, template=name_of(uncounted.database_url)):
        await migrate_up(own)
        yield own


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
