"""The application behind a network that the tests break."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from app.services import Services
from app.settings import Settings
from tests.factories import World
from tests.outage.proxy import Proxy
from tests.server import serve

Break = Callable[[Proxy], Awaitable[None]]

URLS = {
    "main": "database_url",
    "auth": "auth_database_url",
    "mongo": "mongo_url",
    "redis": "redis_url",
}
TIMEOUTS = {"database_timeout": 1.0, "mongo_timeout": 1.0}


@dataclass(frozen=True)
class Frail:
    """An application whose stores can be taken away."""

    services: Services
    world: World
    stores: dict[str, Proxy]

    async def take_away(self, break_: Break, *names: str) -> None:
        """Break the way to these stores."""
        for name in names:
            await break_(self.stores[name])

    async def give_back(self) -> None:
        """Mend the way to every store."""
        for proxy in self.stores.values():
            await proxy.open()


@pytest.fixture(scope="session")
async def proxies(settings: Settings) -> AsyncIterator[dict[str, Proxy]]:
    """The ways to the stores."""
    proxies = {name: Proxy(getattr(settings, field)) for name, field in URLS.items()}
    for proxy in proxies.values():
        await proxy.open()
    yield proxies
    for proxy in proxies.values():
        await proxy.cut()


@pytest.fixture(scope="session")
def frail_settings(settings: Settings, proxies: dict[str, Proxy]) -> Settings:
    """Settings that lead through the proxies, and give up soon."""
    urls = {URLS[name]: proxy.url for name, proxy in proxies.items()}
    return settings.model_copy(update={**urls, **TIMEOUTS})


@pytest.fixture
async def frail(frail_settings: Settings, proxies: dict[str, Proxy]) -> AsyncIterator[Frail]:
    """The application, with every store in its place."""
    async with serve(frail_settings) as (app, url):
        world = World(app.state.services, url)
        frail = Frail(app.state.services, world, proxies)
        yield frail
        await frail.give_back()
        await world.close()


@pytest.fixture(params=[Proxy.cut, Proxy.stall], ids=["refused", "silent"])
def break_(request: pytest.FixtureRequest) -> Break:
    """How a store is taken away: its port refuses, or nothing answers any more."""
    chosen: Break = request.param
    return chosen
