"""How long the lists of introspection are, which a schema knows before it is asked."""

from collections.abc import Mapping
from functools import lru_cache

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
)

# A type behind `type` is wrapped once or twice, seldom more: each `ofType` finds half as many.
_WRAPPED = 0.5


@lru_cache(maxsize=4)
def introspected_lengths(schema: GraphQLSchema) -> Mapping[str, float]:
    """How many items introspection's fields give in this schema, on average of what has them.

    So a query that asks every type everything costs what its response holds, and grows no faster
    than the schema: every type is counted for what it adds, not for what each other one has.
    """
    types = schema.type_map.values()
    fields = [
        field
        for found in types
        if isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
        for field in found.fields.values()
    ]
    found = {
        "fields": len(fields),
        "interfaces": sum(len(getattr(kind, "interfaces", ())) for kind in types),
        "possibleTypes": sum(
            len(schema.get_possible_types(kind)) for kind in types if is_abstract_type(kind)
        ),
        "enumValues": sum(len(kind.values) for kind in types if isinstance(kind, GraphQLEnumType)),
        "inputFields": sum(
            len(kind.fields) for kind in types if isinstance(kind, GraphQLInputObjectType)
        ),
    }
    return {
        "types": len(types),
        "directives": len(schema.directives),
        "args": sum(len(field.args) for field in fields) / len(fields),
        "ofType": _WRAPPED,
        **{name: count / len(types) for name, count in found.items()},
    }
