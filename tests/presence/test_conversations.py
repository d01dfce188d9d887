"""Who of a conversation is there and types, as its participants are told."""

from uuid import uuid4

import pytest

from app.api.ids import uuid_of
from app.presence import leases
from tests.client import Json, Stream
from tests.factories import MEMBER_ADD, MEMBER_REMOVE
from tests.subscriptions.conftest import Node
from tests.subscriptions.streams import INBOX

PRESENCE = """subscription($id: ID!) { conversationPresence(conversationId: $id) {
  onlineCount conversation { id } online { id } typing { id } } }"""
TYPING = """mutation($id: ID!, $typing: Boolean!, $key: String!) {
  conversationTyping(conversationId: $id, input: {isTyping: $typing, clientKey: $key}) {
    conversation { id } errors { code field message } } }"""


def key() -> str:
    return uuid4().hex


def who(event: Json) -> tuple[int, set[str], list[str]]:
    online, typing = ([u["id"] for u in event[name]] for name in ("online", "typing"))
    return event["onlineCount"], set(online), typing


async def reaches(stream: Stream, state: tuple[int, set[str], list[str]]) -> None:
    while who(await stream.next()) != state:
        pass


@pytest.mark.covers("B3", "B4")
async def test_typing_is_shown_and_stops_by_itself(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "TYPING", 0.8)
    one, other = await node.world.users(2)
    talk = await node.world.direct(one, other)
    async with one.client.subscribe(PRESENCE, id=talk) as stream:
        await reaches(stream, (1, {one.id}, []))
        async with other.client.subscribe(PRESENCE, id=talk) as others:
            await reaches(stream, (2, {one.id, other.id}, []))
            await other.client.mutate(TYPING, id=talk, typing=True, key=key())
            await reaches(stream, (2, {one.id, other.id}, [other.id]))
            await reaches(stream, (2, {one.id, other.id}, []))  # nobody said so
            await other.client.mutate(TYPING, id=talk, typing=True, key=key())
            await reaches(stream, (2, {one.id, other.id}, [other.id]))
            await other.client.mutate(TYPING, id=talk, typing=False, key=key())
            await reaches(stream, (2, {one.id, other.id}, []))
            # Nobody is told that they type themselves.
            assert [who(event)[2] for event in await others.take(2)] == [[], []]
            assert await others.is_silent()
        await reaches(stream, (1, {one.id}, []))


async def test_who_is_removed_is_told_no_more(node: Node) -> None:
    owner, member, stranger = await node.world.users(3)
    group = await node.world.group(owner, member)
    talk = await node.world.conversation_of(owner, group)
    async with (
        owner.client.subscribe(PRESENCE, id=talk) as stream,
        member.client.subscribe(PRESENCE, id=talk) as members,
    ):
        await reaches(stream, (2, {owner.id, member.id}, []))
        await owner.client.mutate(MEMBER_REMOVE, group=group, user=member.id, key=key())
        await reaches(stream, (1, {owner.id}, []))
        while (message := await members._message(5))["type"] != "complete":
            assert message["type"] == "next"
        assert await member.client.refused(TYPING, id=talk, typing=True, key=key()) == "NOT_FOUND"
        async with stranger.client.subscribe(INBOX):
            await owner.client.mutate(MEMBER_ADD, group=group, user=stranger.id, key=key())
            await reaches(stream, (2, {owner.id, stranger.id}, []))


async def test_strangers_may_neither_watch_nor_type(node: Node) -> None:
    one, other, stranger = await node.world.users(3)
    talk = await node.world.direct(one, other)
    assert await stranger.client.refused(TYPING, id=talk, typing=True, key=key()) == "NOT_FOUND"
    key_of_talk = uuid_of(talk, "Conversation", field=[])
    assert await node.services.leases.typing(key_of_talk) == ([], None)
    async with stranger.client.subscribe(PRESENCE, id=talk) as stream:
        end = await stream.end()
    assert end["payload"][0]["extensions"]["code"] == "NOT_FOUND"
    async with one.client.subscribe(PRESENCE, id=talk) as stream:
        await reaches(stream, (1, {one.id}, []))


async def test_saying_so_too_often_is_refused(node: Node) -> None:
    one, other = await node.world.users(2)
    talk = await node.world.direct(one, other)
    codes: set[str] = set()
    for _ in range(121):  # two windows' worth, if one ends meanwhile
        found = await one.client.run(TYPING, id=talk, typing=True, key=key())
        codes |= {error["code"] for error in found["conversationTyping"]["errors"]}
    assert codes == {"RATE_LIMITED"}


async def test_many_changes_come_as_few_events(node: Node) -> None:
    owner, *members = await node.world.users(9)
    group = await node.world.group(owner, *members)
    talk = await node.world.conversation_of(owner, group)
    async with owner.client.subscribe(PRESENCE, id=talk) as stream:
        await reaches(stream, (1, {owner.id}, []))
        letting_go = [node.services.leases.hold(m.user_id) for m in members for _ in range(50)]
        events = 0
        while (await stream.next())["onlineCount"] < len(members) + 1:
            events += 1
        assert events <= 3
        for let_go in letting_go:
            let_go()
        await reaches(stream, (1, {owner.id}, []))
