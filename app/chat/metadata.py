"""What clients may keep with a message: JSON that both stores hold as it was given."""

import re
from typing import Any

import orjson

from app.errors import Invalid, TooLong

MAX_METADATA = 8_192  # bytes of JSON

# A document of MongoDB nests at most 100 levels, of which clients leave the rest alone.
_MAX_DEPTH = 32
# BSON's integers have 64 bits; and PostgreSQL gives a float this large back as an integer.
_NUMBERS = 2**63
# PostgreSQL's JSON has no NUL, and neither store has lone surrogates.
_REFUSED = re.compile("[\0\ud800-\udfff]")


def clean_metadata(metadata: object, *, field: list[str]) -> dict[str, Any]:
    """The metadata, if both stores can hold it and give it back.

    Args:
        metadata: A JSON object, as parsed.
        field: The argument's path in API names.

    Raises:
        Invalid: It is no object, nests too deeply, or holds a number over 64 bits, a NUL, a key
            that is empty or begins with `$`, or what is not JSON.
        TooLong: It has over `MAX_METADATA` bytes as JSON.
    """
    if not isinstance(metadata, dict):
        raise Invalid("Metadata is a JSON object.", field=field)
    level: list[Any] = [metadata]
    for _ in range(_MAX_DEPTH):
        level = [child for value in level for child in _children(value, field)]
    if level:
        raise Invalid(f"Metadata nests at most {_MAX_DEPTH} levels deep.", field=field)
    if len(orjson.dumps(metadata)) > MAX_METADATA:
        raise TooLong(f"Metadata has at most {MAX_METADATA:,} bytes as JSON.", field=field)
    return metadata


def _children(value: Any, field: list[str]) -> list[Any]:
    match value:
        case dict():
            for key in value:
                if not key or key.startswith("$"):
                    raise Invalid(
                        "Metadata has no key that is empty or begins with `$`.", field=field
                    )
            return [*value, *value.values()]
        case list():
            return value
        case str():
            if _REFUSED.search(value):
                raise Invalid("Metadata has no NUL and no lone surrogates.", field=field)
        case int() | float():
            if not -_NUMBERS <= value < _NUMBERS:  # nor NaN
                raise Invalid("A number in metadata has at most 64 bits.", field=field)
        case None:
            pass
        case _:
            raise Invalid("Metadata is JSON; is one of its variables not given?", field=field)
    return []
