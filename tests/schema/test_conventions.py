"""The conventions that make the graph predictable, each held against every type and field."""

import re

from graphql import (
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_non_null_type,
)

from tests.schema.walk import ENUMS, FIELDS, INPUTS, OBJECTS, ROOTS, SCHEMA, TYPES

PAGING = ["first", "after", "last", "before"]

# Where a type's rows are; an edge from one place to another may find the other away.
STORES = {
    **dict.fromkeys(("User", "PersonalInformation", "Preferences", "Session"), "accounts"),
    "AssistantPreferences": "accounts",
    **dict.fromkeys(("Usage", "MonthlyUsage"), "main"),
    **dict.fromkeys(("Product", "Medium", "Group", "GroupMember"), "main"),
    "ScheduledMessage": "main",
    **dict.fromkeys(("GroupInvitation", "GroupInvitationLink"), "main"),
    **dict.fromkeys(("ModerationItem", "ModerationSnapshot", "ModerationDecision"), "main"),
    **dict.fromkeys(("Conversation", "Message", "MessageEdit", "Reaction"), "log"),
}
# What an answer is made of, and no store holds.
NO_ENTITIES = {
    *(*ROOTS, "Node", "PageInfo", "UserError", "RateLimit"),
    *("MonthReport", "CauseReport", "UserReport", "EndpointReport"),
    *("AuthCode", "AuthToken", "ServiceAccount", "ServiceKey", "GroupInvitationToken"),
    "ConversationPresence",
    *("Attachment", "HttpHeader"),
    *("Account", "DataExport"),
    *("Answer", "MessageDelta"),
}
# Lists that a rule keeps short.
SHORT_LISTS = {
    *("Product.media", "Message.attachments", "Conversation.tags", "UserError.field"),
    *("MembersChanged.added", "MembersChanged.removed", "Query.nodes", "Group.memberIds"),
    *("PresenceChanged.online", "PresenceChanged.offline", "PresenceChanged.changed"),
    "ConversationChanged.changed",
    *("ModerationSnapshot.media", "ScheduledMessage.attachments"),
    *("ConversationPresence.online", "ConversationPresence.typing"),
    *("Attachment.headers", "Message.reactions", "MessageEdit.attachments"),
}
# Ids that are not the id of what has them: of what an event is about, which may be gone; of a
# group's members, whom a client compares with people whom it knows; of a file that is not sent; of
# an answer that grows, and of the message that it may become.
FOREIGN_IDS = {
    *("Group.memberIds", "InboxEvent.conversationId", "AuditEvent.objectId", "Attachment.id"),
    "ModerationItem.subjectId",
    *("ProductEvent.productId", "GroupEvent.groupId", "ScheduledMessageEvent.scheduledMessageId"),
    *("Answer.id", "Answer.messageId"),
}


# Types with an id, and what arguments with one are called.
NODES = {name for name, found in OBJECTS.items() if "Node" in {i.name for i in found.interfaces}}
# An answer that grows is no node: it is gone when it has ended.
KEYS = {f"{name[0].lower()}{name[1:]}Id" for name in NODES | {"Answer"}}
# Mutations that show another object than that of their name: what is sent later is none yet, what
# has ended is gone, and a link is its maker's.
OF_OTHERS = {
    *("messageSchedule", "sessionRevoke", "sessionRevokeAll", "groupInvitationLinkUse"),
}


def capitalised(name: str) -> str:
    return name[0].upper() + name[1:]


def is_connection(name: str) -> bool:
    return name.endswith("Connection")


def element(kind: GraphQLOutputType) -> str:
    """The name of a type, or of what a connection to it holds."""
    return re.sub(r"(Connection|Edge)$", "", get_named_type(kind).name)


def is_list(kind: GraphQLOutputType) -> bool:
    return isinstance(get_nullable_type(kind), GraphQLList)


def test_names_are_cased_as_graphql_names_are() -> None:
    inputs = [f for found in INPUTS.values() for f in found.fields]
    arguments = [a for field in FIELDS.values() for a in field.args]
    fields = [name.partition(".")[2] for name in FIELDS]
    for name in (*fields, *arguments, *inputs):
        assert re.fullmatch(r"[a-z][A-Za-z0-9]*", name), name
        assert not re.match(r"get[A-Z]", name), name
    for name in TYPES:
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", name), name
    for enum in ENUMS.values():
        for value in enum.values:
            assert re.fullmatch(r"[A-Z][A-Z0-9_]*", value), value


def test_no_store_is_named() -> None:
    for word in (*TYPES, *FIELDS):
        assert not re.search(r"postgres|mongo|redis|valkey|sql", word, re.IGNORECASE), word


def test_mutations_are_named_object_first() -> None:
    assert SCHEMA.mutation_type is not None
    objects = {name[0].lower() + name[1:] for name in OBJECTS}
    for name in SCHEMA.mutation_type.fields:
        splits = [(name[: m.start()], name[m.start() :]) for m in re.finditer("[A-Z]", name)]
        assert any(thing in objects and action for thing, action in splits), name


def test_mutations_take_an_id_and_one_input_and_give_a_payload() -> None:
    assert SCHEMA.mutation_type is not None
    for name, field in SCHEMA.mutation_type.fields.items():
        *ids, last = field.args.items()
        assert len(ids) <= 1, name
        for argument, found in ids:
            assert str(found.type) == "ID!", name
            # What it is an id of: a type, or whatever may be reported.
            assert argument in KEYS or name == "moderationItemReport", f"{name}({argument})"
        assert (last[0], str(last[1].type)) == ("input", f"{capitalised(name)}Input!")
        assert str(field.type) == f"{capitalised(name)}Payload!"
        assert str(INPUTS[f"{capitalised(name)}Input"].fields["clientKey"].type) == "String!"


