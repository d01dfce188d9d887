"""Estates to look at and to change, in databases where nothing else is.

Whoever looks for traces reads all that there is.
"""

from collections.abc import AsyncIterator

import pytest

from app.services import Services
from app.settings import Settings
from tests.databases import name_of, named, own_databases
from tests.factories import World
from tests.matrix.estate import Estate
from tests.matrix.settling import settle
from tests.server import serve

# Of the 16 databases of a Redis, beyond the workers' own.
_FURTHER = 8


@pytest.fixture(scope="session")
async def matrix_settings(settings: Settings) -> AsyncIterator[Settings]:
    """The matrix's databases, and a part of Redis in which no other tests' calls are counted."""
    number = int(name_of(settings.redis_url)) + _FURTHER
    elsewhere = settings.model_copy(update={"redis_url": named(settings.redis_url, str(number))})
    async with own_databases(elsewhere, f"{name_of(settings.database_url)}_matrix") as own:
        yield own


@pytest.fixture(scope="session")
async def matrix_server(matrix_settings: Settings) -> AsyncIterator[tuple[Services, str]]:
    """The application on them, and its address."""
    async with serve(matrix_settings) as (app, url):
        services: Services = app.state.services
        yield services, url


@pytest.fixture(scope="session")
def services(matrix_server: tuple[Services, str]) -> Services:
    """The services of the matrix's application."""
    return matrix_server[0]


@pytest.fixture(scope="session")
def server_url(matrix_server: tuple[Services, str]) -> str:
    """Where it is served."""
    return matrix_server[1]


@pytest.fixture(scope="session")
async def estate(services: Services, server_url: str) -> AsyncIterator[Estate]:
    """Somebody in each role, and an object of each kind; nothing changes it."""
    estate = await settle(World(services, server_url))
    yield estate
    await estate.close()


@pytest.fixture(scope="module")
async def workshop(services: Services, server_url: str) -> AsyncIterator[Estate]:
    """An estate to change, of a module's own: what others did in one would fill its lists."""
    workshop = await settle(World(services, server_url))
    yield workshop
    await workshop.close()
