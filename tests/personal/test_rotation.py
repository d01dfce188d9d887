"""Keys change while people read and write: nothing is lost, and the old key falls out of use."""

import asyncio
import os
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.migrations import migrate_up
from app.personal import rotation
from app.personal.rotation import keys_in_use, rotate
from app.sealing import Keyring, Unsealable
from app.services import Services
from app.users.personal import unsealed
from tests.factories import Person, World
from tests.migrations.conftest import NewSettings, new_settings  # noqa: F401 - a fixture
from tests.server import serve

OLD, NEW, INDEX = (os.urandom(32) for _ in range(3))
CITY = "{ viewer { personal { city email } } }"
MOVE = """mutation($id: ID!, $city: String!, $key: String!) {
  userUpdate(userId: $id, input: {city: $city, clientKey: $key}) { errors { code } } }"""


def keys(*ring: bytes) -> dict[str, Any]:
    data, index = ([SecretStr(b64encode(k).decode()) for k in ks] for ks in (ring, [INDEX]))
    return {"personal_data_keys": tuple(data), "personal_index_key": index[0]}


async def _live(person: Person, end: asyncio.Event) -> str:
    """Move from city to city, and find oneself where one has moved to; the last city."""
    number = 0
    while not end.is_set() or number < 3:
        number += 1
        city = f"{person.name} city {number}"
        await person.client.mutate(MOVE, id=person.id, city=city, key=str(number))
        seen = (await person.client.run(CITY))["viewer"]["personal"]
        assert seen["city"] == city
        assert seen["email"].endswith("@example.org")
    return city


async def _opened(services: Services, ring: Keyring) -> dict[int, dict[str, str | None]]:
    async with services.auth.begin() as tx:
        rows = (await tx.execute(text("SELECT * FROM users"))).mappings().all()
    return {row["id"]: unsealed(ring, dict(row)) for row in rows}


@pytest.mark.covers("E38", "B38")
async def test_keys_change_under_load(
    new_settings: NewSettings,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rotation, "_BATCH", 7)
    settings = (await new_settings()).model_copy(
        update={"environment": "test", "home": tmp_path, "rate_limit": 0}
    )
    await migrate_up(settings)
    before = settings.model_copy(update=keys(OLD, NEW))
    after = settings.model_copy(update=keys(NEW, OLD))
    end = asyncio.Event()
    async with serve(before) as (old_app, old_url), serve(after) as (new_app, new_url):
        old, new = old_app.state.services, new_app.state.services
        for_old, for_new = World(old, old_url), World(new, new_url)
        still = [await for_old.user(city=f"Still {n}", ethnicity="Sami") for n in range(40)]
        moving = [await world.user(city="?") for world in (for_old, for_new) for _ in range(3)]
        living = [asyncio.create_task(_live(person, end)) for person in moving]
        stores = new.eraser.stores

        sealed = await rotate(stores, lambda _: None)
        end.set()
        last = await asyncio.gather(*living)
        # Who still had the old order of keys has sealed under the old one meanwhile.
        await rotate(stores, lambda _: None)

        assert sealed >= 3 * len(still)
        assert set(await keys_in_use(stores)) == {stores.keyring.newest}
        found = await _opened(new, Keyring([NEW], INDEX))
        assert {found[p.user_id]["city"] for p in still} == {f"Still {n}" for n in range(40)}
        assert all(found[p.user_id]["ethnicity"] == "Sami" for p in still)
        assert [found[p.user_id]["city"] for p in moving] == last
        assert await rotate(stores, lambda _: None) == 0
        for world in (for_old, for_new):
            await world.close()


async def test_a_value_that_changes_under_the_rotation_stays(
    new_settings: NewSettings,  # noqa: F811
    tmp_path: Path,
) -> None:
    settings = (await new_settings()).model_copy(update={"environment": "test", "home": tmp_path})
    await migrate_up(settings)
    async with serve(settings.model_copy(update=keys(OLD))) as (app, url):
        world = World(app.state.services, url)
        ada = await world.user(city="Bergen", gender="woman")
        await world.close()
    async with serve(settings.model_copy(update=keys(NEW, OLD))) as (app, url):
        services: Services = app.state.services
        stores, ring = services.eraser.stores, services.accounts.keyring
        rows = await rotation._read(stores, 0)
        changes = [rotation._change(ring, row) for row in rows]
        moved = ring.seal("Oslo", "users", "city", ada.public_id)
        async with services.auth.begin() as tx:
            await tx.execute(text("UPDATE users SET city = :city"), {"city": moved})
            await tx.execute(rotation._REPLACE, [change for change in changes if change])
        found = (await _opened(services, Keyring([NEW], INDEX)))[ada.user_id]
    assert (found["city"], found["gender"]) == ("Oslo", "woman")


async def test_a_missing_key_is_named_and_nothing_is_lost(
    new_settings: NewSettings,  # noqa: F811
    tmp_path: Path,
) -> None:
    settings = (await new_settings()).model_copy(update={"environment": "test", "home": tmp_path})
    await migrate_up(settings)
    async with serve(settings.model_copy(update=keys(OLD))) as (app, url):
        world = World(app.state.services, url)
        ada = await world.user(city="Bergen")
        await world.close()
    async with serve(settings.model_copy(update=keys(NEW))) as (app, _):
        with pytest.raises(Unsealable, match="PERSONAL_DATA_KEYS has not"):
            await rotate(app.state.services.eraser.stores, lambda _: None)
        found = await _opened(app.state.services, Keyring([OLD], INDEX))
    assert found[ada.user_id]["city"] == "Bergen"
