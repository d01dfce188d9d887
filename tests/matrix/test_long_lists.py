"""Every list that a client gives: ten thousand items are refused, and nothing is done."""

import re
from typing import Any
from uuid import uuid4

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from app.api.ids import global_id
from app.services import Services
from tests.matrix.asking import fields, filled
from tests.matrix.estate import Estate
from tests.matrix.targets import aimed
from tests.matrix.test_client_keys import DOABLE
from tests.matrix.witness import changed, stored

ITEMS = 10_000


def lists_of(field: str) -> dict[str, GraphQLInputType]:
    """The lists in a mutation's input."""
    given = get_named_type(fields("Mutation")[field].args["input"].type)
    assert isinstance(given, GraphQLInputObjectType)
    return {
        name: value.type
        for name, value in given.fields.items()
        if is_list_type(get_nullable_type(value.type))
    }


LISTS = [(field, name) for field in DOABLE for name in lists_of(field)]


def item_of(kind: GraphQLInputType, name: str) -> Any:
    named = get_named_type(kind)
    if isinstance(named, GraphQLInputObjectType):
        return {"url": "https://files.example/a.png", "type": "IMAGE"}
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    if named.name == "ID":
        return global_id("Attachment" if name == "attachmentIds" else "User", uuid4())
    return uuid4().hex


@pytest.mark.parametrize(("field", "name"), LISTS)
async def test_ten_thousand_items_are_refused(
    field: str, name: str, workshop: Estate, services: Services
) -> None:
    arguments, role = DOABLE[field]
    person, kind = workshop.people[role], lists_of(field)[name]
    words = await aimed(workshop, arguments) | {"self": person.id, "key": uuid4().hex}
    others = re.sub(rf", {name}: \[.*?\]", "", arguments)
    given = filled(others.replace("clientKey: $key", "clientKey: $key, LIST"), words)
    given = given.replace("LIST", f"{name}: $list")
    document = f"mutation($list: {kind}) {{ {field}{given} {{ errors {{ code }} }} }}"
    before = await stored(services)
    answer = await person.client.send(document, list=[item_of(kind, name) for _ in range(ITEMS)])
    codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
    if answer.get("data"):
        codes += [error["code"] for error in answer["data"][field]["errors"]]
    assert codes in (["TOO_LONG"], ["INVALID"]), answer
    assert changed(before, await stored(services)) == []
