"""Values of our own scalars, as clients write them."""

from datetime import UTC, datetime

import pytest
from graphql import GraphQLError, GraphQLScalarType

from app.api.schema import schema

DATE_TIME = schema._schema.type_map["DateTime"]
assert isinstance(DATE_TIME, GraphQLScalarType)


@pytest.mark.parametrize("written", ["2026-07-01T12:00:00Z", "2026-07-01T14:00:00+02:00"])
def test_an_instant_is_read_with_its_offset(written: str) -> None:
    assert isinstance(DATE_TIME, GraphQLScalarType)
    assert DATE_TIME.parse_value(written) == datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("written", ["2026-07-01T12:00:00", "0001-01-01T00:00:00+14:00", "now", 5])
def test_what_is_no_instant_is_refused(written: object) -> None:
    assert isinstance(DATE_TIME, GraphQLScalarType)
    with pytest.raises(GraphQLError, match="cannot represent a DateTime"):
        DATE_TIME.parse_value(written)
