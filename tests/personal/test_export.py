"""An archive has all that is somebody's, table by table, and goes to nobody else."""

import io
import zipfile
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from sqlalchemy import func, select, text

from app.api.ids import uuid_of
from app.migrations.postgres import metadata_of
from app.personal.archive import write_archive
from app.personal.erased import Erased
from app.personal.exporting import check_ticket
from app.personal.inventory import AUTH, MAIN, MONGO
from app.personal.steps import owned_by
from app.services import Services
from app.users.models import UserRole
from tests.accounts.conftest import Desk
from tests.accounts.test_decisions import DEACTIVATE
from tests.chat.test_details import UPDATE as DESCRIBE
from tests.factories import GROUP_CREATE, MEMBER_REMOVE, SEND, START_DIRECT
from tests.personal.canaries import Canaries, plant
from tests.personal.test_erasure import WHO, erase
from tests.personal.test_profile import UPDATE

EXPORT = """mutation($key: String!) { dataExportRequest(input: {clientKey: $key}) {
  dataExport { url expiresAt } errors { code } } }"""
REVOKE = """mutation($key: String!) { sessionRevokeAll(input: {clientKey: $key,
  exceptCurrent: false}) { errors { code } } }"""


def files(archive: bytes) -> dict[str, list[dict[str, Any]]]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {
            name: [orjson.loads(line) for line in opened.read(name).splitlines()]
            for name in opened.namelist()
        }


async def counts(services: Services, user: Erased) -> dict[str, int]:
    """How many rows are somebody's, by where the archive has them."""
    found: dict[str, int] = {}
    for name, store, holdings in (("auth", services.auth, AUTH), ("main", services.main, MAIN)):
        tables = metadata_of("auth" if name == "auth" else "main").tables
        async with store.begin() as tx:
            for table, holding in holdings.items():
                if holding.owners:
                    mine = owned_by(tables[table], holding, user)
                    count = select(func.count()).select_from(tables[table]).where(mine)
                    found[f"{name}/{table}.ndjson"] = (await tx.execute(count)).scalar_one()
    for collection, holding in MONGO.items():
        for owner in holding.owners.split():
            documents = services.mongo.database[collection]
            count_of = await documents.count_documents({owner: user.user_id})
            found[f"documents/{collection}.ndjson"] = count_of
    return found


@pytest.mark.covers("E38")
@pytest.mark.timeout(120)
async def test_the_archive_has_every_row_and_every_word(desk: Desk) -> None:
    ada, ben = await desk.sign_up(), await desk.world.user()
    who = (await ada.client.run(WHO))["viewer"]["id"]
    public_id = uuid_of(who, "User", field=[])
    ((user_id,),) = await desk.sql("SELECT id FROM users WHERE public_id = :id", id=public_id)
    user = Erased(user_id, public_id)
    await ada.client.mutate(GROUP_CREATE, name="Readers", key=uuid4().hex)
    started = await ada.client.mutate(START_DIRECT, user=ben.id, key=uuid4().hex)
    talk = started["conversation"]["id"]
    sent = await ada.client.mutate(SEND, id=talk, text="Good morning", key=uuid4().hex)
    given = {"clientKey": uuid4().hex, "city": "x"}
    await ada.client.mutate(UPDATE, id=who, input=given)
    secret = f"not hers {uuid4().hex}"
    await ben.client.mutate(SEND, id=talk, text=secret, key=uuid4().hex)
    canaries = Canaries(user)
    await plant(desk.services, canaries, uuid_of(sent["message"]["id"], "Message", field=[]))

    made = await ada.client.mutate(EXPORT, key=uuid4().hex)
    async with httpx.AsyncClient(base_url=desk.url) as anybody:
        answer = await anybody.get(made["dataExport"]["url"])

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    found = files(answer.content)
    expected = await counts(desk.services, user)
    # The fetching itself is logged when it is over.
    logged = "main/api_logs.ndjson"
    assert expected.pop(logged) >= len(found.pop(logged)) > 0
    conversations = found.pop("main/conversations.ndjson")
    assert {len(rows) for rows in (conversations,)} == {2}
    assert {name: len(rows) for name, rows in found.items()} == expected
    found["main/conversations.ndjson"] = conversations
    (account,) = found["auth/users.ndjson"]
    assert account["email"] == ada.email
    whole = str(found)
    for word in (canaries.word, *canaries.secret):
        assert word in whole
    for column in canaries.planted:
        place, table, name = column.split(".")
        rows = found.get(f"{'documents' if place == 'mongo' else place}/{table}.ndjson", [])
        assert table in {"api_logs", "message_quarantine"} or any(row.get(name) for row in rows)
    assert secret not in whole
    assert "token_hash" not in whole
    assert "otp_hash" not in whole


