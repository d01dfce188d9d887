"""Editing, deleting, reacting, pinning, replying and mentioning through the API."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from app.services import Services
from tests.chat.operations import (
    DELETE,
    EDIT,
    EDIT_MENTIONS,
    MENTION,
    MESSAGE,
    PIN,
    REACT,
    READ,
    REPLY,
    UNPIN,
    UNREACT,
)
from tests.factories import Person, World
from tests.subscriptions.streams import is_followed, start

HAPPENED = """subscription($id: ID!, $after: String) {
  conversationEvents(conversationId: $id, after: $after) {
    __typename seq
    ... on MessageSent { message { id text } }
    ... on MessageEdited { message { id text } }
    ... on MessageDeleted { message { id text } actor { name } }
    ... on ReactionChanged { message { id } emoji isRemoved actor { name } }
    ... on PinChanged { message { id } isPinned actor { name } }
    ... on ReceiptChanged { user { name } messageNumber } } }"""

THREAD = """query($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on Message {
  replyCount replies(first: $first, after: $after) {
    nodes { text threadRoot { id } } pageInfo { hasNextPage endCursor } } } } }"""

MENTIONS = """query($id: ID!) {
  conversation(id: $id) { unreadMentionCount }
  mentions(first: 5) { nodes { text } } }"""


async def seen(person: Person, message_id: str) -> dict[str, Any]:
    """A message as somebody sees it."""
    found: dict[str, Any] = (await person.client.run(MESSAGE, id=message_id))["node"]
    return found


async def do(person: Person, mutation: str, **values: Any) -> dict[str, Any]:
    """What comes of a mutation with a client key of its own."""
    return await person.client.mutate(mutation, key=uuid4().hex, **values)


async def test_an_edit_keeps_what_was_said_in_the_history(world: World) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    (message,) = await world.say(one, conversation, "first")

    edited = await one.client.mutate(EDIT, id=message["id"], text="second", key="k")
    await do(one, EDIT, id=message["id"], text="third")
    again = await one.client.mutate(EDIT, id=message["id"], text="second", key="k")

    assert edited["message"]["text"] == "second"
    assert edited["conversation"]["lastMessage"] == {"text": "second"}
    assert again["message"]["text"] == "third", "a retry changes nothing"
    shown = await seen(other, message["id"])
    assert [edit["text"] for edit in shown["edits"]["nodes"]] == ["first", "second"]
    assert shown["edits"]["nodes"][0]["editor"] == {"id": one.id}
    refused = {"id": message["id"], "text": "other"}
    assert await one.client.refused(EDIT, **refused, key="k") == "CLIENT_KEY_REUSED"
    assert await other.client.refused(EDIT, **refused, key="x") == "FORBIDDEN"
    assert (await seen(one, message["id"]))["text"] == "third"


@pytest.mark.covers("A24", "D15")
async def test_a_delete_leaves_the_place_and_nothing_of_what_was_said(
    world: World, services: Services
) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    (message,) = await world.say(one, conversation, "secret-1")
    await do(one, EDIT, id=message["id"], text="secret-2")
    await do(one, EDIT_MENTIONS, id=message["id"], users=[other.id])
    await do(other, REACT, id=message["id"], emoji="🎉")
    await do(other, PIN, id=message["id"])
    assert await other.client.refused(DELETE, id=message["id"], key="x") == "FORBIDDEN"

    deleted = await do(one, DELETE, id=message["id"])
    await do(one, DELETE, id=message["id"])

    assert deleted["conversation"]["lastMessage"] == {"text": None}
    shown = await seen(other, message["id"])
    assert (shown["text"], shown["deleted"], shown["reactions"]) == (None, True, [])
    assert (shown["isPinned"], shown["mentions"]["nodes"]) == (False, [])
    assert [edit["text"] for edit in shown["edits"]["nodes"]] == [None, None]
    assert (await other.client.run(MENTIONS, id=conversation))["mentions"]["nodes"] == []
    for change, values in ((EDIT, {"text": "x"}), (REACT, {"emoji": "🎉"}), (PIN, {})):
        code = await one.client.refused(change, id=message["id"], key=uuid4().hex, **values)
        assert code == "CONFLICT"
    rows = await services.mongo.database["messages"].find().to_list()
    assert "secret-" not in str([row for row in rows if row["sender_id"] == one.user_id])


async def test_an_owner_deletes_a_members_message_and_it_is_audited(
    world: World, services: Services
) -> None:
    owner, member = await world.users(2)
    conversation = await world.conversation_of(owner, await world.group(owner, member))
    (theirs,) = await world.say(member, conversation, "rude")
    (mine,) = await world.say(owner, conversation, "calm")

    await do(owner, DELETE, id=theirs["id"])

    assert await member.client.refused(DELETE, id=mine["id"], key="x") == "FORBIDDEN"
    async with services.main.begin() as tx:
        found = await tx.exec_driver_sql(
            "SELECT action FROM audit_events WHERE actor_id = $1 AND entity_type = 'Message'",
            (owner.user_id,),
        )
        assert found.scalars().all() == ["messageDelete"]


async def test_edits_beside_a_delete_bring_nothing_back(world: World) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    (message,) = await world.say(one, conversation, "first")

    edits = [
        one.client.run(EDIT, id=message["id"], text=f"edit {n}", key=uuid4().hex) for n in range(6)
    ]
    await asyncio.gather(*edits[:3], do(one, DELETE, id=message["id"]), *edits[3:])

    shown = await seen(other, message["id"])
    assert (shown["text"], shown["deleted"]) == (None, True)
    assert {edit["text"] for edit in shown["edits"]["nodes"]} <= {None}


async def test_reactions_are_counted_once_each_and_are_emojis(world: World) -> None:
    owner, *members = await world.users(10)
    conversation = await world.conversation_of(owner, await world.group(owner, *members))
    (message,) = await world.say(owner, conversation, "hello")

    people = [owner, *members]
    await asyncio.gather(*(do(p, REACT, id=message["id"], emoji="❤") for p in people * 2))
    await do(owner, UNREACT, id=message["id"], emoji="❤️")

    (heart,) = (await seen(members[0], message["id"]))["reactions"]
    assert heart == {"emoji": "❤️", "count": 9, "viewerHasReacted": True}
    for emoji in ("heart", ":heart:", "❤❤", "", "a", "1", "🇳", "👍\u200d", "👍\0", "👍" * 100):
        values = {"id": message["id"], "emoji": emoji, "key": uuid4().hex}
        assert await owner.client.refused(REACT, **values) == "INVALID"
    for number in range(19):
        await do(owner, REACT, id=message["id"], emoji=chr(0x1F600 + number))
    values = {"id": message["id"], "emoji": "🎉", "key": "x"}
    assert await owner.client.refused(REACT, **values) == "CONFLICT"


async def test_pins_are_listed_the_last_one_first(world: World) -> None:
    owner, member = await world.users(2)
    conversation = await world.conversation_of(owner, await world.group(owner, member))
    messages = await world.say(owner, conversation, "a", "b", "c")

    for message in messages:
        pinned = await do(owner, PIN, id=message["id"])
    await do(owner, UNPIN, id=messages[1]["id"])
    pinned = await do(owner, PIN, id=messages[2]["id"])

    assert pinned["conversation"]["pinnedMessages"]["nodes"] == [{"text": "c"}, {"text": "a"}]
    assert await member.client.refused(PIN, id=messages[1]["id"], key="x") == "FORBIDDEN"


async def test_replies_make_one_thread_that_pages_like_messages(world: World) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    (root,) = await world.say(one, conversation, "root")
    first = (await do(other, REPLY, id=conversation, text="0", to=root["id"]))["message"]

    await asyncio.gather(
        *(do(one, REPLY, id=conversation, text=str(n), to=first["id"]) for n in range(1, 6))
    )

    page = (await other.client.run(THREAD, id=root["id"], first=4))["node"]
    assert page["replyCount"] == 6
    cursor = page["replies"]["pageInfo"]["endCursor"]
    rest = (await other.client.run(THREAD, id=root["id"], first=4, after=cursor))["node"]
    nodes = page["replies"]["nodes"] + rest["replies"]["nodes"]
    assert {node["text"] for node in nodes} == set("012345")
    assert {node["threadRoot"]["id"] for node in nodes} == {root["id"]}
    assert (page["replies"]["pageInfo"]["hasNextPage"], len(nodes)) == (True, 6)
    elsewhere = await world.direct(one, await world.user())
    values = {"id": elsewhere, "text": "x", "to": root["id"], "key": "x"}
    assert await one.client.refused(REPLY, **values) == "NOT_FOUND"


async def test_mentions_are_counted_until_they_are_read_and_follow_edits(world: World) -> None:
    owner, member, stranger = await world.users(3)
    conversation = await world.conversation_of(owner, await world.group(owner, member))
    call = {"id": conversation, "all": False, "users": [member.id]}

    first = (await do(owner, MENTION, text="one", **call))["message"]
    await do(owner, MENTION, text="all", id=conversation, all=True, users=[])
    found = await member.client.run(MENTIONS, id=conversation)
    assert found["conversation"] == {"unreadMentionCount": 2}
    assert found["mentions"]["nodes"] == [{"text": "all"}, {"text": "one"}]

    await do(owner, EDIT_MENTIONS, id=first["id"], users=[])
    found = await member.client.run(MENTIONS, id=conversation)
    assert found == {
        "conversation": {"unreadMentionCount": 1},
        "mentions": {"nodes": [{"text": "all"}]},
    }
    read = await do(member, READ, id=conversation)
    assert read["conversation"] == {"unreadCount": 0, "unreadMentionCount": 0}
    refused = {"id": conversation, "text": "x", "key": "x"}
    for person, users, everyone, code in (
        (owner, [stranger.id], False, "INVALID"),
        (member, [], True, "FORBIDDEN"),
    ):
        given = refused | {"users": users, "all": everyone}
        assert await person.client.refused(MENTION, **given) == code


async def test_a_late_reader_is_told_what_a_follower_was(world: World, services: Services) -> None:
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    async with other.client.subscribe(HAPPENED, id=conversation) as stream:
        await is_followed(services, conversation)
        kept, gone = await world.say(one, conversation, "kept", "gone")
        await do(one, EDIT, id=kept["id"], text="edited")
        await do(other, REACT, id=kept["id"], emoji="🎉")
        await do(one, PIN, id=kept["id"])
        await do(one, DELETE, id=gone["id"])
        live = await stream.take(6)
        await do(one, READ, id=conversation, message=kept["id"])
        await do(other, READ, id=conversation)
        receipt = await stream.next()

    async with other.client.subscribe(
        HAPPENED, id=conversation, after=start(conversation)
    ) as stream:
        late = (await stream.take(7))[1:]

    assert [event["__typename"] for event in live] == [
        *("MessageSent", "MessageSent", "MessageEdited", "ReactionChanged", "PinChanged"),
        "MessageDeleted",
    ]
    assert [event["seq"] for event in late] == [event["seq"] for event in live]
    assert late[2:] == live[2:]
    assert [event["message"]["text"] for event in late[:2]] == ["edited", None]
    assert receipt["__typename"] == "ReceiptChanged"
    assert (receipt["user"]["name"], receipt["messageNumber"]) == (other.name, 2)
