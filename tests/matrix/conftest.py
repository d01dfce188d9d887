"""Estates to look at and to change."""

from collections.abc import AsyncIterator

import pytest

from app.services import Services
from tests.factories import World
from tests.matrix.estate import Estate, settle


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
