"""Every field of every object, to everybody in each role."""

import pytest
from graphql import get_named_type, is_composite_type

from app.api.ids import parse_id
from app.users.models import UserRole
from tests.matrix.asking import (
    agrees,
    asked,
    fields,
    first_at,
    is_page,
    object_types,
    selection,
)
from tests.matrix.columns import ROLES
from tests.matrix.estate import Estate
from tests.matrix.rules.mutations import MUTATIONS
from tests.matrix.rules.objects import SUBJECTS, Subject
from tests.matrix.rules.told import EVENTS, FACTS, OWN, WITHIN

NODES = ("User", "Product", "Group", "Conversation", "Message")


def node_type_of(object_id: str) -> str:
    return (parse_id(object_id) or ("", ""))[0]


def document(subject: Subject, node_type: str) -> str:
    """One query for all fields of a subject."""
    of_type = fields(subject.of_type)
    asking = " ".join(asked(name, of_type[name], 0) for name in subject.rows())
    types = [node_type]
    for name in subject.via:
        types.append(get_named_type(fields(types[-1])[name].type).name.removesuffix("Connection"))
    for parent, name in zip(reversed(types[:-1]), reversed(subject.via), strict=True):
        is_list = is_page(get_named_type(fields(parent)[name].type).name)
        asking = f"{name} {{ nodes {{ {asking} }} }}" if is_list else f"{name} {{ {asking} }}"
    if node_type == "Query":
        return f"{{ {asking} }}"
    return f"query($id: ID!) {{ node(id: $id) {{ ... on {node_type} {{ {asking} }} }} }}"


@pytest.mark.parametrize("name", SUBJECTS)
async def test_a_field_shows_what_its_rule_says(name: str, estate: Estate) -> None:
    subject = SUBJECTS[name]
    node = estate.words.get(subject.node)
    node_type = node_type_of(node) if node else "Query"
    query = document(subject, node_type)

    wrong = []
    for role in ROLES:
        client = estate.clients[role]
        if node is None:  # a root field that refuses makes all of the answer null
            found = first_at((await client.send(query))["data"], subject.via)
        else:
            found = first_at((await client.run(query, id=node))["node"], subject.via)
        for field, row in subject.rows().items():
            value = None if found is None else found[field]
            if not agrees(value, row[role]):
                wrong.append(f"{role}: {field} is {value!r}, and should be {row[role]}")

    assert not wrong, "\n".join(wrong)


def test_every_field_has_a_rule() -> None:
    ruled = {name: set(rule) for name, rule in (EVENTS | FACTS | WITHIN | OWN).items()}
    for subject in SUBJECTS.values():
        ruled.setdefault(subject.of_type, set()).update(subject.rows())
    # These are asked for with the field that gives them.
    payloads = {get_named_type(fields("Mutation")[name].type).name for name in MUTATIONS}
    within = payloads | {"UserError"}
    missing = [
        f"{name}.{field}"
        for name in object_types()
        if name not in within and not is_page(name)
        for field in fields(name)
        if field not in ruled.get(name, ())
    ]
    assert not missing, (
        f"say in tests/matrix/rules who is shown {', '.join(missing)}: in SUBJECTS, in EVENTS for "
        "what a stream tells, or with its mutation in MUTATIONS for a payload"
    )


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_rule_has_a_field(name: str) -> None:
    subject = SUBJECTS[name]
    assert subject.rows().keys() == fields(subject.of_type).keys()


def test_every_kind_of_account_has_a_column() -> None:
    assert {role.value for role in UserRole} == {"user", "moderator", "admin", "service"}, (
        "a new role needs a column in tests/matrix/columns.py and somebody in settling.py"
    )


@pytest.mark.parametrize("node_type", NODES)
async def test_what_lies_beyond_an_edge_is_no_way_around(node_type: str, estate: Estate) -> None:
    # The clients know what they may be told: asking for everything is the test.
    ids = [i for i in set(estate.words.values()) if node_type_of(i) == node_type]
    assert ids
    for field_name, field in fields(node_type).items():
        if not is_composite_type(get_named_type(field.type)):
            continue
        asking = asked(field_name, field, 2)
        query = (
            f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {node_type} {{ {asking} }} }} }}"
        )
        for role in ROLES:
            for one in ids:  # together they would cost too much
                await estate.clients[role].run(query, ids=[one])


def test_a_selection_asks_for_every_value() -> None:
    asking = selection(get_named_type(fields("Query")["user"].type), 0).split()
    assert {"name", "profile", "personal"} & set(asking) == {"name", "profile"}
