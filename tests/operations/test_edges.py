"""Every field of the graph: twenty parents cost as many store commands as one does.

The fields are read off the schema, so that a new one fails until the village has it.
"""

from contextlib import aclosing
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID, uuid4

import orjson
import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from starlette.applications import Starlette

from app.api.context import make_context
from app.api.execution import make_engine, stream
from app.api.ids import global_id
from app.api.schema import schema
from app.chat import search
from app.chat.commands import create_conversation, member_entry
from app.chat.models import ConversationKind
from app.chat.queries import message_cursor
from app.services import Services
from tests.client import Client
from tests.operations.commands import recorded
from tests.operations.village import SIZE, Village

TYPES = schema._schema.type_map
ROOTS = {"Query", "Mutation", "Subscription"}
NODES = (
    *("User", "Product", "Group", "Conversation", "Message", "Session", "AuditEvent"),
    *("GroupInvitation", "GroupInvitationLink", "ScheduledMessage"),
    *("ModerationItem", "ModerationDecision"),
)
# What only the viewer has: a list that is there for nobody else.
OWN = {
    *("User.preferences", "User.sessions", "User.invitations", "User.scheduledMessages"),
    "User.reports",
}

# How to come by parents of each type: from nodes of a type, by a path.
PARENTS = {name: (name, "%s") for name in NODES} | {
    "PersonalInformation": ("User", "personal { %s }"),
    "GroupMember": ("Group", "members(first: 1) { nodes { %s } }"),
    "ModerationSnapshot": ("ModerationItem", "snapshot { %s }"),
    "Medium": ("Product", "media { %s }"),
    "MessageEdit": ("Message", "edits(first: 1) { nodes { %s } }"),
    "Reaction": ("Message", "reactions { %s }"),
    "Usage": ("User", "usage { %s }"),
    "MonthlyUsage": ("User", "usage { thisMonth { %s } }"),
}
# What a message has that answers another.
OF_REPLIES = dict.fromkeys(
    ("Message.replyTo", "Message.threadRoot"), ("Message", "replies(first: 1) { nodes { %s } }")
)
# What a message for later no longer has when it is sent.
UNTIL_SENT = {"ScheduledMessage.attachments"}
# One parent each, made by what runs it; what they name is counted from its own type on.
SINGLE = {
    *(*ROOTS, "ConversationEvent", "InboxEvent", "MembersChanged", "MessageSent"),
    *("MessageEdited", "MessageDeleted", "ReactionChanged", "PinChanged", "ReceiptChanged"),
    *("MonthReport", "CauseReport", "UserReport", "EndpointReport"),
    *("ConversationChanged", "RefetchNeeded", "RateLimit", "AuthCode", "AuthToken"),
    *("GroupInvitationToken", "GroupInvitationsEvent"),
    *("ServiceAccount", "ServiceKey", "PresenceChanged", "ConversationPresence"),
    *("Attachment", "HttpHeader"),
    "Account",
    *("ModerationEvent", "ProductEvent", "GroupEvent", "ScheduledMessageEvent", "ViewerChanged"),
    *("Account", "DataExport"),
    *("Preferences", "PreferencesChanged"),
    *("MessageDelta", "Answer", "AssistantPreferences"),
}
# What the village's conversations, which are with no assistant, have not: see `test_answers.py`.
WITH_ASSISTANTS = {"Conversation.assistantPreferences"}


def is_payload(name: str) -> bool:
    return name.endswith("Payload") or name == "UserError"


def is_page(name: str) -> bool:
    return name.endswith(("Connection", "Edge")) or name == "PageInfo"


def fields(name: str) -> dict[str, GraphQLField]:
    found = TYPES[name]
    assert isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
    named: dict[str, GraphQLField] = found.fields
    return named


def object_types() -> list[str]:
    kinds = (GraphQLObjectType, GraphQLInterfaceType)
    return [n for n, t in TYPES.items() if isinstance(t, kinds) and not n.startswith("__")]


def counted_fields() -> list[str]:
    apart = SINGLE | {"Node"}
    counted = [n for n in object_types() if n not in apart and not is_payload(n) and not is_page(n)]
    return [f"{name}.{field}" for name in counted for field in fields(name)]


def selection(field: GraphQLField) -> str:
    """What to ask of a field: a page's every field, and of an object its type alone."""
    kind = get_named_type(field.type)
    if is_leaf_type(kind):
        return ""
    if not is_page(kind.name):
        return "{ __typename }"
    parts = [f"{name} {selection(inner)}" for name, inner in fields(kind.name).items()]
    return f"{{ {' '.join(parts)} }}"


def leaves(value: Any, path: list[str]) -> list[Any]:
    """What an answer holds at the end of a path through objects and lists."""
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item, path)]
    return leaves(value[path[0]], path[1:]) if path else [value]


def is_empty(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, dict) and value.get("nodes") == [])


async def commands_for(client: Client, query: str, ids: list[str]) -> tuple[list[str], list[Any]]:
    with recorded() as commands:
        answer = await client.run(query, ids=ids)
    return commands, answer["nodes"]


