"""The application again, with the protections that the other tests leave off."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from app.settings import Settings
from tests.security.certificates import Authority
from tests.server import serve

Serving = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture
def serving(settings: Settings) -> Serving:
    """Serves the application on this worker's stores, with some settings changed."""

    @asynccontextmanager
    async def started(**changed: Any) -> AsyncIterator[str]:
        async with serve(settings.model_copy(update=changed)) as (_, url):
            yield url

    return started


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that the tests' servers have their certificates from."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def production() -> dict[str, Any]:
    """Settings that production starts with."""
    return {
        "environment": "production",
        "database_url": "postgresql://isthmus:secret@db.example/isthmus?sslmode=verify-full",
        "auth_database_url": "postgresql://auth:secret@db.example/auth?sslmode=verify-full",
        "mongo_url": "mongodb://isthmus:secret@mongo.example/isthmus?tls=true",
        "redis_url": "rediss://:secret@redis.example:6379/0",
        "auth_private_key": SecretStr("a key"),
        "personal_data_keys": (SecretStr("A" * 43 + "="),),
        "personal_index_key": SecretStr("B" * 43 + "="),
    }
