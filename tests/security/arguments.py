"""Arguments for every root field, right but for one place, where a test puts what it likes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_composite_type,
)

from app.api.schema import schema

_CORE = schema._schema
# Types whose values reach the application as text, or as whatever JSON holds.
_OPEN = frozenset({"ID", "String", "JSON"})
_TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
_SCALARS = {
    "Int": 1,
    "Boolean": True,
    "Decimal": "1.00",
    "JSON": {"a": 1},
    "String": "words",
    "DateTime": _TOMORROW,
}
# What the text of some arguments has to be for the rest to be looked at.
_WORDS = {
    "email": "ada@example.org",
    "productUrl": "https://a.example/",
    "url": "https://a.example/",
}


@dataclass(frozen=True)
class Place:
    """One argument of a root field, or one field within its input.

    Attributes:
        kind: `query`, `mutation` or `subscription`.
        field: The root field.
        path: From the argument inwards.
    """

    kind: str
    field: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        """As a test is named."""
        return f"{self.field}({'.'.join(self.path)})"


def places() -> list[Place]:
    """Everywhere that text or JSON of a client's goes in."""
    return [
        Place(kind, name, path)
        for kind, root in _roots().items()
        for name, field in root.items()
        for argument, definition in field.args.items()
        for path in _paths(definition.type, (argument,))
    ]


def request(place: Place, value: Any, ids: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """A document, and variables that are right but for one place.

    Args:
        place: Where the value goes.
        value: What goes there.
        ids: Objects to name, by the argument's name or the root field's.
    """
    field = _roots()[place.kind][place.field]
    variables = {
        name: _value(argument.type, (name,), place, value, ids)
        for name, argument in field.args.items()
        if name == place.path[0] or isinstance(argument.type, GraphQLNonNull)
    }
    declared = ", ".join(f"${name}: {field.args[name].type}" for name in variables)
    given = ", ".join(f"{name}: ${name}" for name in variables)
    asked = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
    return f"{place.kind}({declared}) {{ {place.field}({given}){asked} }}", variables


def _roots() -> dict[str, dict[str, GraphQLField]]:
    roots = {
        "query": _CORE.query_type,
        "mutation": _CORE.mutation_type,
        "subscription": _CORE.subscription_type,
    }
    return {kind: dict(root.fields) for kind, root in roots.items() if root is not None}


def _paths(kind: GraphQLInputType, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    named = get_named_type(kind)
    if isinstance(named, GraphQLInputObjectType):
        for name, field in named.fields.items():
            yield from _paths(field.type, (*path, name))
    elif named.name in _OPEN:
        yield path


def _value(
    kind: Any, path: tuple[str, ...], place: Place, value: Any, ids: Mapping[str, str]
) -> Any:
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    if isinstance(kind, GraphQLList):
        return [_value(kind.of_type, path, place, value, ids)]
    if path == place.path:
        return value
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: _value(field.type, (*path, name), place, value, ids)
            for name, field in kind.fields.items()
            if place.path[: len(path) + 1] == (*path, name)
            or isinstance(field.type, GraphQLNonNull)
        }
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if kind.name == "ID":
        return ids.get(path[-1]) or ids.get(place.field) or next(iter(ids.values()))
    return _WORDS.get(path[-1], _SCALARS[kind.name])
