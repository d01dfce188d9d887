"""Values that no honest client sends: each is refused as data, and leaves nothing behind."""

import base64
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import insert, text

from app.api.ids import global_id, uuid_of
from app.chat.log import LogEntry
from app.chat.models import MirrorPending
from app.users.models import UserRole
from tests.chat import operations as chat
from tests.client import Json
from tests.factories import START_DIRECT, World
from tests.security.arguments import places, request

SEND = """mutation($id: ID!, $input: MessageSendInput!) {
  messageSend(conversationId: $id, input: $input) {
    message { seq text metadata } errors { code field message } } }"""
READ = """query($id: ID!) { conversation(id: $id) {
  messageCount messages { nodes { seq metadata } } } }"""
MARK_READ = """mutation($id: ID!, $key: String!) {
  conversationMarkRead(conversationId: $id, input: {clientKey: $key}) {
    conversation { id } errors { code } } }"""


def nested(levels: int) -> Json:
    value: Json = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "metadata",
    [
        {"a": 2**63},
        {"a": 2**64 - 1},
        {"a": [{"b": -1e19}]},
        {"a": 1e19},
        {"a": 1e300},
        {"a": "x\0y"},
        {"a\0": 1},
        {"$set": 1},
        {"a": [{"$where": 1}]},
        {"": 1},
        nested(33),
        {"a": "x" * 8192},
        [1],
        "text",
        7,
        True,
    ],
    ids=lambda value: repr(value)[:20],
)
async def test_metadata_that_a_store_cannot_hold_is_refused(world: World, metadata: Any) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    given = {"text": "x", "metadata": metadata, "clientKey": "k"}

    payload = (await ada.client.run(SEND, id=conversation, input=given))["messageSend"]
    assert payload["message"] is None
    (error,) = payload["errors"]
    assert error["code"] in ("INVALID", "TOO_LONG")
    assert error["field"] == ["input", "metadata"]
    # Nothing was half done: the next message is the first, and both can read it.
    await ada.client.mutate(SEND, id=conversation, input={"text": "y", "clientKey": "k"})
    for person in (ada, ben):
        found = (await person.client.run(READ, id=conversation))["conversation"]
        assert found["messageCount"] == 1
        assert [node["metadata"] for node in found["messages"]["nodes"]] == [{}]


@pytest.mark.covers("A13", "C29")
@pytest.mark.parametrize(
    "metadata",
    [
        {"a": 2**63 - 1, "b": -(2**63), "c": 1e18, "d": 5e-324, "e": 0.1},
        {"a.b": 1, "_id": 2, "__proto__": {"é": None}, "constructor": [True, False]},
        {"a": "\\u0000 and \u202e and 👩‍👧 and e\u0301"},
        nested(32),
    ],
    ids=lambda value: repr(value)[:20],
)
async def test_metadata_comes_back_as_it_was_given(world: World, metadata: Json) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    given = {"text": "x", "metadata": metadata, "clientKey": "k"}

    for _ in range(2):  # a retry is compared with what the store gave back
        sent = await ada.client.mutate(SEND, id=conversation, input=given)
        assert sent["message"]["metadata"] == metadata
    found = (await ben.client.run(READ, id=conversation))["conversation"]
    assert [node["metadata"] for node in found["messages"]["nodes"]] == [metadata]


async def test_variable_without_a_value_within_metadata_is_refused(world: World) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    literal = """mutation($id: ID!, $x: JSON) { messageSend(conversationId: $id,
      input: {text: "x", clientKey: "k", metadata: {a: $x}}) {
        message { id } errors { code message } } }"""
    (error,) = (await ada.client.run(literal, id=conversation))["messageSend"]["errors"]
    assert error["code"] == "INVALID"
    assert "Undefined" not in error["message"]


@pytest.mark.parametrize("text", ["\0", "a\0b", "\U0010ffff\ufffe\u202e", "9" * 400], ids=ascii)
async def test_text_that_a_store_cannot_hold_is_no_fault_anywhere(world: World, text: str) -> None:
    ada, ben = await world.user(UserRole.ADMIN), await world.user()
    group = await world.group(ada, ben)
    talk = await world.conversation_of(ada, group)
    (message,) = await world.say(ada, talk, "Good morning")
    ids = {"groupId": group, "conversationId": talk, "messageId": message["id"], "userId": ben.id}
    for place in places():
        if place.kind != "subscription":
            query, variables = request(place, text, ids)
            answer = await ada.client.send(query, **variables)
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            assert not codes & {"INTERNAL", "UNAVAILABLE"}, (place, answer)


