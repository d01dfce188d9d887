"""GraphQL results as JSON bytes: fast where orjson can, and exact where it would not be."""

import json
import math
from collections.abc import Callable
from typing import Any

import orjson
from graphql import GraphQLScalarType, GraphQLSchema, is_specified_scalar_type

_GUARDED = "isthmus-finite"


def encode(value: Any) -> bytes:
    """JSON in UTF-8.

    orjson refuses integers over 64 bits and lone surrogates, both of which JSON can carry, and
    nesting over 254 levels; the standard library writes those.

    Raises:
        TypeError: A value of no JSON type.
        ValueError: NaN or an infinity, in what orjson refused.
        RecursionError: Nested too deeply for either.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    # Dates, UUIDs and dataclasses, which orjson knows and the standard library does not.
    return orjson.loads(orjson.dumps(value))


def guard_scalars(schema: GraphQLSchema) -> None:
    """Make every custom scalar raise on NaN and infinities, as the specified ones do.

    orjson would write them as null, and a literal such as `1e400` would bring one in.
    """
    for scalar in schema.type_map.values():
        if not isinstance(scalar, GraphQLScalarType) or is_specified_scalar_type(scalar):
            continue
        if _GUARDED not in scalar.extensions:
            scalar.coerce_output_value = _finite(scalar.coerce_output_value)
            scalar.coerce_input_value = _finite(scalar.coerce_input_value)
            # What graphql-core's default parser of literals calls with a literal's value.
            scalar.parse_value = _finite(scalar.parse_value)  # type: ignore[assignment]
            scalar.extensions[_GUARDED] = True


def _finite(coerce: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def coerce_finite(value: Any) -> Any:
        coerced = coerce(value)
        if not isinstance(coerced, str) and not _is_finite(coerced):
            raise ValueError("NaN and infinities have no JSON form")
        return coerced

    return coerce_finite


def _is_finite(value: Any) -> bool:
    rest = [value]
    while rest:
        match rest.pop():
            case float() as number:
                if not math.isfinite(number):
                    return False
            case list() | tuple() as items:
                rest.extend(items)
            case dict() as mapping:
                rest.extend(mapping.values())
    return True