async def test_the_archive_tells_nothing_of_what_was_left_nor_of_who_decided(desk: Desk) -> None:
    world = desk.world
    ada, ben, admin = await world.user(), await world.user(), await world.user(UserRole.ADMIN)
    group = await world.group(ada, ben)
    talk = await world.conversation_of(ada, group)
    await ada.client.mutate(MEMBER_REMOVE, group=group, user=ben.id, key=uuid4().hex)
    later = f"among us {uuid4().hex}"
    described = {"summary": later, "clientKey": uuid4().hex}
    await ada.client.mutate(DESCRIBE, id=talk, input=described)
    await admin.client.mutate(DEACTIVATE, id=ben.id, reason="Spam.", key=uuid4().hex)

    user = Erased(ben.user_id, ben.public_id)
    blocks = [block async for block in write_archive(desk.services.eraser.stores, user)]
    found = files(b"".join(blocks))

    assert later not in str(found)
    assert found["main/conversations.ndjson"] == []
    (change,) = found["auth/auth_audit_events.ndjson"]
    assert (change["action"], change["after"]["reason"]) == ("userDeactivate", "Spam.")
    assert (change["actor_id"], change["ip_address"]) == (None, None)


async def test_an_address_is_one_persons_and_ends_with_their_session(desk: Desk) -> None:
    ada = await desk.sign_up()
    url = (await ada.client.mutate(EXPORT, key="k"))["dataExport"]["url"]
    body, _, mac = url.rpartition("/")[2].partition(".")
    async with httpx.AsyncClient(base_url=desk.url) as anybody:
        for other in (f"{body}A.{mac}", f"{body}.{mac[:-2]}AA", "x", f"{body}.", f".{mac}"):
            answer = await anybody.get(f"/exports/{other}")
            assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
        await ada.client.mutate(REVOKE, key="k")
        answer = await anybody.get(url)
        assert (answer.status_code, answer.json()["code"]) == (401, "SESSION_REVOKED")


async def test_an_erased_accounts_address_holds_no_longer(desk: Desk) -> None:
    ada = await desk.sign_up()
    url = (await ada.client.mutate(EXPORT, key="k"))["dataExport"]["url"]
    await erase(desk.services, ada)
    async with httpx.AsyncClient(base_url=desk.url) as anybody:
        assert (await anybody.get(url)).status_code == 401


async def test_an_address_expires(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await desk.world.user()
    url = (await ada.client.mutate(EXPORT, key="k"))["dataExport"]["url"]
    token = url.rpartition("/")[2]
    assert (await check_ticket(desk.services.accounts, token)).user_id == ada.user_id
    monkeypatch.setattr("app.personal.exporting.LIFETIME", timedelta(seconds=-1))
    late = (await ada.client.mutate(EXPORT, key="l"))["dataExport"]["url"]
    async with httpx.AsyncClient(base_url=desk.url) as anybody:
        assert (await anybody.get(late)).status_code == 401


async def test_memory_is_bounded_by_a_batch(desk: Desk) -> None:
    ada, ben = await desk.sign_up(), await desk.world.user()
    who = (await ada.client.run(WHO))["viewer"]["id"]
    public_id = uuid_of(who, "User", field=[])
    ((user_id,),) = await desk.sql("SELECT id FROM users WHERE public_id = :id", id=public_id)
    await ada.client.mutate(START_DIRECT, user=ben.id, key=uuid4().hex)
    async with desk.services.main.begin() as tx:
        await tx.execute(
            text(
                """INSERT INTO usage_ledger (id, user_id, conversation_id)
                   SELECT gen_random_uuid(), :me, gen_random_uuid()
                   FROM generate_series(1, 20000)"""
            ),
            {"me": user_id},
        )
    largest = total = 0
    user = Erased(user_id, public_id)
    async for block in write_archive(desk.services.eraser.stores, user):
        largest, total = max(largest, len(block)), total + len(block)
    assert total > 500_000
    assert largest < 100_000
