"""What every mutation has in common, on a schema of its own and on the real one."""

from typing import Annotated

import pytest
import strawberry
from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, GraphQLObjectType
from graphql.type import get_named_type

from app.api.mutation import Payload, UserError, mutation
from app.api.schema import schema
from app.errors import Conflict, DomainError, ErrorCode, StoreUnavailable


@strawberry.type
class GreetPayload(Payload):
    greeting: str | None = None


_FAILURES: dict[str, Exception] = {
    "conflict": Conflict("Taken.", field=["input", "name"]),
    "store": StoreUnavailable("postgresql"),
    "bug": RuntimeError("a bug"),
}


@strawberry.type
class Mutation:
    @mutation(GreetPayload, description="Greets.")
    async def greet(
        self, name: Annotated[str, strawberry.argument(description="Whom.")]
    ) -> GreetPayload:
        if name in _FAILURES:
            raise _FAILURES[name]
        return GreetPayload(greeting=f"Hello, {name}!")


@strawberry.type
class Query:
    nothing: str | None = None


greetings = strawberry.Schema(Query, Mutation)
GREET = "mutation($name: String!) { greet(name: $name) { greeting errors { code message field } } }"


async def test_success_has_no_errors() -> None:
    done = await greetings.execute(GREET, {"name": "Ada"})
    assert done.data == {"greet": {"greeting": "Hello, Ada!", "errors": []}}


@pytest.mark.parametrize("name", ["conflict", "store"])
async def test_domain_error_becomes_the_payload(name: str) -> None:
    error = _FAILURES[name]
    assert isinstance(error, DomainError)
    done = await greetings.execute(GREET, {"name": name})
    assert not done.errors
    told = {"code": error.code, "message": error.message, "field": error.field}
    assert done.data == {"greet": {"greeting": None, "errors": [told]}}


async def test_anything_else_is_not_swallowed() -> None:
    done = await greetings.execute(GREET, {"name": "bug"})
    assert done.data is None
    assert done.errors
    assert done.errors[0].original_error is _FAILURES["bug"]


def _mutations() -> GraphQLObjectType:
    found = schema._schema.mutation_type
    assert found is not None
    return found


@pytest.mark.parametrize("name", sorted(_mutations().fields))
def test_mutation_has_the_common_shape(name: str) -> None:
    field = _mutations().fields[name]
    capital = name[0].upper() + name[1:]
    *ids, last = field.args
    assert all(argument == "id" or argument.endswith("Id") for argument in ids)
    assert last == "input"
    given = field.args["input"].type
    assert isinstance(given, GraphQLNonNull)
    assert isinstance(given.of_type, GraphQLInputObjectType)
    assert given.of_type.name == f"{capital}Input"
    assert str(given.of_type.fields["clientKey"].type) == "String!"
    assert isinstance(field.type, GraphQLNonNull)
    payload = field.type.of_type
    assert isinstance(payload, GraphQLObjectType)
    assert payload.name == f"{capital}Payload"
    assert str(payload.fields["errors"].type) == "[UserError!]!"
    objects = {key: value for key, value in payload.fields.items() if key != "errors"}
    assert objects
    assert not any(isinstance(value.type, GraphQLNonNull) for value in objects.values())


def test_error_codes_are_the_domains() -> None:
    shown = schema._schema.type_map["ErrorCode"]
    assert set(getattr(shown, "values", {})) == {code.name for code in ErrorCode}
    error = schema._schema.type_map[UserError.__name__]
    assert isinstance(error, GraphQLObjectType)
    path = error.fields["field"].type
    assert isinstance(path, GraphQLList)
    assert get_named_type(path).name == "String"
