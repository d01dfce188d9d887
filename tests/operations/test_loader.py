"""A dataloader's records are shared by branches of an operation, and not their ends."""

import asyncio

from app.api.ids import uuid_of
from app.api.loaders import Loaders
from app.services import Services
from app.users.queries import UserRecord
from app.viewer import Viewer
from tests.factories import World


async def test_a_branch_that_is_cancelled_takes_no_record_from_another(
    world: World, services: Services
) -> None:
    (ben,) = await world.users(1)
    loaders = Loaders(Viewer(1), services)
    key = uuid_of(ben.id, "User", field=[])

    async def branch() -> UserRecord | None:
        return await loaders.user_by_public_id.load(key)

    cancelled, other = asyncio.create_task(branch()), asyncio.create_task(branch())
    await asyncio.sleep(0)
    cancelled.cancel()
    found = await other
    assert found is not None
    assert found.name == ben.name
    assert cancelled.cancelled()
