"""An application that starts before its stores do."""

import asyncio

import pytest

from app.settings import Settings
from tests.client import Client
from tests.outage.conftest import Break, Frail
from tests.outage.proxy import Proxy
from tests.outage.test_stores_away import SCREEN, SOON, soon, town
from tests.server import serve


@pytest.mark.covers("B24", "C23")
@pytest.mark.parametrize("store", ["main", "auth", "mongo", "redis"])
async def test_a_store_that_is_away_at_the_start_may_come_later(
    store: str, frail: Frail, frail_settings: Settings, proxies: dict[str, Proxy], break_: Break
) -> None:
    me, ids = await town(frail.world)
    await frail.take_away(break_, store)

    async with asyncio.timeout(2 * SOON):
        async with serve(frail_settings) as (_, url), Client(url, me.token) as client:
            data, failed = await soon(client, SCREEN, **ids)
            assert bool(failed) is (store != "redis")
            assert any(data.values())

            await frail.give_back()
            await soon(client, SCREEN, **ids)
            data, failed = await soon(client, SCREEN, **ids)
            assert not failed
            assert data["conversation"]["messageCount"] == 1
