"""MongoDB's migrations: applied once each, finished after a kill, by one runner at a time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from beanie import init_beanie

from app.chat.documents import DOCUMENTS
from app.migrations import MigrationError, mongo, new_migration
from app.settings import Settings
from app.stores.mongo import Mongo

NAMES = mongo._names()


@pytest.fixture
async def empty(settings: Settings) -> AsyncIterator[Mongo]:
    """A MongoDB database with nothing in it, the one that `settings` names."""
    store = Mongo(settings.mongo_url or "", settings)
    yield store
    await store.close()


async def _applied(store: Mongo) -> list[str]:
    return [row["_id"] async for row in store.database["schema_migrations"].find({})]


async def _indexes(store: Mongo, collection: str) -> dict[str, Any]:
    found = await store.database[collection].index_information()
    return {
        name: (index["key"], index.get("unique", False))
        for name, index in found.items()
        if name != "_id_"
    }


@pytest.mark.covers("A16", "C15")
async def test_indexes_are_those_of_the_documents(empty: Mongo) -> None:
    """C15: the application ensures them at start, and finds them made by the migration."""
    await mongo.upgrade(empty.database)
    wanted = {
        model.Settings.name: {
            index.document["name"]: (
                list(index.document["key"].items()),
                index.document.get("unique", False),
            )
            for index in getattr(model.Settings, "indexes", [])
        }
        for model in DOCUMENTS
    }

    assert {name: await _indexes(empty, name) for name in wanted} == wanted
    await init_beanie(database=empty.database, document_models=list(DOCUMENTS))
    assert {name: await _indexes(empty, name) for name in wanted} == wanted


async def test_killed_run_is_finished_and_overwrites_nothing(empty: Mongo) -> None:
    await mongo.upgrade(empty.database)
    changed = {"epoch": 2, "mode": "pg_only", "era": 2}
    await empty.database["store_state"].update_one({"_id": "mode"}, {"$set": changed})
    # As if the run had been killed between the change and the record of it.
    await empty.database["schema_migrations"].delete_many({})

    await mongo.upgrade(empty.database)

    state = await empty.database["store_state"].find_one({"_id": "mode"})
    assert state == {"_id": "mode"} | changed
    assert await _applied(empty) == NAMES


async def test_expired_lease_is_taken_over(empty: Mongo) -> None:
    dead = {"_id": "lock", "owner": "dead", "until": datetime.now(UTC) - timedelta(seconds=1)}
    await empty.database["schema_migrations"].insert_one(dead)

    await mongo.upgrade(empty.database)

    assert await _applied(empty) == NAMES


async def test_held_lease_is_respected(empty: Mongo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo, "_PATIENCE", timedelta(seconds=0.2))
    held = {"_id": "lock", "owner": "alive", "until": datetime.now(UTC) + timedelta(seconds=30)}
    await empty.database["schema_migrations"].insert_one(held)

    with pytest.raises(MigrationError, match="another process"):
        await mongo.upgrade(empty.database)

    assert await empty.database.list_collection_names() == ["schema_migrations"]


@pytest.mark.covers("B23", "D27")
async def test_new_migration_is_numbered_applied_and_taken_back(
    empty: Mongo, settings: Settings, own_migrations: Path
) -> None:
    await mongo.upgrade(empty.database)

    written = await new_migration(settings, "mongo", "Index the client keys")

    name = f"{len(NAMES) + 1:04d}_index_the_client_keys"
    assert written == own_migrations / "mongo" / f"{name}.py"
    # As it was written it refuses to run, and is not recorded.
    with pytest.raises(NotImplementedError):
        await mongo.upgrade(empty.database)
    assert await _applied(empty) == NAMES

    text = written.read_text()
    for body in (
        'await db["messages"].create_index("client_key", name="client_key")',
        'await db["messages"].drop_index("client_key")',
    ):
        text = text.replace("raise NotImplementedError", body, 1)
    written.write_text(text)
    await mongo.upgrade(empty.database)
    assert "client_key" in await _indexes(empty, "messages")
    await mongo.downgrade(empty.database, steps=1)
    assert "client_key" not in await _indexes(empty, "messages")
    *_, last = await mongo.revisions(empty.database)
    assert last == (name, "Index the client keys", False)


async def test_down_too_far_is_refused(empty: Mongo) -> None:
    await mongo.upgrade(empty.database)
    with pytest.raises(MigrationError, match="migrations to take back, not"):
        await mongo.downgrade(empty.database, steps=len(NAMES) + 1)
    assert await _applied(empty) == NAMES
