"""Scalars that differ from Strawberry's: an instant without its time zone is none."""

from datetime import UTC, datetime

from strawberry.schema.types.base_scalars import isoformat, wrap_parser
from strawberry.types.scalar import ScalarDefinition


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