def test_lookups_alone_take_a_bare_id() -> None:
    """`group(id:)` says of what; everywhere else the argument does: `groupId`."""
    for name, field in FIELDS.items():
        root, _, field_name = name.partition(".")
        ids = [argument for argument in field.args if re.search("(^i|I)ds?$", argument)]
        is_lookup = field_name in ("node", "nodes") or capitalised(field_name) in NODES
        if root == "Query" and is_lookup:
            assert ids in (["id"], ["ids"]), name
        elif root in ("Query", "Subscription"):
            assert all(re.sub("s$", "", argument) in KEYS for argument in ids), name


def test_times_of_a_filter_are_from_and_before() -> None:
    for name, found in INPUTS.items():
        for argument, field in found.fields.items():
            if name.endswith("Filter") and get_named_type(field.type).name == "DateTime":
                assert argument.endswith(("From", "Before")), f"{name}.{argument}"


def test_payloads_begin_with_the_object_of_their_mutation() -> None:
    """Under its type's name: a client that knows the mutation knows the field."""
    assert SCHEMA.mutation_type is not None
    for name, field in SCHEMA.mutation_type.fields.items():
        objects = [node for node in NODES if capitalised(name).startswith(node)]
        if name in OF_OTHERS or not objects:
            continue
        thing = max(objects, key=len)
        payload = OBJECTS[get_named_type(field.type).name]
        kinds = {field_name: str(shown.type) for field_name, shown in payload.fields.items()}
        assert kinds.get(thing[0].lower() + thing[1:]) == thing, name


def test_payloads_hold_nullable_objects_and_errors() -> None:
    payloads = {name: found for name, found in OBJECTS.items() if name.endswith("Payload")}
    assert payloads
    for name, found in payloads.items():
        fields = dict(found.fields)
        assert str(fields.pop("errors").type) == "[UserError!]!", name
        assert fields, name
        for field_name, field in fields.items():
            where = f"{name}.{field_name}"
            assert not is_non_null_type(field.type), where
            assert not is_leaf_type(get_named_type(field.type)), where


def test_lists_without_a_limit_are_connections() -> None:
    for name, field in FIELDS.items():
        type_name, _, field_name = name.partition(".")
        if is_connection(type_name):
            assert field_name in ("edges", "nodes", "pageInfo", "totalCount"), name
        elif is_list(field.type) and field_name != "errors":
            assert name in SHORT_LISTS, f"{name} is a list: make it a connection"


def test_connections_are_relays_and_take_relays_arguments() -> None:
    for name, field in FIELDS.items():
        kind = get_named_type(field.type).name
        if not is_connection(kind):
            assert not {"first", "last", "before"} & set(field.args), name
            continue
        assert list(field.args)[:4] == PAGING, name
        for argument in PAGING:
            expected = "Int" if argument in ("first", "last") else "String"
            assert str(field.args[argument].type) == expected, name
        node = element(field.type)
        shape = {n: str(f.type) for n, f in OBJECTS[kind].fields.items()}
        assert shape == {
            "edges": f"[{node}Edge!]!",
            "nodes": f"[{node}!]!",
            "pageInfo": "PageInfo!",
        }
        edge = {n: str(f.type) for n, f in OBJECTS[f"{node}Edge"].fields.items()}
        assert edge == {"cursor": "String!", "node": f"{node}!"}


def test_orders_name_a_field_and_a_direction() -> None:
    orders = {
        get_named_type(field.args["orderBy"].type).name
        for field in FIELDS.values()
        if "orderBy" in field.args
    }
    assert orders
    for name in orders:
        assert list(INPUTS[name].fields) == ["field", "direction"], name


def test_references_are_objects_and_not_ids() -> None:
    for name, field in FIELDS.items():
        type_name, _, field_name = name.partition(".")
        is_id = get_named_type(field.type).name == "ID" or re.search("Ids?$", field_name)
        if is_id and name not in FOREIGN_IDS:
            assert field_name == "id", f"{name}: give the object"
            assert str(field.type) == "ID!", name
            interfaces = getattr(OBJECTS[type_name], "interfaces", ())
            assert type_name == "Node" or "Node" in {i.name for i in interfaces}, name


def test_edges_across_stores_are_nullable() -> None:
    """An outage then nulls a field, and not the page around it."""
    for name, field in FIELDS.items():
        type_name = name.partition(".")[0]
        target = element(field.type)
        if type_name in ROOTS and type_name != "Mutation" and target in STORES:
            assert not is_non_null_type(field.type) or str(field.type) == "[Node]!", name
        elif {type_name, target} <= set(STORES) and STORES[type_name] != STORES[target]:
            # Files stand in the row of what they belong to.
            assert target == "Medium" or not is_non_null_type(field.type), name


def test_events_survive_what_they_name() -> None:
    for name, field in FIELDS.items():
        if not name.startswith(("ConversationEvent.", "MembersChanged.", "InboxEvent.")):
            continue
        if element(field.type) in STORES:
            assert not is_non_null_type(field.type), name


def test_every_entity_has_a_place_and_is_a_node() -> None:
    parts = r"(Connection|Edge|Payload|Event|Changed|Sent|Edited|Deleted|Needed)$"
    for name, found in OBJECTS.items():
        if name in NO_ENTITIES or re.search(parts, name):
            continue
        assert name in STORES, f"{name}: say where its rows are"
        if "id" in found.fields:
            assert "Node" in {interface.name for interface in found.interfaces}, name
    assert isinstance(OBJECTS["Query"].fields["nodes"].type, GraphQLNonNull)
