"""A main database of the domains' own, and new people for each test to share it by."""

from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

import app.audit.models
import app.chat.models
import app.groups.models
import app.products.models  # noqa: F401 - the tables that `create_all` is to know
from app.settings import Settings
from app.stores.postgres import Postgres
from app.stores.tables import MainBase
from app.viewer import Viewer

_numbers = count(1)

NewViewer = Callable[..., Viewer]


@pytest.fixture(scope="session")
async def main(stores: Any) -> AsyncIterator[Postgres]:
    """The main database, whose tests tell their rows apart by their people."""
    name = f"domains_{uuid4().hex}"
    server = await asyncpg.connect(stores.database_url)
    await server.execute(f"CREATE DATABASE {name}")
    url = urlsplit(stores.database_url)._replace(path=f"/{name}").geturl()
    database = Postgres(url, Settings())
    async with database.begin() as tx:
        await tx.run_sync(MainBase.metadata.create_all)
    yield database
    await database.close()
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


@pytest.fixture
def new_viewer() -> NewViewer:
    """Makes somebody whom no other test knows."""
    return lambda role="user": Viewer(next(_numbers), uuid4(), role)


@pytest.fixture
def viewer(new_viewer: NewViewer) -> Viewer:
    return new_viewer()


@pytest.fixture
def staff(new_viewer: NewViewer) -> Viewer:
    return new_viewer("moderator")
