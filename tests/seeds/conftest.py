from collections.abc import AsyncIterator

import pytest

from app.services import Services
from app.settings import Settings
from tests.databases import name_of, own_databases
from tests.server import serve


@pytest.fixture(scope="module")
async def own_settings(
    settings: Settings, request: pytest.FixtureRequest
) -> AsyncIterator[Settings]:
    """Empty, migrated databases for one module: what is in them is what its seeds put there."""
    module = request.module.__name__.rpartition(".")[2]
    async with own_databases(settings, f"{name_of(settings.database_url)}_{module}") as own:
        yield own


@pytest.fixture(scope="module")
async def own_server(own_settings: Settings) -> AsyncIterator[tuple[Services, str]]:
    """The application on the module's databases, and its address."""
    async with serve(own_settings) as (app, url):
        services: Services = app.state.services
        yield services, url
