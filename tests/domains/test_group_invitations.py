"""Invitations of a user and by link: who may, how long and how often they hold, and what races."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select, text, update

from app.api.ids import uuid_of
from app.groups.models import GroupInvitation, GroupInvitationLink, GroupMember
from app.services import Services
from tests.client import Stream
from tests.factories import (
    ACCEPT,
    GROUP_DELETE,
    INVITE,
    LINK_CREATE,
    LINK_USE,
    MEMBER_ADD,
    Person,
    World,
)

pytestmark = pytest.mark.covers("D3", "B11")

DECLINE = ACCEPT.replace("Accept", "Decline").replace("group { id memberCount }", "")
REVOKE = DECLINE.replace("Decline", "Revoke")
LINK_REVOKE = """mutation($id: ID!, $key: String!) {
  groupInvitationLinkRevoke(groupInvitationLinkId: $id, input: {clientKey: $key}) {
    groupInvitationLink { id revokedAt } errors { code field message } } }"""
MINE = "{ viewer { invitations { nodes { id state group { id name } inviter { id } } } } }"
OPEN = """query($id: ID!) { group(id: $id) {
  memberCount memberIds invitations { nodes { id user { id } } }
  invitationLinks { nodes { id uses } } } }"""


def key() -> str:
    return uuid4().hex


async def invited(world: World, owner: Person, person: Person, group: str) -> str:
    made = await owner.client.mutate(INVITE, group=group, user=person.id, key=key())
    invitation: str = made["groupInvitation"]["id"]
    return invitation


async def expire(services: Services, model: Any, type_name: str, id_: str) -> None:
    row = uuid_of(id_, type_name, field=[])
    async with services.main.begin() as tx:
        values = {"expires_at": func.now() - text("interval '1 second'")}
        await tx.execute(update(model).filter_by(id=row).values(values))


async def test_invitation_is_seen_accepted_once_and_closed(world: World) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada)
    invitation = await invited(world, ada, ben, group)
    (mine,) = (await ben.client.run(MINE))["viewer"]["invitations"]["nodes"]
    assert mine["id"] == invitation
    assert (mine["state"], mine["inviter"]["id"]) == ("OPEN", ada.id)
    once = key()
    accepted = await ben.client.mutate(ACCEPT, id=invitation, key=once)
    assert accepted["groupInvitation"]["state"] == "ACCEPTED"
    assert accepted["group"]["memberCount"] == 2
    assert await ben.client.mutate(ACCEPT, id=invitation, key=once) == accepted
    assert await ben.client.refused(ACCEPT, id=invitation, key=key()) == "CONFLICT"
    assert (await ben.client.run(MINE))["viewer"]["invitations"]["nodes"] == []
    conversation = await world.conversation_of(ben, group)
    await world.say(ben, conversation, "Here I am.")


async def test_inviting_again_prolongs_the_one_invitation(world: World) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada)
    made = await asyncio.gather(*(invited(world, ada, ben, group) for _ in range(8)))
    assert len(set(made)) == 1
    await ben.client.mutate(DECLINE, id=made[0], key=key())
    assert await invited(world, ada, ben, group) != made[0]


async def test_answers_race_and_one_of_them_counts(world: World) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada)
    for _ in range(4):
        invitation = await invited(world, ada, ben, group)
        answers = await asyncio.gather(
            ben.client.run(DECLINE, id=invitation, key=key()),
            ada.client.run(REVOKE, id=invitation, key=key()),
            ben.client.run(DECLINE, id=invitation, key=key()),
        )
        payloads = [payload for answer in answers for payload in answer.values()]
        assert sum(not payload["errors"] for payload in payloads) == 1
        assert {e["code"] for p in payloads for e in p["errors"]} == {"CONFLICT"}


async def test_revoked_declined_and_expired_invitations_do_not_hold(
    world: World, services: Services
) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada)
    for close in ("revoke", "decline", "expire"):
        invitation = await invited(world, ada, ben, group)
        if close == "revoke":
            await ada.client.mutate(REVOKE, id=invitation, key=key())
        elif close == "decline":
            await ben.client.mutate(DECLINE, id=invitation, key=key())
        else:
            await expire(services, GroupInvitation, "GroupInvitation", invitation)
        assert await ben.client.refused(ACCEPT, id=invitation, key=key()) == "CONFLICT"
    found = (await ada.client.run(OPEN, id=group))["group"]
    assert (found["memberCount"], found["invitations"]["nodes"]) == (1, [])


async def test_being_added_accepts_the_invitation(world: World) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada)
    invitation = await invited(world, ada, ben, group)
    await ada.client.mutate(MEMBER_ADD, group=group, user=ben.id, key=key())
    query = "query($id: ID!) { node(id: $id) { ... on GroupInvitation { state } } }"
    assert (await ben.client.run(query, id=invitation))["node"] == {"state": "ACCEPTED"}


@pytest.mark.parametrize("hours", [0, -1, 721])
async def test_time_that_an_invitation_holds_is_bounded(world: World, hours: int) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada)
    timed = INVITE.replace("clientKey", f"expiresInHours: {hours}, clientKey")
    assert await ada.client.refused(timed, group=group, user=ben.id, key=key()) == "INVALID"


async def test_fifty_at_once_on_a_link_of_five_uses_make_five_members(
    world: World, services: Services
) -> None:
    ada, *people = await world.users(51)
    for person in people:  # all wait for one lock: the last of them for a while
        person.client.http.timeout = httpx.Timeout(30)
    group = await world.group(ada)
    made = await ada.client.mutate(LINK_CREATE, group=group, uses=5, key=key())
    token = made["token"]["token"]
    answers = await asyncio.gather(
        *(person.client.run(LINK_USE, token=token, key=key()) for person in people)
    )
    payloads = [answer["groupInvitationLinkUse"] for answer in answers]
    joined = [p for p, payload in zip(people, payloads, strict=True) if not payload["errors"]]
    assert len(joined) == 5
    assert {e["code"] for payload in payloads for e in payload["errors"]} == {"NOT_FOUND"}
    found = (await ada.client.run(OPEN, id=group))["group"]
    assert found["memberCount"] == 6
    assert set(found["memberIds"]) == {ada.id, *(person.id for person in joined)}
    assert found["invitationLinks"]["nodes"] == [
        {"id": made["groupInvitationLink"]["id"], "uses": 5}
    ]
    # A member's use is not counted, and does not fail.
    await joined[0].client.mutate(LINK_USE, token=token, key=key())


async def test_token_is_in_no_store_and_a_retry_gives_it_again(
    world: World, services: Services
) -> None:
    ada = await world.user()
    group = await world.group(ada)
    once = key()
    made = await ada.client.mutate(LINK_CREATE, group=group, uses=None, key=once)
    token = made["token"]["token"]
    assert len(token) == 43
    assert await ada.client.mutate(LINK_CREATE, group=group, uses=None, key=once) == made
    other = await ada.client.mutate(LINK_CREATE, group=group, uses=None, key=key())
    assert other["token"] != made["token"]
    async with services.main.begin() as tx:
        names = ("group_invitation_links", "client_requests", "audit_events")
        for name in names:
            rows = await tx.execute(text(f"SELECT t::text FROM {name} t"))  # noqa: S608
            assert not any(token in row for row in rows.scalars())


async def test_link_that_is_revoked_expired_or_of_a_deleted_group_is_none(
    world: World, services: Services
) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada)
    links = [
        await ada.client.mutate(LINK_CREATE, group=group, uses=None, key=key()) for _ in range(3)
    ]
    await ada.client.mutate(LINK_REVOKE, id=links[0]["groupInvitationLink"]["id"], key=key())
    await expire(
        services, GroupInvitationLink, "GroupInvitationLink", links[1]["groupInvitationLink"]["id"]
    )
    messages = set()
    for made in ({"token": {"token": "x" * 43}}, *links):
        if made == links[2]:
            await ada.client.mutate(GROUP_DELETE, id=group, key=key())
        answer = await ben.client.run(LINK_USE, token=made["token"]["token"], key=key())
        (error,) = answer["groupInvitationLinkUse"]["errors"]
        messages.add((error["code"], error["message"]))
    assert len(messages) == 1, "how a link ended is nobody's to learn"
    async with services.main.begin() as tx:
        group_id: UUID = uuid_of(group, "Group", field=[])
        count = select(func.count()).where(GroupMember.group_id == group_id)
        assert (await tx.execute(count)).scalar_one() == 1


async def test_invitations_are_live(world: World) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada)
    changes = """subscription { groupInvitations {
      viewer { invitations { nodes { id group { name } } } } } }"""

    async def now(stream: Stream) -> list[str]:
        nodes = (await stream.next())["viewer"]["invitations"]["nodes"]
        return [node["id"] for node in nodes]

    async with ben.client.subscribe(changes) as stream:
        assert await now(stream) == []
        first = await invited(world, ada, ben, group)
        assert await now(stream) == [first]
        await ada.client.mutate(REVOKE, id=first, key=key())
        assert await now(stream) == []
        second = await invited(world, ada, ben, group)
        assert await now(stream) == [second]
        await ada.client.mutate(MEMBER_ADD, group=group, user=ben.id, key=key())
        assert await now(stream) == []
