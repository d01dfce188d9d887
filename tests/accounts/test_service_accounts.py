"""Service accounts: made by admins, known by their keys, and no more than users."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from app.api.ids import uuid_of
from app.settings import Settings
from app.users.models import User, UserRole, UserSession
from app.users.personal import sealed
from app.users.retention import forget_expired
from app.viewer import Viewer
from tests.accounts.conftest import Desk
from tests.accounts.operations import REVOKE, SESSION, WHO
from tests.accounts.test_decisions import CHANGE_ROLE, DEACTIVATE, REACTIVATE, key
from tests.accounts.test_sessions import ended, listening, refusal
from tests.client import Client, Json
from tests.factories import Person, World
from tests.server import serve
from tests.subscriptions.test_processes import elsewhere  # noqa: F401 - a fixture

USER = f"user {{ id name role isActive sessions {{ nodes {{ {SESSION} }} }} }}"
KEY = f"token session {{ {SESSION} }}"
ERRORS = "errors { code field message }"
CREATE = f"""mutation($name: String!, $key: String!) {{
  serviceAccountCreate(input: {{name: $name, platform: DEED_O, clientKey: $key}}) {{
    serviceAccount {{ {USER} key {{ {KEY} }} }} {ERRORS} }} }}"""
MORE = f"""mutation($id: ID!, $name: String, $key: String!) {{
  serviceKeyCreate(userId: $id, input: {{name: $name, clientKey: $key}}) {{
    {USER} serviceKey {{ {KEY} }} {ERRORS} }} }}"""
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BUDGET = "{ rateLimit { limit } }"


async def create(admin: Person, once: str | None = None) -> Json:
    payload = await admin.client.mutate(CREATE, name="Helper", key=once or key())
    account = payload["serviceAccount"]
    return {"user": account["user"], **_told(account["key"])}


async def more(admin: Person, user_id: str, **values: str) -> Json:
    payload = await admin.client.mutate(MORE, id=user_id, key=key(), **values)
    return {"user": payload["user"], **_told(payload["serviceKey"])}


def _told(made: Json) -> Json:
    return {"key": made["token"], "session": made["session"]}


async def test_a_key_is_who_it_was_made_for(world: World) -> None:
    admin, friend = await world.user(UserRole.ADMIN), await world.user()
    made = await create(admin)
    assert (made["user"]["name"], made["user"]["role"]) == ("Helper", "SERVICE")
    assert made["user"]["sessions"]["nodes"] == [made["session"]]
    assert made["session"]["deviceName"] == made["key"][:12]
    async with Client(world.server_url, made["key"]) as program:
        assert (await program.run(WHO))["viewer"]["id"] == made["user"]["id"]
        # Somebody talks with it, and it answers.
        helper = Person(0, uuid4(), "", made["key"], Viewer(), program)
        start = """mutation($user: ID!, $key: String!) { conversationStart(
          input: {kind: DIRECT, userId: $user, clientKey: $key}) {
            conversation { id } errors { code } } }"""
        talk = await friend.client.mutate(start, user=made["user"]["id"], key=key())
        (said,) = await world.say(helper, talk["conversation"]["id"], "How can I help?")
        assert said["sender"] == {"name": "Helper"}
        with_socket = program.subscribe("subscription { inbox { cursor } }")
        async with with_socket as stream:
            assert await stream.is_silent()


async def test_a_key_is_stored_as_its_hash_and_told_once(world: World) -> None:
    admin, once = await world.user(UserRole.ADMIN), key()
    made, again = await create(admin, once), await create(admin, once)
    assert again == made  # a lost answer is given again
    auth = world.services.auth
    rows: list[str] = []
    async with auth.begin() as tx:
        for table in ("user_sessions", "auth_client_requests", "auth_audit_events", "users"):
            found = await tx.exec_driver_sql(f"SELECT t::text FROM {table} t")  # noqa: S608
            rows += found.scalars().all()
        session = made["session"]["id"]
        assert not any(made["key"] in row for row in rows)
        assert session
        await tx.exec_driver_sql("UPDATE user_sessions SET started_at = now() - interval '1 hour'")
    late = await create(admin, once)
    assert (late["key"], late["session"]["id"]) == (None, session)


async def test_keys_are_rotated_while_they_are_used(desk: Desk, elsewhere: str) -> None:  # noqa: F811
    admin = await desk.world.user(UserRole.ADMIN)
    old = await create(admin)
    new = await more(admin, old["user"]["id"], name="The next")
    assert new["session"]["deviceName"] == "The next"
    assert len(new["user"]["sessions"]["nodes"]) == 2
    async with (
        Client(desk.url, new["key"]) as next_one,
        Client(elsewhere, old["key"]) as far,
        listening(desk.url, old["key"]) as near_stream,
        listening(elsewhere, old["key"]) as far_stream,
    ):
        await far.run(WHO)
        revoked = await admin.client.mutate(REVOKE, id=old["session"]["id"])
        assert revoked["user"]["sessions"]["nodes"] == [{"id": new["session"]["id"]}]
        gone = ("SESSION_REVOKED", "REVOKED")
        ends = await asyncio.gather(ended(near_stream, 2), ended(far_stream, 2))
        assert list(ends) == [(*gone, 4403)] * 2
        assert await refusal(far) == (401, *gone)
        assert (await next_one.run(WHO))["viewer"]["id"] == old["user"]["id"]
    async with serve(desk.services.settings) as (_, url), Client(url, old["key"]) as stranger:
        assert await refusal(stranger) == (401, *gone)


async def test_a_locked_out_service_has_no_key_any_more(world: World) -> None:
    admin = await world.user(UserRole.ADMIN)
    made = await create(admin)
    who = made["user"]["id"]
    await admin.client.mutate(DEACTIVATE, id=who, reason="It talks too much.", key=key())
    async with Client(world.server_url, made["key"]) as program:
        assert await refusal(program) == (401, "SESSION_REVOKED", "DEACTIVATED")
    assert await admin.client.refused(MORE, id=who, key=key()) == "CONFLICT"
    await admin.client.mutate(REACTIVATE, id=who, key=key())
    assert (await more(admin, who))["key"]


async def test_a_service_is_one_for_ever_and_a_user_never(world: World) -> None:
    admin, user = await world.user(UserRole.ADMIN), await world.user()
    made = await create(admin)
    for who, role in ((made["user"]["id"], "ADMIN"), (user.id, "SERVICE")):
        assert await admin.client.refused(CHANGE_ROLE, id=who, role=role, key=key()) == "CONFLICT"
    assert await admin.client.refused(MORE, id=user.id, key=key()) == "CONFLICT"


async def test_an_account_has_few_keys(world: World) -> None:
    admin = await world.user(UserRole.ADMIN)
    who = (await create(admin))["user"]["id"]
    answers = await asyncio.gather(*(admin.client.run(MORE, id=who, key=key()) for _ in range(8)))
    refused = [error["code"] for a in answers for error in a["serviceKeyCreate"]["errors"]]
    assert refused == ["CONFLICT"] * 4


async def test_no_code_is_sent_to_a_service(desk: Desk) -> None:
    admin = await desk.world.user(UserRole.ADMIN)
    who = (await create(admin))["user"]["id"]
    public_id = uuid_of(who, "User", field=[])
    values = sealed(desk.services.accounts.keyring, public_id, {"email": "helper@example.org"})
    async with desk.services.auth.begin() as tx:
        await tx.execute(update(User).where(User.public_id == public_id).values(**values))
    await desk.ask("helper@example.org", "LOGIN")
    assert not desk.mailbox.mail.get("helper@example.org")
    used = await desk.use("helper@example.org", "12345678", "LOGIN")
    assert [error["code"] for error in used["errors"]] == ["INVALID"]


async def test_an_idle_key_goes_on(world: World) -> None:
    admin = await world.user(UserRole.ADMIN)
    made = await create(admin)
    async with world.services.auth.begin() as tx:
        mine = UserSession.extra["device"].as_string() == made["key"][:12]
        await tx.execute(update(UserSession).where(mine).values(last_activity_at=LONG_AGO))
    await forget_expired(world.services.auth, timedelta(days=30))
    async with Client(world.server_url, made["key"]) as program:
        assert (await program.run(WHO))["viewer"]["id"] == made["user"]["id"]


@pytest.mark.parametrize("token", ["isk_", "isk_" + "x" * 43, "isk_" + "x" * 4_000])
async def test_what_is_no_key_is_refused(server_url: str, token: str) -> None:
    async with Client(server_url, token) as client:
        assert (await refusal(client))[:2] == (401, "UNAUTHENTICATED")


async def test_others_see_no_keys(world: World) -> None:
    admin, moderator, user = [
        await world.user(role) for role in (UserRole.ADMIN, UserRole.MODERATOR, UserRole.USER)
    ]
    made = await create(admin)
    query = """query($id: ID!, $key: ID!) {
      user(id: $id) { sessions { nodes { id } } } node(id: $key) { id } }"""
    given = {"id": made["user"]["id"], "key": made["session"]["id"]}
    for other in (moderator, user):
        assert await other.client.run(query, **given) == {"user": {"sessions": None}, "node": None}
        assert await other.client.refused(REVOKE, id=made["session"]["id"]) == "NOT_FOUND"
    # Nor does an admin see where people are signed in.
    assert (await admin.client.run(query, id=user.id, key=given["key"]))["user"]["sessions"] is None


async def test_a_service_has_a_budget_of_its_own(world: World, settings: Settings) -> None:
    admin = await world.user(UserRole.ADMIN)
    made = await create(admin)
    limits = {"rate_limit": 200_000, "service_rate_limit": 700_000}
    async with (
        serve(settings.model_copy(update=limits)) as (_, url),
        Client(url, made["key"]) as program,
        Client(url, admin.token) as person,
    ):
        assert (await program.run(BUDGET))["rateLimit"]["limit"] == 700_000
        assert (await person.run(BUDGET))["rateLimit"]["limit"] == 200_000
