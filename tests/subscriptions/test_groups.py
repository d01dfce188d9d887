"""A group live: in order and resumed, for who sees it, and of ways in for who manages it."""

from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from app.api.ids import uuid_of
from app.chat.log import group_conversation_id
from app.chat.models import EntryKind, Message
from app.feeds.live import fact_cursor
from app.groups.facts import group_feed
from tests.factories import GROUP_JOIN, INVITE, LINK_CREATE, MEMBER_ADD, MEMBER_REMOVE, World
from tests.subscriptions.streams import EVENTS, errors, start

GROUP = """subscription($id: ID!, $after: String) { groupEvents(groupId: $id, after: $after) {
  cursor kind groupId group { name memberCount } user { id } member { role }
  groupInvitation { state } groupInvitationLink { uses } } }"""
UPDATE = """mutation($id: ID!, $input: GroupUpdateInput!) { groupUpdate(
  groupId: $id, input: $input) { group { id name } errors { code field } } }"""


def key() -> str:
    return uuid4().hex


def place(group: str, seq: int) -> str:
    return fact_cursor(group_feed(uuid_of(group, "Group", field=[])), seq)


async def test_a_group_is_told_in_order_and_resumed(world: World) -> None:
    owner, member = await world.users(2)
    group = await world.group(owner, member)
    async with member.client.subscribe(GROUP, id=group, after=place(group, 0)) as stream:
        joined = await stream.next()
        assert (joined["kind"], joined["user"], joined["member"]) == (
            "MEMBER_JOINED",
            {"id": member.id},
            {"role": "MEMBER"},
        )
        await owner.client.mutate(UPDATE, id=group, input={"name": "Band", "clientKey": key()})
        changed = await stream.next()
        assert (changed["kind"], changed["group"]["name"]) == ("CHANGED", "Band")
        await owner.client.mutate(MEMBER_REMOVE, group=group, user=member.id, key=key())
        left = await stream.next()  # the group is public: whoever left still sees it
        assert (left["kind"], left["member"], left["group"]["memberCount"]) == (
            "MEMBER_LEFT",
            None,
            1,
        )
    async with owner.client.subscribe(GROUP, id=group, after=joined["cursor"]) as stream:
        assert [event["kind"] for event in await stream.take(2)] == ["CHANGED", "MEMBER_LEFT"]
    async with owner.client.subscribe(GROUP, id=group, after=place(group, 99)) as stream:
        assert await errors(stream) == [("INVALID_CURSOR", ["after"])]


async def test_ways_in_are_told_to_who_manages_the_group(world: World) -> None:
    owner, member, invited = await world.users(3)
    group = await world.group(owner, member)
    begun = {"id": group, "after": place(group, 1)}
    async with (
        owner.client.subscribe(GROUP, **begun) as managing,
        member.client.subscribe(GROUP, **begun) as belonging,
    ):
        await owner.client.mutate(INVITE, group=group, user=invited.id, key=key())
        await owner.client.mutate(LINK_CREATE, group=group, uses=2, key=key())
        told = await managing.take(2)
        assert [(e["kind"], e["groupInvitation"], e["groupInvitationLink"]) for e in told] == [
            ("INVITATION_CHANGED", {"state": "OPEN"}, None),
            ("LINK_CHANGED", None, {"uses": 0}),
        ]
        await owner.client.mutate(MEMBER_ADD, group=group, user=invited.id, key=key())
        kinds = [(e["kind"], e["groupInvitation"]) for e in await managing.take(2)]
        assert kinds == [("INVITATION_CHANGED", {"state": "ACCEPTED"}), ("MEMBER_JOINED", None)]
        assert (await belonging.next())["kind"] == "MEMBER_JOINED"


async def test_a_stream_ends_with_the_sight_of_its_group(world: World) -> None:
    owner, onlooker = await world.users(2)
    group = await world.group(owner)
    hidden: dict[str, Any] = {"visibility": "PRIVATE", "clientKey": key()}
    async with onlooker.client.subscribe(GROUP, id=group, after=place(group, 0)) as stream:
        assert await onlooker.client.refused(GROUP_JOIN, group=group, key=key()) == "FORBIDDEN"
        await owner.client.mutate(UPDATE, id=group, input=hidden)
        event = await stream.next()  # and nothing of what was refused
        assert (event["kind"], event["group"], event["groupId"]) == ("CHANGED", None, group)
        assert (await stream.end())["type"] == "complete"
    async with onlooker.client.subscribe(GROUP, id=group) as stream:
        assert await errors(stream) == [("NOT_FOUND", ["groupId"])]


async def test_another_name_is_another_title_and_told_once(world: World) -> None:
    owner, member = await world.users(2)
    group = await world.group(owner, member, name="Readers")
    talk = await world.conversation_of(member, group)
    renamed = {"name": "Writers", "clientKey": "k"}
    events = EVENTS.replace("... on MessageSent", "conversation { title } ... on MessageSent")
    async with member.client.subscribe(events, id=talk, after=start(talk)) as stream:
        await stream.take(2)  # it was founded, and the member came
        for _ in range(2):
            done = await owner.client.mutate(UPDATE, id=group, input=renamed)
            assert done["group"]["name"] == "Writers"
        event = await stream.next()
        assert (event["__typename"], event["conversation"]) == (
            "ConversationChanged",
            {"title": "Writers"},
        )
        other = renamed | {"description": None}
        assert await owner.client.refused(UPDATE, id=group, input=other) == "CLIENT_KEY_REUSED"
        same = {"name": "Writers", "description": "We write.", "clientKey": key()}
        await owner.client.mutate(UPDATE, id=group, input=same)
        assert await stream.is_silent()
    entries = select(func.count()).where(
        Message.conversation_id == group_conversation_id(uuid_of(group, "Group", field=[])),
        Message.kind == EntryKind.DETAILS,
    )
    async with world.services.main.begin() as tx:
        assert (await tx.execute(entries)).scalar_one() == 1
