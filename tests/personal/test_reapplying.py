"""Who was erased stays erased, though an older backup that still has them is restored."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.api.ids import uuid_of
from app.errors import OperatorError
from app.migrations.postgres import metadata_of
from app.personal.erased import Erased
from app.personal.inventory import AUTH, MAIN, MONGO
from app.personal.reapplying import Entry, entry_from_json, read_ledger, reapply
from app.services import Services
from tests.accounts.conftest import Desk
from tests.factories import SEND, START_DIRECT
from tests.personal.canaries import Canaries, plant
from tests.personal.conftest import dump
from tests.personal.test_erasure import WHO, erase

# What no backup brings back into a chain that only grows; and the ledger, which is kept apart.
LEFT = {"audit_events", "auth_audit_events", "erasures", "api_logs"}


async def _saved(services: Services, user: Erased) -> dict[str, Any]:
    """What a backup has of somebody."""
    saved: dict[str, Any] = {}
    for name, store, holdings in (("auth", services.auth, AUTH), ("main", services.main, MAIN)):
        async with store.begin() as tx:
            for table, holding in holdings.items():
                owners = " OR ".join(f"{owner} = :me" for owner in holding.owners.split())
                if table == "conversations":
                    owners = "created_by = :me"
                if owners and table not in LEFT:
                    rows = f"SELECT CAST(to_jsonb(t) AS text) FROM {table} t WHERE {owners}"  # noqa: S608
                    saved[f"{name}.{table}"] = list(
                        await tx.scalars(text(rows), {"me": user.user_id})
                    )
    for collection, holding in MONGO.items():
        for owner in holding.owners.split():
            found = services.mongo.database[collection].find({owner: user.user_id})
            saved[f"mongo.{collection}"] = await found.to_list()
    return saved


async def _restore(services: Services, saved: dict[str, Any]) -> None:
    for place, rows in saved.items():
        store, _, name = place.partition(".")
        if store == "mongo":
            for document in rows:
                key = {"_id": document["_id"]}
                await services.mongo.database[name].replace_one(key, document, upsert=True)
            continue
        table = metadata_of("auth" if store == "auth" else "main").tables[name]
        columns = ", ".join(f'"{c.name}"' for c in table.c if c.computed is None)
        keys = ", ".join(f'"{c.name}"' for c in table.primary_key)
        row = f"jsonb_populate_record(NULL::{name}, CAST(:row AS jsonb))"
        async with (services.auth if store == "auth" else services.main).begin() as tx:
            # As a restore does: without triggers and foreign keys.
            await tx.execute(text("SET LOCAL session_replication_role = replica"))
            for values in rows:
                for statement in (
                    f"DELETE FROM {name} WHERE ({keys}) IN (SELECT {keys} FROM {row})",  # noqa: S608
                    f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {row}",  # noqa: S608
                ):
                    await tx.execute(text(statement), {"row": values})


async def _places(services: Services, word: str) -> set[str]:
    return {place async for place, row in dump(services) if word in row}


@pytest.mark.covers("E38")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("ledger_is", ["in the database", "in a file"])
async def test_nothing_comes_back_with_a_backup(desk: Desk, ledger_is: str) -> None:
    services = desk.services
    ada, ben = await desk.sign_up(), await desk.world.user()
    public_id = uuid_of((await ada.client.run(WHO))["viewer"]["id"], "User", field=[])
    ((user_id,),) = await desk.sql("SELECT id FROM users WHERE public_id = :id", id=public_id)
    user = Erased(user_id, public_id)
    started = await ada.client.mutate(START_DIRECT, user=ben.id, key=uuid4().hex)
    talk = started["conversation"]["id"]
    sent = await ada.client.mutate(SEND, id=talk, text="Good morning", key=uuid4().hex)
    group = """mutation($key: String!) { groupCreate(input: {name: "x", clientKey: $key}) {
      group { id } errors { code } } }"""
    await ada.client.mutate(group, key=uuid4().hex)
    given = """mutation($id: ID!, $key: String!) { userUpdate(userId: $id, input: {
      city: "x", clientKey: $key}) { errors { code } } }"""
    await ada.client.mutate(given, id=(await ada.client.run(WHO))["viewer"]["id"], key="k")
    canaries = Canaries(user)
    await plant(services, canaries, uuid_of(sent["message"]["id"], "Message", field=[]))
    saved = await _saved(services, user)
    await erase(services, ada)
    kept = [entry.to_json() for entry in await read_ledger(services.eraser.stores)]
    assert await _places(services, canaries.word) == set()

    await _restore(services, saved)
    assert {"auth.users", "main.messages", "mongo.messages"} <= await _places(
        services, canaries.word
    )
    if ledger_is == "in a file":
        await desk.sql("DELETE FROM erasures WHERE public_id = :id", id=public_id)
    mine = [e for e in map(entry_from_json, kept) if e.public_id == public_id]
    done: list[Entry] = []
    await reapply(services.eraser.stores, mine, done.append)

    assert await _places(services, canaries.word) == set()
    assert public_id in {entry.public_id for entry in done}
    ((completed,),) = await desk.sql(
        "SELECT completed_at IS NOT NULL FROM erasures WHERE public_id = :id", id=public_id
    )
    assert completed


async def test_a_number_that_is_somebody_elses_now_is_refused(desk: Desk) -> None:
    ben = await desk.world.user()
    stranger = uuid4()
    at = "2020-01-01T00:00:00+00:00"
    line = f'{{"user_id": {ben.user_id}, "public_id": "{stranger}", "requested_at": "{at}"}}'
    with pytest.raises(OperatorError, match="another user's now"):
        await reapply(desk.services.eraser.stores, [entry_from_json(line)], lambda _: None)
    assert (await ben.client.run(WHO))["viewer"]["name"] == ben.name
    await desk.sql("DELETE FROM erasures WHERE public_id = :id", id=stranger)


@pytest.mark.parametrize("line", ["", "{}", "[1]", '{"user_id": "x"}'])
def test_a_line_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(OperatorError, match="no line of a ledger"):
        entry_from_json(line)
