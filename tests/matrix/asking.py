"""Documents made from the schema, and what an answer to one amounts to."""

from string import Template
from typing import Any

import orjson
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

from app.api.schema import schema
from tests.matrix.columns import HIDDEN, SHOWN, Is, Outcome

TYPES = schema._schema.type_map
ROOT_TYPES = ("Query", "Mutation", "Subscription")


def fields(name: str) -> dict[str, GraphQLField]:
    """The fields of a type; none of a root type that there is not."""
    found = TYPES.get(name)
    assert isinstance(found, GraphQLObjectType | GraphQLInterfaceType | None)
    named: dict[str, GraphQLField] = found.fields if found else {}
    return named


def object_types() -> list[str]:
    """The names of the schema's own object types, but for the roots."""
    return [
        name
        for name, kind in TYPES.items()
        if isinstance(kind, GraphQLObjectType)
        and not name.startswith("__")
        and name not in ROOT_TYPES
    ]


def is_page(name: str) -> bool:
    """Whether a type is a part of a page, which is asked for with the field that gives it."""
    return name.endswith(("Connection", "Edge")) or name == "PageInfo"


def asked(name: str, field: GraphQLField, depth: int) -> str:
    """A field with everything below it, so many objects deep; two items of a page."""
    kind = get_named_type(field.type)
    arguments = "(first: 2)" if "first" in field.args else ""
    return f"{name}{arguments} {selection(kind, depth)}"


def selection(kind: GraphQLNamedType, depth: int) -> str:
    """What to ask of a type: its values, and its objects so many levels deep."""
    if is_leaf_type(kind):
        return ""
    if kind.name == "Node":  # its types' fields cannot be asked for at once
        return "{ __typename }"
    if is_abstract_type(kind):
        each = schema._schema.get_possible_types(kind)
        return " ".join(["{", *(f"... on {k.name} {selection(k, depth)}" for k in each), "}"])
    below = depth if is_page(kind.name) else depth - 1
    parts = [
        asked(name, field, below)
        for name, field in fields(kind.name).items()
        # Edges have the page's nodes, and of two items its start's cursor and its end's.
        if name != "edges" and (is_leaf_type(get_named_type(field.type)) or below >= 0)
    ]
    # Every token counts: a document has so many.
    return f"{{ {' '.join(parts or ['__typename'])} }}"


def filled(arguments: str, words: dict[str, str]) -> str:
    """A rule's arguments with its words in the place of their names, as a field's arguments."""
    literals = {name: orjson.dumps(word).decode() for name, word in words.items()}
    # Numbers too are strings to the schema: prices are decimals.
    text = Template(arguments).substitute(literals)
    return f"({text})" if text else ""


def is_hidden(value: Any) -> bool:
    """Whether a value is none: null, an empty list, an empty page, a list of nothing."""
    if isinstance(value, dict) and "pageInfo" in value:
        return not value["nodes"]
    if isinstance(value, list):
        return all(item is None for item in value)
    return value is None


def is_shown(value: Any) -> bool:
    """Whether there is something: of a list, in every place."""
    return not is_hidden(value) and not (isinstance(value, list) and None in value)


def agrees(value: Any, outcome: Outcome) -> bool:
    """Whether a value without an error is what the rule says."""
    if isinstance(outcome, Is):
        return type(value) is type(outcome.value) and value == outcome.value
    return {SHOWN: is_shown, HIDDEN: is_hidden}.get(outcome, lambda _: False)(value)


def code_of(answer: dict[str, Any]) -> str | None:
    """The code of an answer's only error, if it has one."""
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    assert len(codes) <= 1, answer
    return codes.pop() if codes else None


def first_at(value: Any, path: tuple[str, ...]) -> Any:
    """What stands at the end of a path through objects, lists' and pages' first items."""
    for name in (*path, None):
        if isinstance(value, dict) and "nodes" in value:
            value = value["nodes"]
        if isinstance(value, list):
            value = value[0] if value else None
        if name is None or value is None:
            return value
        value = value[name]
    return value
