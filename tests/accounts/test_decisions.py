"""What admins decide about accounts, and what it does to whoever is signed in."""

import asyncio
from uuid import uuid4

import pytest

from app.users.models import UserRole
from tests.accounts.conftest import Desk
from tests.accounts.test_sessions import ended, listening, refusal
from tests.client import Client
from tests.factories import Person, World

DEACTIVATE = """mutation($id: ID!, $reason: String!, $key: String!) {
  userDeactivate(userId: $id, input: {reason: $reason, clientKey: $key}) {
    user { id isActive role } errors { code field message } } }"""
REACTIVATE = """mutation($id: ID!, $key: String!) {
  userReactivate(userId: $id, input: {clientKey: $key}) {
    user { id isActive role } errors { code field message } } }"""
CHANGE_ROLE = """mutation($id: ID!, $role: UserRole!, $key: String!) {
  userRoleChange(userId: $id, input: {role: $role, clientKey: $key}) {
    user { id isActive role } errors { code field message } } }"""
NOTED = """query($id: ID!) { auditEvents(filter: {objectId: $id}) {
  nodes { action before after request address actor { id } } } }"""


def key() -> str:
    return uuid4().hex


@pytest.mark.covers("E17", "A4")
async def test_deactivation_ends_sessions_everywhere(desk: Desk, elsewhere: str) -> None:
    admin, somebody = await desk.world.user(UserRole.ADMIN), await desk.sign_up()
    who = (await somebody.client.run("{ viewer { id } }"))["viewer"]["id"]
    async with (
        Client(elsewhere, somebody.access_token) as far,
        listening(desk.url, somebody.access_token) as near_stream,
        listening(elsewhere, somebody.access_token) as far_stream,
    ):
        await far.run("{ viewer { id } }")  # so that it is known there to go on
        payload = await admin.client.mutate(DEACTIVATE, id=who, reason="Spam.", key=key())

        assert payload["user"] == {"id": who, "isActive": False, "role": "USER"}
        gone = ("SESSION_REVOKED", "DEACTIVATED")
        ends = await asyncio.gather(ended(near_stream, 2), ended(far_stream, 2))
        assert list(ends) == [(*gone, 4403)] * 2
        assert await refusal(somebody.client) == (401, *gone)
        assert await refusal(far) == (401, *gone)
    await desk.ask(somebody.email, "LOGIN")
    again = await desk.use(somebody.email, "12345678", "LOGIN")
    assert [error["code"] for error in again["errors"]] == ["INVALID"]

    payload = await admin.client.mutate(REACTIVATE, id=who, key=key())

    assert payload["user"]["isActive"] is True
    assert await refusal(somebody.client) == (401, *gone)  # what ended stays so
    desk.mailbox.mail.pop(somebody.email)
    back = await desk.sign_in(somebody.email)
    assert (await back.client.run("{ viewer { id } }"))["viewer"]["id"] == who


@pytest.mark.covers("E17")
async def test_another_role_comes_with_another_session(desk: Desk) -> None:
    admin, somebody = await desk.world.user(UserRole.ADMIN), await desk.sign_up()
    who = (await somebody.client.run("{ viewer { id } }"))["viewer"]["id"]
    async with listening(desk.url, somebody.access_token) as stream:
        payload = await admin.client.mutate(CHANGE_ROLE, id=who, role="MODERATOR", key=key())
        assert payload["user"]["role"] == "MODERATOR"
        assert await ended(stream, 2) == ("SESSION_REVOKED", "ROLE_CHANGED", 4403)
    desk.mailbox.mail.pop(somebody.email)
    back = await desk.sign_in(somebody.email)
    assert (await back.client.run("{ viewer { role } }"))["viewer"]["role"] == "MODERATOR"


@pytest.mark.covers("E39", "B38")
async def test_decisions_are_noted_with_their_request(world: World) -> None:
    admin, user = await world.user(UserRole.ADMIN), await world.user()
    request, again = f"request-{uuid4()}", key()
    for _ in range(2):  # a retry is no second decision
        response = await admin.client.http.post(
            "/graphql",
            json={
                "query": DEACTIVATE,
                "variables": {"id": user.id, "reason": "Spam.", "key": again},
            },
            headers={"X-Request-ID": request},
        )
        assert response.headers["x-request-id"] == request
        assert response.json()["data"]["userDeactivate"]["errors"] == []
    await admin.client.mutate(DEACTIVATE, id=user.id, reason="Again.", key=key())  # no change
    await admin.client.mutate(REACTIVATE, id=user.id, key=key())
    await admin.client.mutate(CHANGE_ROLE, id=user.id, role="ADMIN", key=key())

    events = (await admin.client.run(NOTED, id=user.id))["auditEvents"]["nodes"]

    assert [(event["action"], event["before"], event["after"]) for event in events] == [
        ("userRoleChange", {"role": "user"}, {"role": "admin"}),
        ("userReactivate", {"is_active": False}, {"is_active": True}),
        ("userDeactivate", {"is_active": True}, {"is_active": False, "reason": "Spam."}),
    ]
    assert events[-1]["request"] == request
    assert len({event["request"] for event in events}) == 3
    assert {event["address"] for event in events} == {"127.0.0.1"}
    assert {event["actor"]["id"] for event in events} == {admin.id}


async def test_a_client_key_is_for_one_decision(world: World) -> None:
    admin, user = await world.user(UserRole.ADMIN), await world.user()
    once = key()
    await admin.client.mutate(DEACTIVATE, id=user.id, reason="Spam.", key=once)
    refused = await admin.client.refused(DEACTIVATE, id=user.id, reason="Else.", key=once)
    assert refused == "CLIENT_KEY_REUSED"


async def test_an_admin_who_is_none_any_more_decides_nothing(world: World) -> None:
    """Their token says that they are one until the end of their session is heard of."""
    admin, former, user = (
        await world.user(UserRole.ADMIN),
        await world.user(UserRole.ADMIN),
        await world.user(),
    )
    await admin.client.mutate(CHANGE_ROLE, id=former.id, role="USER", key=key())
    refused = await former.client.refused(CHANGE_ROLE, id=user.id, role="ADMIN", key=key())
    assert refused == "FORBIDDEN"


async def test_two_admins_cannot_take_the_role_from_each_other(world: World) -> None:
    one, other = await world.user(UserRole.ADMIN), await world.user(UserRole.ADMIN)

    async def demote(by: Person, whom: Person) -> list[str]:
        data = await by.client.run(CHANGE_ROLE, id=whom.id, role="USER", key=key())
        return [error["code"] for error in data["userRoleChange"]["errors"]]

    for _ in range(10):
        ends = await asyncio.gather(demote(one, other), demote(other, one))
        assert sorted(ends) == [[], ["FORBIDDEN"]]
        winner, loser = (one, other) if ends[0] == [] else (other, one)
        await winner.client.mutate(CHANGE_ROLE, id=loser.id, role="ADMIN", key=key())