@pytest.mark.parametrize("key", ["", "x" * 65, "a\0", "a\u202eb", "a\nb"], ids=ascii)
async def test_client_key_has_the_same_rules_where_nothing_needs_it(world: World, key: str) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    codes = ("REQUIRED", "TOO_LONG", "INVALID")
    assert await ada.client.refused(START_DIRECT, user=ben.id, key=key) in codes
    assert await ada.client.refused(MARK_READ, id=conversation, key=key) in codes


def cursor(*key: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


CURSORS = [
    "",
    "=",
    "é",
    "\0",
    "x" * 20_000,
    base64.b64encode(b"null").decode(),
    base64.b64encode(b"[" * 3_000).decode(),
    cursor(),
    cursor(None),
    cursor(None, None),
    cursor({}, []),
    cursor(True, True),
    cursor(2**31, 2**31),
    cursor(-(2**63), 2**63),
    cursor("2026-01-01", "x"),
    cursor("0001-01-01T00:00:00+23:59", str(UUID(int=1))),
    cursor("9999-12-31T23:59:59-23:59", 1),
    cursor("NaN", "x"),
    cursor("sNaN", "x"),
    cursor("Infinity", "x"),
    cursor("1e20", "x"),
    cursor("9999999999.999", "x"),
    cursor("1e-999999999", "x"),
    cursor("\0", "x"),
    cursor(2**48, {}),
    cursor(0, {"x": 1}),
    cursor(0, {"0" * 32: 2**40}),
]
LISTS = [
    "users(%s) { edges { cursor } }",
    "users(%s, orderBy: {field: NAME}) { edges { cursor } }",
    "products(%s) { edges { cursor } }",
    "products(%s, orderBy: {field: PRICE}) { edges { cursor } }",
    "products(%s, orderBy: {field: TITLE}) { edges { cursor } }",
    "groups(%s) { edges { cursor } }",
    "conversations(%s) { edges { cursor } }",
    "viewer { groups(%s) { edges { cursor } } }",
    "viewer { products(%s) { edges { cursor } } }",
    "group(id: $group) { members(%s) { edges { cursor } } }",
    "group(id: $group) { children(%s) { edges { cursor } } }",
    "group(id: $group) { conversation { messages(%s) { edges { cursor } } } }",
    "group(id: $group) { conversation { participants(%s) { edges { cursor } } } }",
    "group(id: $group) { conversation { lastMessage { readBy(%s) { edges { cursor } } } } }",
]


@pytest.mark.parametrize("field", LISTS)
async def test_garbage_cursor_is_refused_or_finds_nothing_wrong(world: World, field: str) -> None:
    ada = await world.user()
    group = await world.group(ada)
    await world.say(ada, await world.conversation_of(ada, group), "hello")
    query = f"query($cursor: String, $group: ID!) {{ group(id: $group) {{ id }} {field} }}"
    for number, garbage in enumerate(CURSORS):
        window = ("after: $cursor", "last: 1, before: $cursor")[number % 2]
        answer = await ada.client.send(query % window, cursor=garbage, group=group)
        codes = {e["extensions"]["code"] for e in answer.get("errors", ())}
        assert codes <= {"INVALID_CURSOR"}, (garbage, answer)


@pytest.mark.parametrize("field", LISTS)
async def test_cursors_of_the_other_lists_do_no_harm(world: World, field: str) -> None:
    ada = await world.user()
    group = await world.group(ada)
    await world.say(ada, await world.conversation_of(ada, group), "hello")
    everything = " ".join(f"l{n}: {text % 'first: 1'}" for n, text in enumerate(LISTS))
    answer = await ada.client.run(f"query($group: ID!) {{ {everything} }}", group=group)
    cursors = {part.split("'")[3] for part in str(answer).split("{") if part.startswith("'cursor'")}
    assert len(cursors) > 4
    query = f"query($cursor: String, $group: ID!) {{ group(id: $group) {{ id }} {field} }}"
    for other in cursors:
        answer = await ada.client.send(query % "after: $cursor", cursor=other, group=group)
        codes = {e["extensions"]["code"] for e in answer.get("errors", ())}
        assert codes <= {"INVALID_CURSOR"}, answer


OF_TALKS = [
    "messages(%s) { edges { cursor } }",
    "pinnedMessages(%s) { edges { cursor } }",
    "lastMessage { threadRoot { replies(%s) { edges { cursor } } } }",
    "lastMessage { threadRoot { edits(%s) { edges { cursor } } } }",
]


@pytest.mark.parametrize("field", OF_TALKS)
async def test_cursor_of_another_talk_or_thread_is_refused(world: World, field: str) -> None:
    ada, ben, eve = await world.users(3)
    query = f"query($id: ID!, $cursor: String) {{ conversation(id: $id) {{ {field} }} }}"
    asked, found = query % "first: 1, after: $cursor", []
    talks = [await world.direct(ada, other) for other in (ben, eve)]
    for talk in talks:
        (root,) = await world.say(ada, talk, "one")
        await ada.client.mutate(chat.EDIT, id=root["id"], text="two", key=uuid4().hex)
        await ada.client.mutate(chat.PIN, id=root["id"], key=uuid4().hex)
        await ada.client.mutate(chat.REPLY, id=talk, text="so", to=root["id"], key=uuid4().hex)
        answer = str(await ada.client.run(asked, id=talk, cursor=None))
        found.append(answer.partition("'cursor': '")[2].partition("'")[0])
    for talk, own, other in zip(talks, found, reversed(found), strict=True):
        await ada.client.run(asked, id=talk, cursor=own)
        (error,) = (await ada.client.send(asked, id=talk, cursor=other))["errors"]
        assert error["extensions"]["code"] == "INVALID_CURSOR"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "=",
        "a",
        "é",
        "\0",
        "VXNlcjo=\n",
        "x" * 100_000,
        global_id("User", "x"),
        global_id("User", 2**70),
        global_id("Group", "{00000000-0000-0000-0000-000000000000}"),
        global_id("Product", "IM_' OR 1=1 --"),
        global_id("Message", UUID(int=1)),
        global_id("Nothing", UUID(int=1)),
        global_id("", ""),
        7,
        -1,
    ],
    ids=lambda value: repr(value)[:20],
)
async def test_id_of_nothing_is_null_or_not_found(world: World, bad: str | int) -> None:
    ada = await world.user()
    fields = ("node", "user", "product", "group", "conversation")
    query = f"query($id: ID!) {{ {' '.join(f'{f}(id: $id) {{ id }}' for f in fields)} }}"
    assert await ada.client.run(query, id=bad) == dict.fromkeys(fields)
    writes = """mutation($id: ID!) {
      a: productSubmit(productId: $id, input: {clientKey: "k"}) { errors { code } }
      b: groupUpdate(groupId: $id, input: {clientKey: "k"}) { errors { code } }
      c: groupMemberAdd(groupId: $id, input: {userId: $id, clientKey: "k"}) { errors { code } }
      d: groupMemberRemove(groupId: $id, input: {userId: $id, clientKey: "k"}) { errors { code } }
      e: conversationStart(input: {kind: DIRECT, userId: $id, clientKey: "k"}) { errors { code } }
      f: messageSend(conversationId: $id, input: {text: "x", clientKey: "k"}) { errors { code } }
      g: conversationMarkRead(conversationId: $id, input: {clientKey: "k"}) { errors { code } }
      h: groupCreate(input: {name: "x", parentId: $id, clientKey: "k"}) { errors { code } }
    }"""
    payloads = (await ada.client.run(writes, id=bad)).values()
    assert [payload["errors"] for payload in payloads] == [[{"code": "NOT_FOUND"}]] * 8


async def test_entry_that_cannot_be_carried_over_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Any = world.services.chat
    ada, ben, eve = await world.users(3)
    conversations = [await world.direct(ada, other) for other in (ben, eve)]
    bad, good = (uuid_of(i, "Conversation", field=[]) for i in conversations)
    carried = []

    async def show(entry: LogEntry) -> None:
        if entry.conversation_id == bad:
            raise OverflowError("MongoDB can only handle up to 8-byte ints")
        carried.append(entry.conversation_id)

    await store._forget()  # as if neither had been carried over
    monkeypatch.setattr(store, "_show", show)
    async with world.services.main.begin() as tx:
        for age, conversation in ((2, bad), (1, good)):
            long_ago = text(f"now() - interval '{age} hours'")
            row = {"conversation_id": conversation, "seq": 1, "epoch": 1, "created_at": long_ago}
            await tx.execute(insert(MirrorPending).values(row))
    await store.sweep()
    assert good in carried
