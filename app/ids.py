"""The ids that the application mints: UUIDv7, so that a table's new rows lie side by side."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new id, RFC 9562's version 7: later ones sort after earlier ones of this process."""
    return uuid7()
