"""Keyset paging: opaque cursors that hold the sort key, so that every page costs the same."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson

from app.errors import Invalid, InvalidCursor

T = TypeVar("T")

MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 20
_MAX_CURSOR = 8192  # characters; a longer one is cut, which no decoder takes


@dataclass(frozen=True, slots=True)
class PageArgs:
    """A validated window: `size` items beyond `cursor`, forwards or backwards.

    Attributes:
        size: How many items, 0 to `MAX_PAGE_SIZE`.
        cursor: The item next to the window, exclusive; None for the list's start or end.
        backward: Whether the window is taken from the end (`last`, `before`).
    """

    size: int = DEFAULT_PAGE_SIZE
    cursor: str | None = None
    backward: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items in list order, each with its cursor, and whether there are more on either side.

    Attributes:
        start: The place where it begins, if that is not the first item's.
        end: The place where it ends, if that is not the last item's.
    """

    items: Sequence[T]
    cursors: Sequence[str]
    has_next: bool = False
    has_previous: bool = False
    start: str | None = None
    end: str | None = None

    @classmethod
    def empty(cls) -> "Page[T]":
        """A page of nothing."""
        return cls((), ())

    def stopped_at(self, cursor: str, *, backward: bool) -> "Page[T]":
        """The same page as what was found up to a place, beyond which nothing was looked for."""
        if backward:
            return replace(self, has_previous=True, start=cursor)
        return replace(self, has_next=True, end=cursor)


def page_args(
    first: int | None, after: str | None, last: int | None, before: str | None
) -> PageArgs:
    """The window that a connection's arguments ask for; `DEFAULT_PAGE_SIZE` where none is said.

    Raises:
        Invalid: Both directions at once, or a size outside 0 to `MAX_PAGE_SIZE`.
    """
    if (first is not None or after is not None) and (last is not None or before is not None):
        raise Invalid("Page forwards (first, after) or backwards (last, before), not both.")
    backward = last is not None or before is not None
    name, size = ("last", last) if backward else ("first", first)
    if size is None:
        size = DEFAULT_PAGE_SIZE
    if not 0 <= size <= MAX_PAGE_SIZE:
        raise Invalid(f"`{name}` is from 0 to {MAX_PAGE_SIZE}, not {size}.", field=[name])
    return PageArgs(size, before if backward else after, backward)


def encode_cursor(*key: object) -> str:
    """An opaque cursor that holds a sort key of strings, numbers, dates, decimals and ids."""
    return base64.urlsafe_b64encode(orjson.dumps(key, default=str)).rstrip(b"=").decode()


def decode_cursor(cursor: str, *parsers: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The sort key of a cursor, each part through its parser.

    Raises:
        InvalidCursor: Not a cursor of this list.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        # Strictly: else one place would have many cursors, most of them garbage.
        text = base64.b64decode(padded[: _MAX_CURSOR + 1], altchars=b"-_", validate=True)
        parts: list[Any] = orjson.loads(text)
        return tuple(parse(part) for parse, part in zip(parsers, parts, strict=True))
    except (ValueError, TypeError, ArithmeticError, binascii.Error, AttributeError) as error:
        raise InvalidCursor(
            "This cursor is not one that this list gave; start again without it."
        ) from error


def window(rows: Sequence[T], args: PageArgs, cursor_of: Callable[[T], str]) -> Page[T]:
    """The page of rows that were read in the window's direction, one more than its size."""
    more = len(rows) > args.size
    items = list(rows[: args.size])
    if args.backward:
        items.reverse()
    return Page(
        items,
        [cursor_of(item) for item in items],
        has_next=args.cursor is not None if args.backward else more,
        has_previous=more if args.backward else args.cursor is not None,
    )


def page_of_ids(ids: Sequence[int], args: PageArgs) -> Page[int]:
    """A page of ascending numbers that are all at hand; the cursor is the number.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    rows = list(ids)
    if args.cursor is not None:
        (at,) = decode_cursor(args.cursor, parse_int)
        rows = [i for i in rows if (i < at if args.backward else i > at)]
    if args.backward:
        rows.reverse()
    return window(rows[: args.size + 1], args, encode_cursor)


def parse_name(name: str) -> Callable[[Any], str]:
    """A parser of a cursor's part that says of which list it is; it refuses every other."""

    def parse(part: Any) -> str:
        if part != name:
            raise ValueError(part)
        return name

    return parse


def parse_int(part: Any) -> int:
    """A cursor's integer; refuses everything else, booleans and what no column can hold too."""
    if type(part) is not int or abs(part) >= 2**31:
        raise ValueError(part)
    return part


def parse_big(part: Any) -> int:
    """A cursor's count, which is within 64 bits."""
    if type(part) is not int or abs(part) >= 2**63:
        raise ValueError(part)
    return part


def parse_float(part: Any) -> float:
    """A cursor's measure."""
    if type(part) not in {int, float}:
        raise ValueError(part)
    return float(part)


def parse_text(part: Any) -> str:
    """A cursor's string; refuses everything else, and what no column can hold."""
    if type(part) is not str or "\0" in part:
        raise ValueError(part)
    return part


def parse_time(part: Any) -> datetime:
    """A cursor's instant; refuses a time without its zone."""
    time = datetime.fromisoformat(part)
    if time.tzinfo is None:
        raise ValueError(part)
    return time.astimezone(UTC)  # overflows, an ArithmeticError, where no column can hold it


def parse_decimal(part: Any) -> Decimal:
    """A cursor's amount; refuses what NUMERIC(12, 2) cannot hold or does not print."""
    amount = Decimal(parse_text(part))
    if not abs(amount) < 10**10 or amount != round(amount, 2):
        raise ValueError(part)
    return amount


def parse_uuid(part: Any) -> UUID:
    """A cursor's id."""
    return UUID(parse_text(part))


@dataclass(frozen=True, slots=True)
class ListQuery:
    """How a list is asked for: hashable, so that a loader can batch by it.

    Attributes:
        order: The name of one of the list's orders.
        descending: Whether the list runs from high to low.
        filters: Pairs of a filter's name and its value, in the list's own terms.
        args: The window.
    """

    order: str
    descending: bool = False
    filters: tuple[tuple[str, Any], ...] = ()
    args: PageArgs = PageArgs()
