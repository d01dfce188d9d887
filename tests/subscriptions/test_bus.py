"""The one connection by which a process hears is everybody's: no one who leaves takes it along."""

import asyncio
from uuid import uuid4

import pytest

from app.bus import Bus
from app.services import Services
from tests.subscriptions.streams import until


@pytest.mark.covers("C26")
@pytest.mark.parametrize("leaving", ["listen", "ignore"])
async def test_who_is_cancelled_while_subscribing_leaves_the_connection_to_others(
    services: Services, leaving: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus, stays, leaves = Bus(services.redis), uuid4().hex, uuid4().hex
    heard: list[bytes] = []
    bus.start()
    await until(lambda: bus._connection is not None)
    await bus.listen({stays: heard.append})
    if leaving == "ignore":
        await bus.listen({leaves: heard.append})
    connection = bus._connection
    assert connection is not None
    begun, release = asyncio.Event(), asyncio.Event()

    async def drain() -> None:
        begun.set()
        await release.wait()

    with monkeypatch.context() as patch:
        patch.setattr(connection._writer, "drain", drain)
        under_way = asyncio.create_task(getattr(bus, leaving)({leaves: heard.append}))
        await begun.wait()
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
        release.set()

    await services.bus.publish(stays, b"still here")
    await until(lambda: heard)
    assert heard == [b"still here"]
    assert bus._connection is connection
    await bus.close()
