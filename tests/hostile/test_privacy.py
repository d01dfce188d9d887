"""What one user, a former member or nobody can learn of what is not theirs, by every path."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.api.ids import global_id
from app.users.models import UserRole
from tests.chat import operations as chat
from tests.client import Client
from tests.factories import MEMBER_ADD, MEMBER_REMOVE, SEND, START_DIRECT, Person, World

ANY_NODE = "query($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { id } }"
EVENTS = """subscription($id: ID!, $after: String) {
  conversationEvents(conversationId: $id, after: $after) {
    __typename cursor conversation { id }
    ... on MessageSent { message { text } }
    ... on MembersChanged { removed { id } } } }"""
INBOX = "subscription($after: String) { inbox(after: $after) { cursor conversationId } }"
MARK_READ = """mutation($id: ID!, $message: ID, $key: String!) {
  conversationMarkRead(conversationId: $id, input: {messageId: $message, clientKey: $key}) {
    conversation { id } errors { code } } }"""
CREATE_PRODUCT = """mutation($key: String!) { productCreate(input: {
  title: "Secret", description: "Secret", cause: GRIEF_CARE, mrp: "2", sellingPrice: "1",
  productUrl: "https://example.org/", clientKey: $key}) { product { id } errors { code } } }"""
GROUP_AROUND = """mutation($product: ID, $key: String!) {
  groupCreate(input: {name: "Around", productId: $product, clientKey: $key}) {
    group { id product { id } } errors { code } } }"""


async def message_in(world: World, sender: Person, conversation: str) -> str:
    (message,) = await world.say(sender, conversation, "between us")
    found: str = message["id"]
    return found


async def assert_hidden(client: Client, conversation: str, message: str) -> None:
    """Assert that neither is found by any query, with the answer of an id that never was."""
    for real, type_name in ((conversation, "Conversation"), (message, "Message")):
        unknown = global_id(type_name, uuid4())
        assert await client.run(ANY_NODE, id=real) == await client.run(ANY_NODE, id=unknown)
        assert (await client.run(ANY_NODE, id=real))["node"] is None
    query = "query($id: ID!) { conversation(id: $id) { id } }"
    assert await client.run(query, id=conversation) == {"conversation": None}


async def refusal_of_stream(client: Client, query: str, **variables: Any) -> Any:
    async with client.subscribe(query, **variables) as stream:
        return (await stream.end())["payload"][0]["extensions"]["code"]


@pytest.mark.parametrize("who", ["stranger", "moderator", "anonymous"])
async def test_direct_conversation_is_nobody_elses(
    world: World, anonymous: Client, who: str
) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    message = await message_in(world, ada, conversation)
    role = UserRole.MODERATOR if who == "moderator" else UserRole.USER
    client = anonymous if who == "anonymous" else (await world.user(role)).client
    expected = "UNAUTHENTICATED" if who == "anonymous" else "NOT_FOUND"

    await assert_hidden(client, conversation, message)
    unknown = global_id("Conversation", uuid4())
    for target in (conversation, unknown):
        assert await client.refused(SEND, id=target, text="hi", key="k") == expected
        assert await client.refused(MARK_READ, id=target, message=None, key="k") == expected
        assert await refusal_of_stream(client, EVENTS, id=target) == expected
    query = "query($id: ID!) { user(id: $id) { directConversation { id } } }"
    for person in (ada, ben):
        found = (await client.run(query, id=person.id))["user"]
        assert found is None or found["directConversation"] is None


async def test_message_of_another_conversation_cannot_be_marked_read(world: World) -> None:
    ada, ben, eve = await world.users(3)
    hidden = await message_in(world, ada, await world.direct(ada, ben))
    own = await world.direct(eve, ada)
    unknown = global_id("Message", uuid4())
    for message in (hidden, unknown):
        assert await eve.client.refused(MARK_READ, id=own, message=message, key="k") == "NOT_FOUND"


async def test_ids_of_another_conversation_lead_nowhere(world: World) -> None:
    ada, ben, eve = await world.users(3)
    hidden = await message_in(world, ada, await world.direct(ada, ben))
    own = await world.direct(eve, ada)
    mine = await message_in(world, eve, own)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for target in (hidden, global_id("Message", uuid4())):
        answer = {"id": own, "text": "so", "to": target, "key": "k"}
        assert await eve.client.refused(chat.REPLY, **answer) == "NOT_FOUND"
        assert await eve.client.refused(chat.SCHEDULE, at=tomorrow, **answer) == "NOT_FOUND"
    mention = {"users": [ben.id], "key": "k"}
    refused = await eve.client.refused(chat.MENTION, id=own, text="psst", all=False, **mention)
    assert refused == "INVALID"
    assert await eve.client.refused(chat.EDIT_MENTIONS, id=mine, **mention) == "INVALID"
    mentions = "{ mentions { nodes { id } } }"
    assert (await ben.client.run(mentions))["mentions"]["nodes"] == []


async def test_personal_details_are_the_users_own_by_every_path(
    world: World, anonymous: Client
) -> None:
    ada, ben = await world.users(2)
    staff = await world.user(UserRole.MODERATOR)
    group = await world.group(ada, ben)
    conversation = await world.conversation_of(ada, group)
    await world.say(ada, conversation, "hello")
    email = "personal { email contactNumber dob lastLoginAt }"
    query = f"""query($user: ID!, $group: ID!) {{
      user(id: $user) {{ {email} }}
      node(id: $user) {{ ... on User {{ {email} }} }}
      group(id: $group) {{ owner {{ {email} }} members {{ nodes {{ user {{ id {email} }} }} }}
        conversation {{
          creator {{ {email} }} participants {{ nodes {{ id {email} }} }}
          lastMessage {{ sender {{ {email} }} readBy {{ nodes {{ id {email} }} }} }} }} }} }}"""

    seen = str(await ben.client.run(query, user=ada.id, group=group))
    assert seen.count("'email'") == 2  # Ben's own: as a member, and as a participant
    details = (await staff.client.run(query, user=ada.id, group=group))["user"]["personal"]
    assert details["email"].endswith("@example.org")
    assert "email" not in str(await anonymous.run(query, user=ada.id, group=group))


async def test_draft_is_its_vendors_and_the_staffs(world: World, anonymous: Client) -> None:
    ada, eve = await world.users(2)
    product = (await ada.client.mutate(CREATE_PRODUCT, key="k"))["product"]["id"]
    around = (await ada.client.mutate(GROUP_AROUND, product=product, key="k"))["group"]
    assert around["product"] == {"id": product}
    unknown = global_id("Product", "IM_none")
    query = """query($id: ID!, $vendor: ID!) {
      product(id: $id) { id } node(id: $id) { id }
      user(id: $vendor) { products { nodes { id } groups: edges { cursor } } } }"""

    for client in (eve.client, anonymous):
        found = await client.run(query, id=product, vendor=ada.id)
        assert found["product"] is None
        assert found["node"] is None
        assert found["user"] is None or found["user"]["products"] == {"nodes": [], "groups": []}
        for target in (product, unknown):
            listed = await client.send(
                "query($id: ID!) { groups(filter: {productId: $id}) { nodes { id } } }", id=target
            )
            assert listed["data"] == {"groups": None}
            assert listed["errors"][0]["extensions"]["code"] in ("NOT_FOUND", "UNAUTHENTICATED")
    for target in (product, unknown):
        assert await eve.client.refused(GROUP_AROUND, product=target, key="k") == "NOT_FOUND"
    group = "query($id: ID!) { group(id: $id) { name product { id } } }"
    assert (await eve.client.run(group, id=around["id"]))["group"]["product"] is None


async def test_former_member_sees_nothing_more(world: World) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada, ben)
    conversation = await world.conversation_of(ben, group)
    message = await message_in(world, ada, conversation)
    before = await ben.client.run(
        "query($id: ID!) { conversation(id: $id) { messages { pageInfo { endCursor } } } }",
        id=conversation,
    )
    cursor = before["conversation"]["messages"]["pageInfo"]["endCursor"]
    async with (
        ben.client.subscribe(EVENTS, id=conversation) as events,
        ben.client.subscribe(INBOX) as inbox,
    ):
        await asyncio.sleep(0.3)  # both listen
        await ada.client.mutate(MEMBER_REMOVE, group=group, user=ben.id, key=uuid4().hex)
        await world.say(ada, conversation, "he is gone")

        last = await events.next()
        assert last["__typename"] == "MembersChanged"
        assert last["conversation"] is None
        assert (await events.end())["type"] == "complete"
        assert (await inbox.next())["conversationId"] == conversation
        assert await inbox.is_silent()

    await assert_hidden(ben.client, conversation, message)
    for after in (None, cursor, last["cursor"]):
        code = await refusal_of_stream(ben.client, EVENTS, id=conversation, after=after)
        assert code == "NOT_FOUND"
    assert await ben.client.refused(SEND, id=conversation, text="hi", key="k") == "NOT_FOUND"
    paths = """query($group: ID!) {
      group(id: $group) { viewerMembership { role } conversation { lastMessage { text } } }
      viewer { groups { nodes { id } } } conversations { nodes { id } } }"""
    found = await ben.client.run(paths, group=group)
    assert found == {
        "group": {"viewerMembership": None, "conversation": None},
        "viewer": {"groups": {"nodes": []}},
        "conversations": {"nodes": []},
    }


async def test_retry_by_a_former_member_tells_nothing(world: World) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada, ben)
    conversation = await world.conversation_of(ben, group)
    await ben.client.mutate(SEND, id=conversation, text="mine", key="once")
    await ada.client.mutate(MEMBER_REMOVE, group=group, user=ben.id, key=uuid4().hex)

    assert await ben.client.refused(SEND, id=conversation, text="mine", key="once") == "NOT_FOUND"


async def test_inbox_hears_of_no_other_conversation(world: World) -> None:
    ada, ben, eve = await world.users(3)
    async with eve.client.subscribe(INBOX) as inbox:
        await asyncio.sleep(0.2)
        conversation = await world.direct(ada, ben)
        await world.say(ada, conversation, "psst")
        assert await inbox.is_silent(1.2)  # a sweep's time


@pytest.mark.parametrize(
    ("mutation", "variables"),
    [
        (MEMBER_ADD, {"group": "", "user": ""}),
        (MEMBER_REMOVE, {"group": "", "user": ""}),
        (START_DIRECT, {"user": ""}),
        (CREATE_PRODUCT, {}),
        (GROUP_AROUND, {}),
    ],
)
async def test_nobody_changes_anything(
    world: World, anonymous: Client, mutation: str, variables: dict[str, str]
) -> None:
    ada, ben = await world.users(2)
    real = {"group": await world.group(ada), "user": ben.id}
    given = {name: real[name] for name in variables}
    assert await anonymous.refused(mutation, key="k", **given) == "UNAUTHENTICATED"
