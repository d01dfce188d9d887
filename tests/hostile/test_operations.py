"""Any valid query or mutation: an answer, and never a fault of the server's own."""

import asyncio
import os
from typing import Any

import httpx
import pytest
from graphql import (
    NameNode,
    ObjectFieldNode,
    ObjectValueNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    print_ast,
    visit,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import mutations, nodes, queries

from app.api.schema import schema
from app.users.models import UserRole
from tests.factories import World

# More on demand: set it, and run this file with `pytest -n 0`.
EXAMPLES = int(os.environ.get("ISTHMUS_FUZZ_EXAMPLES", "40"))
GRAPH = schema._schema
bounded = settings(
    max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
short = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(nodes.String)


def as_object(fields: dict[str, StringValueNode]) -> ObjectValueNode:
    return nodes.Object(
        [ObjectFieldNode(name=NameNode(value=name), value=at) for name, at in fields.items()]
    )


SCALARS = {
    "Date": st.dates().map(str).map(nodes.String) | short,
    "DateTime": st.datetimes().map(lambda at: nodes.String(f"{at.isoformat()}Z")) | short,
    "Decimal": st.decimals(allow_nan=False).map(str).map(nodes.String) | short,
    "JSON": st.dictionaries(st.sampled_from("abc"), short).map(as_object)
    | short
    | st.integers().map(nodes.Int),
}
OPERATIONS = {
    "queries": queries(schema.as_str(), custom_scalars=SCALARS),
    "mutations": mutations(schema.as_str(), custom_scalars=SCALARS),
}


class Known(Visitor):
    """Puts ids that lead somewhere in the place of others."""

    def __init__(self, types: TypeInfo, ids: list[str], data: st.DataObject) -> None:
        super().__init__()
        self.types, self.ids, self.data = types, ids, data

    def enter_string_value(self, _node: StringValueNode, *_: Any) -> StringValueNode | None:
        wanted = self.types.get_input_type()
        if wanted is None or get_named_type(wanted).name != "ID":
            return None
        known = self.data.draw(st.sampled_from([None, *self.ids]))
        return None if known is None else StringValueNode(value=known, block=False)


@pytest.mark.slow
@pytest.mark.timeout(60 + EXAMPLES)
@pytest.mark.parametrize("kind", OPERATIONS)
@pytest.mark.parametrize("role", [UserRole.USER, UserRole.ADMIN])
async def test_any_operation_is_answered_without_a_fault(
    kind: str, role: UserRole, world: World
) -> None:
    person, other = await world.user(role), await world.user()
    group = await world.group(person, other)
    room = await world.conversation_of(person, group)
    (message,) = await world.say(person, room, "hello")
    ids = [other.id, group, room, message["id"]]
    headers = person.client.headers

    @bounded
    @given(data=st.data())
    def answers(data: st.DataObject) -> None:
        document = parse(data.draw(OPERATIONS[kind]))
        types = TypeInfo(GRAPH)
        text = print_ast(visit(document, TypeInfoVisitor(types, Known(types, ids, data))))
        answer = http.post("/graphql", json={"query": text})
        assert answer.status_code in {200, 400}, (answer.text, text)
        body = answer.json()
        codes = {error["extensions"]["code"] for error in body.get("errors", ())}
        assert "INTERNAL" not in codes, (body, text)

    with httpx.Client(base_url=world.server_url, headers=headers, timeout=20) as http:
        await asyncio.to_thread(answers)  # the server has this event loop
