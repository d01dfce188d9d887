"""Databases of their own for migrations, empty or migrated, inside the suite's servers."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from beanie import init_beanie

from app.chat.documents import DOCUMENTS
from app.migrations import migrate_up, postgres
from app.settings import Settings
from app.stores.mongo import Mongo
from tests.databases import created, named

NewSettings = Callable[..., Awaitable[Settings]]


@asynccontextmanager
async def _settings(stores: Any, *, one_database: bool) -> AsyncIterator[Settings]:
    name = f"migrations_{uuid4().hex}"
    main, auth = name, name if one_database else f"{name}_auth"
    settings = Settings(
        database_url=named(stores.database_url, main),
        auth_database_url=named(stores.database_url, auth),
        mongo_url=named(stores.mongo_url, name),
        redis_url=stores.redis_url,
    )
    async with created(stores.database_url, *{main, auth}):
        yield settings
        mongo = Mongo(stores.mongo_url, settings)
        await mongo.client.drop_database(name)
        await mongo.close()


@pytest.fixture
async def new_settings(stores: Any) -> AsyncIterator[NewSettings]:
    """Settings that point at empty databases; `one_database=True` for a single PostgreSQL one."""
    async with AsyncExitStack() as stack:

        async def make(*, one_database: bool = False) -> Settings:
            return await stack.enter_async_context(_settings(stores, one_database=one_database))

        yield make


@pytest.fixture
async def settings(new_settings: NewSettings) -> Settings:
    return await new_settings()


@pytest.fixture(scope="module")
async def migrated(stores: Any) -> AsyncIterator[Settings]:
    """Settings that point at migrated databases, which a module shares and must not change."""
    async with _settings(stores, one_database=False) as settings:
        await migrate_up(settings)
        yield settings


@pytest.fixture(scope="module")
async def store(migrated: Settings) -> AsyncIterator[Mongo]:
    """The migrated MongoDB database, the documents ready."""
    store = Mongo(migrated.mongo_url or "", migrated)
    await init_beanie(database=store.database, document_models=list(DOCUMENTS))
    yield store
    await store.close()


@pytest.fixture
def own_migrations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the migrations that a test may change; the application uses it."""
    root = tmp_path / "migrations"
    shutil.copytree(postgres.ROOT, root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(postgres, "ROOT", root)
    return root
