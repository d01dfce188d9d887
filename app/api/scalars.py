"""Scalars that differ from Strawberry's: an instant without its time zone is none.

And one that Strawberry lacks: `Int` ends at 32 bits.
"""

from datetime import UTC, datetime
from typing import NewType

from strawberry.schema.types.base_scalars import isoformat, wrap_parser
from strawberry.types.scalar import ScalarDefinition

BigInt = NewType("BigInt", int)


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("Say the time zone too, such as 2026-07-01T12:00:00Z.")
    return at.astimezone(UTC)


DATE_TIME = ScalarDefinition(
    name="DateTime",
    description="An instant as RFC 3339 writes it, with its offset: `2026-07-01T12:00:00Z`.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    serialize=isoformat,
    # Overflow: an instant that is beyond the calendar in UTC.
    parse_value=wrap_parser(_instant, "DateTime", (ValueError, OverflowError)),
    parse_literal=None,
    origin=datetime,
)

BIG_INT = ScalarDefinition(
    name="BigInt",
    description="A whole number that may be beyond the 32 bits of `Int`, as a JSON number.",
    specified_by_url=None,
    serialize=int,
    parse_value=int,
    parse_literal=None,
    origin=BigInt,
)
