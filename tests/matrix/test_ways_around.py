"""What is refused at the front door is refused at the others: retries, filters, cursors, caches."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.api.ids import global_id, parse_id, uuid_of
from app.services import Services
from tests.factories import MEMBER_REMOVE, SEND
from tests.matrix.asking import filled
from tests.matrix.columns import FORMER, MEMBER, OWNER, STRANGER
from tests.matrix.estate import Estate
from tests.matrix.targets import aimed
from tests.matrix.witness import changed, listening, stored

ALIKE = [
    ("node", "id: $talk", "__typename"),
    ("node", "id: $message", "__typename"),
    ("node", "id: $rejected", "__typename"),
    ("product", "id: $rejected", "__typename"),
    ("conversation", "id: $talk", "__typename"),
    ("groups", "filter: {productId: $rejected}", "nodes { id }"),
    ("node", "id: $den", "__typename"),
    ("group", "id: $hall", "__typename"),
    ("node", "id: $invitation", "__typename"),
    ("node", "id: $link", "__typename"),
]
ALIKE_WRITES = [
    ("productUpdate", 'productId: $rejected, input: {clientKey: $key, title: "New"}'),
    ("productSubmit", "productId: $rejected, input: {clientKey: $key}"),
    ("productPublish", "productId: $rejected, input: {clientKey: $key}"),
    ("productReject", 'productId: $rejected, input: {clientKey: $key, remark: "No."}'),
    ("groupCreate", 'input: {clientKey: $key, name: "Choir", productId: $rejected}'),
    ("groupCreate", 'input: {clientKey: $key, name: "Choir", parentId: $den}'),
    ("groupUpdate", 'groupId: $hall, input: {clientKey: $key, name: "New"}'),
    ("groupDelete", "groupId: $den, input: {clientKey: $key}"),
    ("groupJoin", "groupId: $hall, input: {clientKey: $key}"),
    ("groupLeave", "groupId: $den, input: {clientKey: $key}"),
    ("groupInvitationLinkCreate", "groupId: $den, input: {clientKey: $key}"),
    ("groupInvitationAccept", "groupInvitationId: $invitation, input: {clientKey: $key}"),
    ("groupInvitationLinkRevoke", "groupInvitationLinkId: $link, input: {clientKey: $key}"),
    ("messageSend", 'conversationId: $talk, input: {clientKey: $key, text: "La"}'),
    ("messageEdit", 'messageId: $message, input: {clientKey: $key, text: "La"}'),
    ("messageDelete", "messageId: $message, input: {clientKey: $key}"),
    ("messageReactionAdd", 'messageId: $message, input: {clientKey: $key, emoji: "👍"}'),
    ("messagePin", "messageId: $message, input: {clientKey: $key}"),
    ("conversationMarkRead", "conversationId: $talk, input: {clientKey: $key}"),
    ("conversationMarkRead", "conversationId: $talk, input: {clientKey: $key, messageId: $note}"),
]
REASONS = "errors { code message field }"


def unknown(object_id: str) -> str:
    """The id of something of the same type that there is not."""
    type_name, key = parse_id(object_id) or ("", "")
    return global_id(type_name, f"IM_{uuid4().hex}" if key.startswith("IM_") else uuid4())


def unknown_words(words: dict[str, str], arguments: str) -> dict[str, str]:
    named = {name: word for name, word in words.items() if f"${name}" in arguments}
    return words | {name: unknown(word) for name, word in named.items() if parse_id(word)}


@pytest.mark.parametrize(("field", "arguments", "asking"), ALIKE)
async def test_the_invisible_is_asked_for_as_the_unknown(
    field: str, arguments: str, asking: str, estate: Estate
) -> None:
    answers = [
        await estate.clients[FORMER].send(f"{{ {field}{filled(arguments, words)} {{ {asking} }} }}")
        for words in (estate.words, unknown_words(estate.words, arguments))
    ]
    for answer in answers:
        answer.pop("extensions", None)
    assert answers[0] == answers[1]


@pytest.mark.parametrize(("field", "arguments"), ALIKE_WRITES)
async def test_the_invisible_is_written_to_as_the_unknown(
    field: str, arguments: str, estate: Estate
) -> None:
    words = estate.words | {"key": uuid4().hex}
    answers = [
        await estate.clients[FORMER].run(
            f"mutation {{ {field}{filled(arguments, w)} {{ {REASONS} }} }}"
        )
        for w in (words, unknown_words(words, arguments))
    ]
    assert answers[0] == answers[1]
    assert [error["code"] for error in answers[0][field]["errors"]] == ["NOT_FOUND"]


async def test_a_retry_of_a_former_member_is_refused_without_a_trace(
    workshop: Estate, services: Services
) -> None:
    owner, former = workshop.people[OWNER], workshop.people[FORMER]
    choir = await workshop.world.group(owner, former)
    song = await workshop.world.conversation_of(owner, choir)
    key = uuid4().hex
    await former.client.mutate(SEND, id=song, text="Do", key=key)
    await owner.client.mutate(MEMBER_REMOVE, group=choir, user=former.id, key=uuid4().hex)
    before = await stored(services)

    async with listening(workshop) as listener:
        assert await former.client.refused(SEND, id=song, text="Do", key=key) == "NOT_FOUND"
        assert await former.client.refused(SEND, id=song, text="Re", key=key) == "NOT_FOUND"
        assert await listener.heard() == []
    assert changed(before, await stored(services)) == []


async def test_a_former_member_has_read_what_they_read_and_nothing_since(estate: Estate) -> None:
    query = """query($id: ID!) { conversation(id: $id) {
      participants { nodes { id } } messages(first: 10) { nodes { readBy { nodes { id } } } } } }"""
    found = (await estate.clients[OWNER].run(query, id=estate.words["talk"]))["conversation"]
    former = {"id": estate.words[FORMER]}

    assert former not in found["participants"]["nodes"]
    read = [former in message["readBy"]["nodes"] for message in found["messages"]["nodes"]]
    assert read[:2] == [True, True]
    assert not any(read[3:])


async def test_leaving_takes_effect_within_the_same_operation(workshop: Estate) -> None:
    words = await aimed(workshop, "$choir")
    start = f"conversationStart(input: {{kind: GROUP, clientKey: $key, groupId: {_quoted(words)}}})"
    query = f"""mutation($group: ID!, $me: ID!, $key: String!) {{
      before: {start} {{ conversation {{ id }} errors {{ code }} }}
      groupMemberRemove(groupId: $group, input: {{userId: $me, clientKey: $key}}) {{
        group {{ memberCount viewerMembership {{ role }} conversation {{ id }} }}
        user {{ groups {{ nodes {{ id }} }} }}
      }}
      after: {start} {{ conversation {{ id }} errors {{ code }} }} }}"""
    found = await workshop.clients[MEMBER].run(
        query, group=words["choir"], me=words[MEMBER], key=uuid4().hex
    )

    assert found["before"] == {"conversation": {"id": words["song"]}, "errors": []}
    left = found["groupMemberRemove"]
    assert left["group"] == {"memberCount": 1, "viewerMembership": None, "conversation": None}
    assert {"id": words["choir"]} not in left["user"]["groups"]["nodes"]
    assert found["after"] == {"conversation": None, "errors": [{"code": "NOT_FOUND"}]}


def _quoted(words: dict[str, str]) -> str:
    return filled("$choir", words).strip("()")


async def test_a_change_is_seen_by_what_follows_it_in_one_operation(workshop: Estate) -> None:
    words = await aimed(workshop, "$choir")
    query = """mutation($group: ID!, $one: ID!, $key: String!) {
      add: groupMemberAdd(groupId: $group, input: {userId: $one, clientKey: $key}) {
        group { memberCount members { nodes { user { id } } } } }
      remove: groupMemberRemove(groupId: $group, input: {userId: $one, clientKey: $key}) {
        group { memberCount members { nodes { user { id } } } } } }"""
    found = await workshop.clients[OWNER].run(
        query, group=words["choir"], one=words["outsider"], key=uuid4().hex
    )
    assert [found[name]["group"]["memberCount"] for name in ("add", "remove")] == [3, 2]
    assert [len(found[n]["group"]["members"]["nodes"]) for n in ("add", "remove")] == [3, 2]


async def test_an_entry_that_is_no_message_is_no_node(estate: Estate, services: Services) -> None:
    talk = uuid_of(estate.words["talk"], "Conversation", field=[])
    messages = services.mongo.database["messages"]
    entry = await messages.find_one({"conversation_id": talk, "kind": "member"})
    assert entry is not None
    key: UUID = entry["_id"]
    query = "query($id: ID!) { node(id: $id) { __typename } }"
    assert await estate.clients[OWNER].run(query, id=global_id("Message", key)) == {"node": None}


async def test_a_page_does_not_tell_of_what_it_leaves_out(estate: Estate) -> None:
    query = """query($id: ID!) { user(id: $id) {
      products(first: 1) { nodes { id } pageInfo { hasNextPage hasPreviousPage } } } }"""
    found = await estate.clients[STRANGER].run(query, id=estate.words[OWNER])
    assert found["user"]["products"] == {
        "nodes": [{"id": estate.words["published"]}],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False},
    }


async def test_a_cursor_of_another_inbox_leads_nowhere(estate: Estate) -> None:
    query = """query($after: String) {
      conversations(after: $after) { edges { cursor } pageInfo { hasPreviousPage } } }"""
    mine: Any = await estate.clients[OWNER].run(query, after=None)
    cursor = mine["conversations"]["edges"][0]["cursor"]
    found = await estate.clients[STRANGER].run(query, after=cursor)
    assert found["conversations"]["edges"] == []
