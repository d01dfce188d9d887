from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from app.migrations import migrate_up
from app.services import Services
from app.settings import Settings
from tests.server import serve


@pytest.fixture(scope="module")
async def own_settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Empty, migrated databases for one module: what is in them is what its seeds put there."""
    assert settings.database_url is not None
    assert settings.mongo_url is not None
    module = request.module.__name__.rpartition(".")[2]
    name = f"{urlsplit(settings.database_url).path[1:]}_{module}"
    server = await asyncpg.connect(settings.database_url)
    for database in (name, f"{name}_auth"):
        await server.execute(f"CREATE DATABASE {database}")
    await server.close()
    own = settings.model_copy(
        update={
            "database_url": _named(settings.database_url, name),
            "auth_database_url": _named(settings.database_url, f"{name}_auth"),
            "mongo_url": _named(settings.mongo_url, name),
        }
    )
    await migrate_up(own)
    return own


@pytest.fixture(scope="module")
async def own_server(own_settings: Settings) -> AsyncIterator[tuple[Services, str]]:
    """The application on the module's databases, and its address."""
    async with serve(own_settings) as (app, url):
        services: Services = app.state.services
        yield services, url


def _named(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()
