"""Sessions: listed, revoked, and what their end does to requests and open sockets everywhere."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from websockets.exceptions import ConnectionClosed

from app.settings import Settings
from app.users.retention import forget_expired
from tests.accounts.conftest import Desk, SignedIn
from tests.accounts.operations import REVOKE, REVOKE_ALL, SESSIONS, WHO
from tests.client import Client, Json, Stream
from tests.outage.proxy import Proxy
from tests.server import serve
from tests.subscriptions.conftest import OwnRedis, own_redis  # noqa: F401 - a fixture
from tests.subscriptions.streams import INBOX

BAN = "UPDATE users SET is_active = false WHERE email_index = :email"
CLOSE = "UPDATE users SET status = 'inactive' WHERE email_index = :email"
PROMOTE = "UPDATE users SET role = 'moderator' WHERE email_index = :email"


async def sessions_of(client: Client) -> list[Json]:
    found: list[Json] = (await client.run(SESSIONS))["viewer"]["sessions"]["nodes"]
    return found


async def refusal(client: Client) -> tuple[int, str, str]:
    """Status, code and reason of a request that is refused."""
    response = await client.http.post("/graphql", json={"query": WHO})
    (error,) = response.json()["errors"]
    extensions = error["extensions"]
    return response.status_code, extensions["code"], extensions.get("reason")


async def until_refused(client: Client, seconds: float) -> tuple[int, str, str]:
    async with asyncio.timeout(seconds):
        while "errors" not in await client.send(WHO):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return await refusal(client)


async def ended(stream: Stream, seconds: float) -> tuple[str, str, int]:
    """Code and reason of the error that ends a subscription, and the code of the close."""
    message = await stream._message(seconds)
    assert message["type"] == "error", message
    (error,) = message["payload"]
    with pytest.raises(ConnectionClosed) as closed:
        await stream._message(seconds)
    assert closed.value.rcvd is not None
    return error["extensions"]["code"], error["extensions"].get("reason"), closed.value.rcvd.code


@asynccontextmanager
async def listening(url: str, token: str) -> AsyncIterator[Stream]:
    """An idle subscription on a server."""
    async with Client(url, token) as client, client.subscribe(INBOX) as stream:
        yield stream


async def test_a_user_is_told_where_they_sign_in_and_out(desk: Desk) -> None:
    one, other = await desk.sign_up(), await desk.sign_up()
    query = "subscription { viewerChanged { viewer { sessions { nodes { deviceName } } } } }"

    async def devices(stream: Stream) -> list[str | None]:
        found = (await stream.next())["viewer"]["sessions"]["nodes"]
        return [session["deviceName"] for session in found]

    async with one.client.subscribe(query) as mine, other.client.subscribe(query) as theirs:
        assert await devices(mine) == [None]
        assert await devices(theirs) == [None]
        second = await desk.sign_in(one.email, device="A tablet")
        assert await devices(mine) == ["A tablet", None]
        session = (await sessions_of(second.client))[0]["id"]
        await second.client.mutate(REVOKE, id=session)
        assert await devices(mine) == [None]
        assert await theirs.is_silent()


async def test_a_user_sees_their_own_sessions_alone(desk: Desk) -> None:
    one, other = await desk.sign_up(), await desk.sign_up()
    second = await desk.sign_in(one.email, device="A tablet")

    newest, oldest = await sessions_of(second.client)

    assert (newest["deviceName"], newest["isCurrent"]) == ("A tablet", True)
    assert (oldest["deviceName"], oldest["isCurrent"]) == (None, False)
    query = "query($id: ID!) { node(id: $id) { ... on Session { id isCurrent } } }"
    mine = await one.client.run(query, id=newest["id"])
    assert mine["node"] == {"id": newest["id"], "isCurrent": False}
    assert (await other.client.run(query, id=newest["id"]))["node"] is None
    assert (await desk.anonymous.run(query, id=newest["id"]))["node"] is None
    assert await other.client.refused(REVOKE, id=newest["id"]) == "NOT_FOUND"
    me = (await one.client.run(WHO))["viewer"]["id"]
    nested = "query($id: ID!) { user(id: $id) { sessions { nodes { id } } } }"
    assert (await other.client.run(nested, id=me))["user"]["sessions"] is None


async def test_a_revoked_session_ends_in_every_process(desk: Desk, elsewhere: str) -> None:
    lost = await desk.sign_up()
    kept = await desk.sign_in(lost.email)
    async with (
        Client(elsewhere, lost.access_token) as far,
        listening(desk.url, lost.access_token) as near_stream,
        listening(elsewhere, lost.access_token) as far_stream,
        listening(elsewhere, kept.access_token) as kept_stream,
    ):
        await far.run(WHO)  # so that it is known there to go on
        (theirs,) = [s for s in await sessions_of(lost.client) if s["isCurrent"]]

        began = time.monotonic()
        payload = await kept.client.mutate(REVOKE, id=theirs["id"])

        assert len(payload["user"]["sessions"]["nodes"]) == 1
        revoked = ("SESSION_REVOKED", "REVOKED")
        ends = await asyncio.gather(ended(near_stream, 2), ended(far_stream, 2))
        assert list(ends) == [(*revoked, 4403)] * 2
        assert time.monotonic() - began < 2
        assert await refusal(lost.client) == (401, *revoked)
        assert await refusal(far) == (401, *revoked)
        assert await kept_stream.is_silent(0.2)
    assert (await kept.client.mutate(REVOKE, id=theirs["id"]))["user"]  # harmless if repeated


@pytest.mark.parametrize(
    ("change", "reason"), [(BAN, "DEACTIVATED"), (CLOSE, "DEACTIVATED"), (PROMOTE, "ROLE_CHANGED")]
)
async def test_a_change_by_whoever_writes_it_ends_sessions(
    desk: Desk,
    elsewhere: str,
    change: str,
    reason: str,
) -> None:
    somebody = await desk.sign_up()
    async with (
        listening(desk.url, somebody.access_token) as near,
        listening(elsewhere, somebody.access_token) as far,
    ):
        await desk.sql(change, email=somebody.email)

        ends = await asyncio.gather(ended(near, 2), ended(far, 2))

    assert list(ends) == [("SESSION_REVOKED", reason, 4403)] * 2
    assert await refusal(somebody.client) == (401, "SESSION_REVOKED", reason)


async def test_all_others_or_all_are_ended(desk: Desk) -> None:
    first = await desk.sign_up()
    second, third = await desk.sign_in(first.email), await desk.sign_in(first.email)

    left = await third.client.mutate(REVOKE_ALL, others=True)
    assert len(left["user"]["sessions"]["nodes"]) == 1
    for gone in (first, second):
        assert (await refusal(gone.client))[1] == "SESSION_REVOKED"
    await third.client.run(WHO)

    # The answer to what signs its own sender out still comes.
    left = await third.client.mutate(REVOKE_ALL, others=False)
    assert left["user"]["sessions"]["nodes"] == []
    assert (await refusal(third.client))[1] == "SESSION_REVOKED"


async def test_ends_are_noted_in_the_audit(desk: Desk) -> None:
    somebody = await desk.sign_up()
    await somebody.client.mutate(REVOKE_ALL, others=False)

    rows = await desk.sql(
        """SELECT a.action, a.after->>'reason' FROM auth_audit_events a
           JOIN users u ON u.id = a.actor_id WHERE u.email_index = :email""",
        email=somebody.email,
    )
    assert rows == [("sessionRevokeAll", "REVOKED")]


async def test_without_redis_sessions_go_on_and_end(
    desk: Desk,
    desk_settings: Settings,
    own_redis: OwnRedis,  # noqa: F811
) -> None:
    somebody = await desk.sign_up()
    mine = desk_settings.model_copy(update={"redis_url": own_redis.start()})
    async with (
        serve(mine) as (_, one),
        serve(mine) as (_, other),
        Client(one, somebody.access_token) as near,
        Client(other, somebody.access_token) as far,
    ):
        await near.run(WHO)
        await far.run(WHO)
        # What Redis was told is lost, and then Redis itself.
        await asyncio.to_thread(own_redis.stop)
        async with listening(other, somebody.access_token) as stream:
            await near.run(WHO)
            await near.mutate(REVOKE_ALL, others=False)
            assert await ended(stream, 10) == ("SESSION_REVOKED", "REVOKED", 4403)
        assert (await until_refused(far, 10))[1] == "SESSION_REVOKED"

        await asyncio.to_thread(own_redis.start)
        async with serve(mine) as (_, fresh), Client(fresh, somebody.access_token) as late:
            assert (await refusal(late))[1] == "SESSION_REVOKED"


@pytest.mark.covers("C21")
async def test_without_the_accounts_tokens_hold(desk: Desk, desk_settings: Settings) -> None:
    known, new, gone = [await desk.sign_up() for _ in range(3)]
    await gone.client.mutate(REVOKE_ALL, others=False)
    proxy = Proxy(desk_settings.auth_database_url or "")
    await proxy.open()
    frail = desk_settings.model_copy(
        update={"auth_database_url": proxy.url, "database_timeout": 0.5}
    )
    query = "{ conversations { nodes { id } } }"
    async with serve(frail) as (_, url):

        async def answer(somebody: SignedIn) -> Json:
            async with Client(url, somebody.access_token) as client:
                return await client.send(query)

        await answer(known)
        await proxy.stall()
        # Redis knows of both that go on, and of the one that does not.
        for somebody in (known, new):
            assert await answer(somebody) == {"data": {"conversations": {"nodes": []}}}
        assert (await answer(gone))["errors"][0]["extensions"]["code"] == "SESSION_REVOKED"
        # With neither store the signature has to do.
        await desk.services.redis.client.flushdb()
        assert await answer(known) == await answer(new)
        await proxy.open()
    await proxy.cut()


async def test_an_active_session_costs_no_command(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody = await desk.sign_up()
    guard = desk.services.accounts.guard
    await somebody.client.run(WHO)
    asked: list[str] = []
    monkeypatch.setattr(guard, "_looked_up", lambda *_: asked.append("redis"))
    monkeypatch.setattr(guard, "_read", lambda *_: asked.append("postgresql"))

    for _ in range(5):
        await somebody.client.run(WHO)

    assert asked == []


async def test_what_has_expired_is_forgotten(desk: Desk) -> None:
    idle, busy = await desk.sign_up(), await desk.sign_up()
    day = "interval '31 days'"
    await desk.sql(
        f"""UPDATE user_sessions SET started_at = started_at - {day},
              last_activity_at = last_activity_at - {day}
            FROM users u WHERE u.id = user_id AND u.email_index = :email""",  # noqa: S608
        email=idle.email,
    )
    await desk.sql(f"UPDATE user_verifications SET expire_at = expire_at - {day}")  # noqa: S608

    await forget_expired(desk.services.auth, timedelta(days=30))

    assert (await until_refused(idle.client, 2))[1:] == ("SESSION_REVOKED", "EXPIRED")
    await busy.client.run(WHO)
    assert await desk.sql("SELECT count(*) FROM user_verifications") == [(0,)]
