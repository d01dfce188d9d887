"""Groups below groups: where one may stand, who sees and joins it, and what leaving takes along."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.groups.tree import MAX_DEPTH
from app.services import Services
from tests.factories import (
    GROUP_CREATE,
    GROUP_DELETE,
    GROUP_JOIN,
    GROUP_LEAVE,
    MEMBER_ADD,
    MEMBER_REMOVE,
    SEND,
    Person,
    World,
)
from tests.subscriptions.streams import EVENTS

pytestmark = pytest.mark.covers("D3", "E10")

CHANGE = """mutation($id: ID!, $input: GroupUpdateInput!) {
  groupUpdate(groupId: $id, input: $input) {
  group { id visibility joinPolicy parent { id } } errors { code field message } } }"""
SHOWN = """query($id: ID!) { group(id: $id) {
  name visibility deletedAt memberIds owner { id } parent { id } children { nodes { id } } } }"""
TRANSFER = """mutation($group: ID!, $user: ID!, $key: String!) {
  groupOwnershipTransfer(groupId: $group, input: {userId: $user, clientKey: $key}) {
    group { owner { id } } user { id } errors { code field message } } }"""


def key() -> str:
    return uuid4().hex


async def below(owner: Person, parent: str, name: str = "Channel", **values: Any) -> str:
    made = await owner.client.mutate(GROUP_CREATE, name=name, parent=parent, key=key())
    group: str = made["group"]["id"]
    if values:
        await change(owner, group, **values)
    return group


async def change(owner: Person, group: str, **values: Any) -> Any:
    return await owner.client.mutate(CHANGE, id=group, input={"clientKey": key(), **values})


async def refused(person: Person, group: str, **values: Any) -> str:
    return await person.client.refused(CHANGE, id=group, input={"clientKey": key(), **values})


async def shown(person: Person, group: str) -> Any:
    return (await person.client.run(SHOWN, id=group))["group"]


async def rings(services: Services) -> int:
    """How many groups stand above themselves."""
    statement = text("""
        WITH RECURSIVE above (id, start, ring) AS (
          SELECT parent_id, id, false FROM groups WHERE parent_id IS NOT NULL
          UNION ALL
          SELECT groups.parent_id, above.start, groups.parent_id = above.start
          FROM above JOIN groups ON groups.id = above.id
          WHERE NOT above.ring AND groups.parent_id IS NOT NULL
        ) SELECT count(*) FROM above WHERE ring""")
    async with services.main.begin() as tx:
        count: int = (await tx.execute(statement)).scalar_one()
        return count


async def test_group_is_moved_and_taken_out(world: World) -> None:
    ada, ben = await world.users(2)
    server, other = await world.group(ada), await world.group(ben)
    channel = await world.group(ada)
    moved = await change(ada, channel, parentId=server)
    assert moved["group"]["parent"] == {"id": server}
    assert [c["id"] for c in (await shown(ben, server))["children"]["nodes"]] == [channel]
    assert await refused(ada, channel, parentId=other) == "FORBIDDEN"
    assert await refused(ben, channel, parentId=other) == "FORBIDDEN"
    assert (await change(ada, channel, parentId=None))["group"]["parent"] is None


async def test_group_stands_neither_below_itself_nor_too_deep(world: World) -> None:
    ada = await world.user()
    chain = [await world.group(ada)]
    for _ in range(MAX_DEPTH - 1):
        chain.append(await below(ada, chain[-1]))
    made = await ada.client.refused(GROUP_CREATE, name="x", parent=chain[-1], key=key())
    assert made == "CONFLICT"
    assert await refused(ada, chain[0], parentId=chain[0]) == "CONFLICT"
    assert await refused(ada, chain[0], parentId=chain[2]) == "CONFLICT"
    server = await world.group(ada)
    assert await refused(ada, chain[0], parentId=server) == "CONFLICT"  # with all that is below
    await change(ada, chain[1], parentId=server)


async def test_moves_at_once_make_no_ring(world: World, services: Services) -> None:
    ada = await world.user()
    groups = [await world.group(ada) for _ in range(4)]
    for _ in range(3):
        moves = [(a, b) for a in groups for b in groups if a != b]
        await asyncio.gather(
            *(
                ada.client.run(CHANGE, id=a, input={"clientKey": key(), "parentId": b})
                for a, b in moves
            )
        )
        assert await rings(services) == 0


async def test_channel_of_a_private_group_is_for_its_members(world: World) -> None:
    ada, ben, eve = await world.users(3)
    server = await world.group(ada, ben)
    channel = await below(ada, server, joinPolicy="OPEN")
    deep = await below(ada, channel, joinPolicy="OPEN")
    assert await shown(eve, deep) is not None
    await change(ada, server, visibility="PRIVATE")
    for hidden in (server, channel, deep):
        assert await shown(eve, hidden) is None
        assert await eve.client.refused(GROUP_JOIN, group=hidden, key=key()) == "NOT_FOUND"
        assert await shown(ben, hidden) is not None
    await ben.client.mutate(GROUP_JOIN, group=deep, key=key())
    added = {"group": channel, "user": eve.id}
    assert await ada.client.refused(MEMBER_ADD, **added, key=key()) == "CONFLICT"
    await change(ada, channel, visibility="PRIVATE")
    assert await shown(ben, channel) is None
    assert await shown(ben, deep) is not None, "who belongs to it sees it"
    await change(ada, server, visibility="PUBLIC")
    assert await shown(eve, deep) is None, "a private channel above hides it"
    await change(ada, channel, visibility="PUBLIC")
    assert await shown(eve, deep) is not None


async def test_who_leaves_a_group_leaves_all_below_it(world: World) -> None:
    ada, ben, eve = await world.users(3)
    server = await world.group(ada, ben, eve)
    channel = await below(ada, server, joinPolicy="OPEN")
    deep = await below(ada, channel, joinPolicy="OPEN")
    talks = []
    for group in (channel, deep):
        for person in (ben, eve):
            await person.client.mutate(GROUP_JOIN, group=group, key=key())
        talks.append(await world.conversation_of(ben, group))
    async with ben.client.subscribe(EVENTS, id=talks[1]) as stream:
        await world.say(ada, talks[1], "Goodbye.")
        assert (await stream.next())["__typename"] == "MessageSent"
        once = key()
        await ben.client.mutate(GROUP_LEAVE, group=server, key=once)
        assert (await stream.next())["__typename"] == "MembersChanged"
        assert (await stream.end())["type"] == "complete"
    await ben.client.mutate(GROUP_LEAVE, group=server, key=once)
    for group, talk in zip((channel, deep), talks, strict=True):
        assert (await shown(ada, group))["memberIds"] == [ada.id, eve.id]
        assert await ben.client.refused(SEND, id=talk, text="x", key=key()) == "NOT_FOUND"


async def test_channel_of_who_is_removed_passes_to_the_owner_above(world: World) -> None:
    ada, ben = await world.users(2)
    server = await world.group(ada)
    admin = MEMBER_ADD.replace("userId: $user", "userId: $user, role: ADMIN")
    await ada.client.mutate(admin, group=server, user=ben.id, key=key())
    channel = await below(ben, server)
    await ada.client.mutate(MEMBER_REMOVE, group=server, user=ben.id, key=key())
    found = await shown(ada, channel)
    assert (found["owner"], found["memberIds"]) == ({"id": ada.id}, [ada.id])
    talk = await world.conversation_of(ada, channel)
    await world.say(ada, talk, "Mine now.")


async def test_joining_below_while_being_removed_above_leaves_nobody_behind(world: World) -> None:
    ada, ben = await world.users(2)
    server = await world.group(ada)
    await change(ada, server, visibility="PRIVATE")
    channels = [await below(ada, server, joinPolicy="OPEN") for _ in range(3)]
    for _ in range(6):
        await ada.client.mutate(MEMBER_ADD, group=server, user=ben.id, key=key())
        await asyncio.gather(
            *(ben.client.run(GROUP_JOIN, group=channel, key=key()) for channel in channels),
            ada.client.mutate(MEMBER_REMOVE, group=server, user=ben.id, key=key()),
            ben.client.run(GROUP_LEAVE, group=channels[0], key=key()),
        )
        for channel in channels:
            assert (await shown(ada, channel))["memberIds"] == [ada.id]


async def test_transfers_at_once_leave_one_owner(world: World, services: Services) -> None:
    people = await world.users(5)
    ada, *others = people
    group = await world.group(ada, *others)
    for _ in range(3):
        await asyncio.gather(
            *(
                person.client.run(TRANSFER, group=group, user=other.id, key=key())
                for person in people
                for other in people
            )
        )
        query = "query($id: ID!) { group(id: $id) { owner { id } members { nodes { role } } } }"
        found = (await ada.client.run(query, id=group))["group"]
        assert [m["role"] for m in found["members"]["nodes"]].count("OWNER") == 1
    owner = next(person for person in people if person.id == found["owner"]["id"])
    assert await owner.client.refused(GROUP_LEAVE, group=group, key=key()) == "CONFLICT"


async def test_deleted_group_keeps_its_history_for_who_belonged_to_it(world: World) -> None:
    ada, ben, eve = await world.users(3)
    group = await world.group(ada, ben)
    talk = await world.conversation_of(ada, group)
    sent = key()
    await ben.client.mutate(SEND, id=talk, text="Before.", key=sent)
    async with ben.client.subscribe(EVENTS, id=talk) as stream:
        await ada.client.mutate(GROUP_DELETE, id=group, key=(once := key()))
        # It tells who listens.
        assert (await stream.next())["__typename"] == "MembersChanged"
    await ada.client.mutate(GROUP_DELETE, id=group, key=once)
    assert (await shown(ben, group))["deletedAt"] is not None
    assert await shown(eve, group) is None
    await ben.client.mutate(SEND, id=talk, text="Before.", key=sent)  # a retry finds what it did
    assert await ben.client.refused(SEND, id=talk, text="After.", key=key()) == "CONFLICT"
    query = """query($id: ID!) { conversation(id: $id) { messages { nodes { text } } }
      viewer { groups { nodes { id } } } groups(first: 100) { nodes { id } } }"""
    found = await ben.client.run(query, id=talk)
    assert found["conversation"]["messages"]["nodes"] == [{"text": "Before."}]
    assert {"id": group} not in found["viewer"]["groups"]["nodes"] + found["groups"]["nodes"]
    for person, mutation in ((ada, MEMBER_ADD), (ada, MEMBER_REMOVE)):
        given = {"group": group, "user": eve.id}
        assert await person.client.refused(mutation, **given, key=key()) == "NOT_FOUND"


async def test_deletion_moves_what_is_below_and_shows_it_to_nobody_else(world: World) -> None:
    ada, ben, eve = await world.users(3)
    top = await world.group(ada)
    server = await below(ada, top)
    channel = await below(ada, server)
    deep = await below(ada, channel)
    await change(ada, server, visibility="PRIVATE")
    await ada.client.mutate(MEMBER_ADD, group=server, user=ben.id, key=key())
    await ada.client.mutate(GROUP_DELETE, id=server, key=key())
    found = await shown(ada, channel)
    assert (found["parent"], found["visibility"]) == ({"id": top}, "PRIVATE")
    for hidden in (channel, deep):
        assert await shown(eve, hidden) is None