@pytest.mark.covers("E29", "E30")
@pytest.mark.parametrize("edge", counted_fields())
async def test_the_number_of_parents_does_not_change_the_number_of_commands(
    edge: str, viewer: Client, village: Village
) -> None:
    type_name, name = edge.split(".")
    assert type_name in PARENTS, f"the village has no {type_name}: say how to come by twenty"
    field = fields(type_name)[name]
    required = [n for n, a in field.args.items() if is_required_argument(a)]
    assert not required, f"say what to ask {edge} with"
    root, path = OF_REPLIES.get(edge) or PARENTS[type_name]
    few = "(first: 5)" if "first" in field.args else ""  # below the limit of what it may cost
    asked = path % f"counted: {name}{few} {selection(field)}"
    query = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {root} {{ {asked} }} }} }}"
    ids = village.waiting if edge in UNTIL_SENT else village.ids[root]

    one, _ = await commands_for(viewer, query, ids[:1])
    many, answer = await commands_for(viewer, query, ids)

    assert len(one) == len(many), "\n".join(["one:", *one, "many:", *many])
    steps = [s.split("(")[0] for s in path.replace("{", " ").replace("}", " ").split()]
    values = leaves(answer, [*filter(str.isidentifier, steps), "counted"])
    if not is_leaf_type(get_named_type(field.type)):
        assert len(values) == SIZE
        empty = f"the village leaves {edge} empty"
        assert edge in OWN | WITH_ASSISTANTS or not any(map(is_empty, values)), empty


LISTS = [
    n for n, f in fields("Query").items() if get_named_type(f.type).name.endswith("Connection")
]

# What a list must be asked with.
ASKED_WITH = {"productSearch": 'query: "lamp", ', "messageSearch": 'query: "hello", '}

# There are no twenty of these.
FEW = {"usageByMonth", "usageByCause"}
# Lists that are of more than one database or collection, or take a first look.
LISTED_FROM = {"auditEvents": 2, "conversations": 2, "messageSearch": 2, "mentions": 3}


@pytest.mark.covers("A15")
@pytest.mark.parametrize("name", LISTS)
async def test_the_length_of_a_list_does_not_change_the_number_of_commands(
    name: str, viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_NEAREST", search._AT_MOST)  # all that tests have said
    asked = selection(fields("Query")[name])
    given = ASKED_WITH.get(name, "")
    counts = []
    for size in (1, SIZE):
        with recorded() as commands:
            found = await viewer.run(f"{{ {name}({given}first: {size}) {asked} }}")
        assert len(found[name]["nodes"]) == size or name in FEW
        counts.append(len(commands))
    assert counts == [LISTED_FROM.get(name, 1)] * 2


async def test_the_users_of_a_report_are_read_with_one_command(viewer: Client) -> None:
    counts = []
    for size in (1, SIZE):
        query = f"{{ usageByUser(first: {size}) {{ nodes {{ user {{ id }} }} }} }}"
        with recorded() as commands:
            found = await viewer.run(query)
        assert len([node for node in found["usageByUser"]["nodes"] if node["user"]]) == size
        counts.append(len(commands))
    assert counts == [2, 2]


MEMBERS = """subscription($id: ID!, $after: String) {
  conversationEvents(conversationId: $id, after: $after) {
    ... on MembersChanged { actor { id } added { id } removed { id } conversation { id } } } }"""


@pytest.mark.parametrize("removed", [False, True])
async def test_the_number_of_members_does_not_change_the_number_of_commands(
    heard: Starlette, village: Village, *, removed: bool
) -> None:
    services: Services = heard.state.services
    me = village.viewer.viewer
    engine = make_engine(
        schema,
        authenticate=AsyncMock(),
        make_context=lambda viewer, budget: make_context(viewer, services, budget),
        settings=services.settings,
    )
    operation = engine.documents.operation(MEMBERS, None)
    counts = []
    for size in (1, SIZE):
        others = [villager.user_id for villager in village.villagers[:size]]
        conversation_id = await talked_about(services, me.require(), others, removed=removed)
        first = message_cursor(conversation_id, 1, 0)
        variables = {"id": global_id("Conversation", conversation_id), "after": first}
        with recorded() as commands:
            async with aclosing(stream(engine, operation, variables, me)) as events:
                (event,) = orjson.loads(await anext(events))["data"].values()
        assert len(event["removed" if removed else "added"]) == size
        counts.append(len(commands))
    assert counts[0] == counts[1]


async def talked_about(services: Services, me: int, others: list[int], *, removed: bool) -> UUID:
    """A conversation whose second entry adds or removes these users."""
    conversation_id = uuid4()
    values = {"id": conversation_id, "kind": ConversationKind.ASSISTANT}
    change = {"removed": others} if removed else {"added": others}
    async with services.main.begin() as tx:
        entries = [
            await create_conversation(tx, services, me, values, [me]),
            await services.chat.append(tx, member_entry(conversation_id, me, "x", **change)),
        ]
    await services.chat.publish(entries)
    return conversation_id


def test_payloads_hold_what_their_command_read() -> None:
    for name in filter(is_payload, object_types()):
        for field in fields(name).values():
            definition = field.extensions["strawberry-definition"]
            assert definition.base_resolver is None, f"{name}.{definition.python_name}"


def test_every_type_is_counted_somewhere() -> None:
    known = set(PARENTS) | SINGLE | {"Node"}
    assert [
        n for n in object_types() if n not in known and not is_payload(n) and not is_page(n)
    ] == []
