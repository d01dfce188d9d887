"""Conditions on what a text holds, in either case, and the two ways to a page of what fits.

Among the rows that come next in a list's order, what is common is found at once and what is rare
never; an index gives what is rare at once, and of what is common too much to sort.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, func, literal_column, select

from app.stores.keyset import keyset

# With more, the planner sorts a whole table rather than go through it in order.
_LOOKED_AT = 1_000

# Constants and not parameters: a plan is made for the pattern as a whole.
_ANYTHING, _SIGNS, _ESCAPED, _EACH = (
    literal_column(f"'{text}'", Text) for text in ("%", r"([\\%_])", r"\\\1", "g")
)
_TRIGRAM = re.compile(r"[^\W_]{3}")


@dataclass(frozen=True, slots=True)
class TextMatch:
    """A condition on a text, said twice.

    Attributes:
        seen: As it is asked of a row; no index answers it, so that a plan keeps the list's order.
        looked_up: As an index answers it.
        is_indexed: Whether the index knows anything about a value.
    """

    seen: ColumnElement[bool]
    looked_up: ColumnElement[bool]
    is_indexed: Callable[[str], bool] = bool


def contains(text: ColumnElement[str], parameter: str) -> TextMatch:
    """That the parameter is in the text; for an index of the trigrams of `lower(text)`."""
    lowered, part = func.lower(text), func.lower(bindparam(parameter, type_=Text))
    return TextMatch(
        seen=func.strpos(lowered, part) > 0,
        looked_up=lowered.like(_ANYTHING + _plain(part) + _ANYTHING),
        # Fewer letters or digits in a row make no trigram: an index would be read as a whole.
        is_indexed=lambda value: _TRIGRAM.search(value) is not None,
    )


def begins_with(text: ColumnElement[str], parameter: str) -> TextMatch:
    """That the text begins with the parameter; for `text_pattern_ops` of `lower(text)`."""
    lowered, start = func.lower(text), func.lower(bindparam(parameter, type_=Text))
    return TextMatch(
        seen=func.starts_with(lowered, start),
        looked_up=lowered.like(_plain(start) + _ANYTHING),
    )


def _plain(part: ColumnElement[str]) -> ColumnElement[str]:
    """The pattern of LIKE that only the part itself fits."""
    return func.regexp_replace(part, _SIGNS, _ESCAPED, _EACH, type_=Text)


def nearest(
    rows: Select[Any],
    key: Sequence[ColumnElement[Any]],
    match: TextMatch,
    *,
    descending: bool,
    after: bool,
) -> Select[Any]:
    """What fits of the thousand rows that come next, as far as it fills a page.

    Args:
        rows: A list, filtered by all else, whose columns have the key.
        key: The sort key's columns.
        match: What is to fit.
        descending: Whether the list is read from high to low.
        after: Whether it begins beyond a cursor, given as to `keyset`.
    """
    wanted = rows.add_columns(match.seen.label("fits"))
    page = keyset(wanted, key, descending=descending, after=after)
    looked_at = page.limit(literal_column(str(_LOOKED_AT))).subquery("nearest")
    columns = [c for c in looked_at.c if c.name != "fits"]
    places = [looked_at.c[str(c.key)] for c in key]
    fitting = select(*columns).where(looked_at.c.fits)
    return keyset(fitting, places, descending=descending, after=False)


def looked_up(
    rows: Select[Any],
    key: Sequence[ColumnElement[Any]],
    match: TextMatch,
    *,
    descending: bool,
    after: bool,
) -> Select[Any]:
    """What fits of all rows, by the index, sorted; arguments as those of `nearest`."""
    hits = keyset(rows.where(match.looked_up), key, descending=descending, after=after)
    # All of them: else the planner may go through the list in order, hoping for early hits.
    places = hits.order_by(None).limit(None).with_only_columns(*key)
    every = places.cte("every").prefix_with("MATERIALIZED")
    keys = [every.c[str(c.key)] for c in key]
    page = keyset(select(*keys), keys, descending=descending, after=False).cte("page")
    order = (c.desc() if descending else c.asc() for c in key)
    *_, unique = key
    found = page.c[str(unique.key)] == unique
    return select(*rows.selected_columns).join(page, found).order_by(*order)
