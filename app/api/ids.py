"""Opaque global ids: base64 of the type and the key."""

import base64
import binascii
import re
from typing import Any
from uuid import UUID

import strawberry

from app.errors import NotFound

_MAX_LENGTH = 200


def global_id(type_name: str, key: Any) -> strawberry.ID:
    """The id by which `node` finds an object again."""
    return strawberry.ID(base64.urlsafe_b64encode(f"{type_name}:{key}".encode()).decode())


def parse_id(value: str) -> tuple[str, str] | None:
    """The type and key of a global id; None if it is not one."""
    if len(value) > _MAX_LENGTH:
        return None
    try:
        # Strictly: else one object would have many ids, most of them garbage.
        decoded = base64.b64decode(value, altchars=b"-_", validate=True)
        type_name, colon, key = decoded.decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return (type_name, key) if colon and key.isprintable() else None


def key_of(value: str, type_name: str, *, field: list[str]) -> str:
    """The key of a global id of one type.

    Raises:
        NotFound: Not an id of that type, which answers like an unknown one.
    """
    parsed = parse_id(value)
    if parsed is None or parsed[0] != type_name:
        raise _no_such(type_name, field)
    return parsed[1]


def uuid_of(value: str, type_name: str, *, field: list[str]) -> UUID:
    """The key of a global id whose type is keyed by UUID.

    Raises:
        NotFound: Not an id of that type, which answers like an unknown one.
    """
    found = uuid_in(key_of(value, type_name, field=field))
    if found is None:
        raise _no_such(type_name, field)
    return found


def uuid_in(key: str) -> UUID | None:
    """The UUID that a key is; one of another spelling, which would be another id, is none."""
    try:
        found = UUID(key)
    except ValueError:
        return None
    return found if str(found) == key else None


def _no_such(type_name: str, field: list[str]) -> NotFound:
    words = re.sub(r"\B(?=[A-Z])", " ", type_name).lower()
    return NotFound(f"There is no such {words}.", field=field)
