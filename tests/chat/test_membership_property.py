"""After any changes of members, everything that says who belongs to a group says the same."""

import asyncio
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.api.ids import uuid_of
from app.chat.log import group_conversation_id
from app.chat.models import ConversationMember, EntryKind
from app.groups.models import GroupMember
from app.services import Services
from tests.factories import (
    ACCEPT,
    GROUP_CREATE,
    GROUP_JOIN,
    GROUP_LEAVE,
    INVITE,
    LINK_CREATE,
    LINK_USE,
    MEMBER_ADD,
    MEMBER_REMOVE,
    Person,
    World,
)

OPEN = """mutation($id: ID!, $key: String!) {
  groupUpdate(groupId: $id, input: {joinPolicy: OPEN, clientKey: $key}) { errors { code } } }"""
TRANSFER = """mutation($group: ID!, $user: ID!, $key: String!) {
  groupOwnershipTransfer(groupId: $group, input: {userId: $user, clientKey: $key}) {
    group { id } errors { code } } }"""


async def _by_table(services: Services, group_id: UUID) -> tuple[list[int], list[int]]:
    """Who belongs to the group, and who takes part in its conversation."""
    conversation_id = group_conversation_id(group_id)
    member, part = GroupMember, ConversationMember
    async with services.main.begin() as tx:
        members = await tx.scalars(select(member.user_id).where(member.group_id == group_id))
        parts = await tx.scalars(
            select(part.user_id).where(
                part.conversation_id == conversation_id, part.removed_seq.is_(None)
            )
        )
        return sorted(members), sorted(parts)


async def _replayed(services: Services, group_id: UUID) -> tuple[list[int], list[int]]:
    """Who takes part as the log's entries have it, and as MongoDB's copy does."""
    conversation_id = group_conversation_id(group_id)
    document = await services.mongo.database["conversations"].find_one({"_id": conversation_id})
    assert document is not None
    members: set[int] = set()
    for entry in await services.chat.entries(conversation_id, 1, document["last_seq"]):
        if entry.kind is EntryKind.MEMBER:
            added, removed = entry.metadata["added"], entry.metadata["removed"]
            assert not members & set(added), "somebody joined twice"
            assert members >= set(removed), "somebody left who was not there"
            members = (members | set(added)) - set(removed)
    return sorted(members), sorted(document["participant_ids"])


class _Town:
    """A server with two channels, and people who come and go."""

    def __init__(self, people: list[Person], groups: list[str]) -> None:
        self.people = people
        self.groups = groups
        self.tokens: list[str] = []
        self.invitations: list[str] = []

    async def act(self, rng: Random) -> None:
        """Try something; whether it is allowed is not the question."""
        actor, other = rng.choice(self.people), rng.choice(self.people)
        group = rng.choice(self.groups)
        kind = rng.choice(["add", "remove", "join", "leave", "invite", "accept", "link", "pass"])
        given: dict[str, Any] = {"group": group, "key": uuid4().hex}
        match kind:
            case "add":
                await actor.client.run(MEMBER_ADD, user=other.id, **given)
            case "remove":
                await actor.client.run(MEMBER_REMOVE, user=other.id, **given)
            case "join":
                await actor.client.run(GROUP_JOIN, **given)
            case "leave":
                await actor.client.run(GROUP_LEAVE, **given)
            case "invite":
                made = await actor.client.run(INVITE, user=other.id, **given)
                if (invitation := made["groupInvite"]["groupInvitation"]) is not None:
                    self.invitations.append(invitation["id"])
            case "accept" if self.invitations:
                invitation_id = rng.choice(self.invitations)
                await actor.client.run(ACCEPT, id=invitation_id, key=given["key"])
            case "link" if self.tokens:
                await actor.client.run(LINK_USE, token=rng.choice(self.tokens), key=given["key"])
            case "pass":
                await actor.client.run(TRANSFER, user=other.id, **given)


async def _town(world: World) -> _Town:
    people = await world.users(5)
    ada = people[0]
    server = await world.group(ada, people[1])
    groups = [server]
    for parent in (server, server):
        made = await ada.client.mutate(GROUP_CREATE, name="x", parent=parent, key=uuid4().hex)
        groups.append(made["group"]["id"])
    town = _Town(people, groups)
    for group in groups:
        await ada.client.mutate(OPEN, id=group, key=uuid4().hex)
        made = await ada.client.mutate(LINK_CREATE, group=group, uses=2, key=uuid4().hex)
        town.tokens.append(made["token"]["token"])
    return town


@pytest.mark.covers("A26", "B11", "D3", "E10", "E12")
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_tables_log_and_copy_agree_after_random_changes(
    world: World, services: Services, seed: int
) -> None:
    rng = Random(seed)
    town = await _town(world)
    for _ in range(12):
        await asyncio.gather(*(town.act(rng) for _ in range(rng.choice([1, 2, 6]))))
    for group in town.groups:
        group_id = uuid_of(group, "Group", field=[])
        members, parts = await _by_table(services, group_id)
        replayed, copied = await _replayed(services, group_id)
        assert members == parts == replayed == copied
