"""The schema that the server serves, for tests that walk it."""

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)

from app.api.schema import schema

SCHEMA = schema._schema
TYPES: dict[str, GraphQLNamedType] = {
    name: found
    for name, found in SCHEMA.type_map.items()
    if not is_introspection_type(found) and not is_specified_scalar_type(found)
}
OBJECTS: dict[str, GraphQLObjectType | GraphQLInterfaceType] = {
    name: found
    for name, found in TYPES.items()
    if isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
}
INPUTS: dict[str, GraphQLInputObjectType] = {
    name: found for name, found in TYPES.items() if isinstance(found, GraphQLInputObjectType)
}
ENUMS: dict[str, GraphQLEnumType] = {
    name: found for name, found in TYPES.items() if isinstance(found, GraphQLEnumType)
}
ROOTS = ("Query", "Mutation", "Subscription")
FIELDS: dict[str, GraphQLField] = {
    f"{type_name}.{name}": field
    for type_name, found in OBJECTS.items()
    for name, field in found.fields.items()
}
