"""Keyset statements: one page of a list, or one page for each of many parents, in one command."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    column,
    func,
    select,
    true,
    tuple_,
)


def keyset(
    statement: Select[Any],
    key: Sequence[ColumnElement[Any]],
    *,
    descending: bool,
    after: bool,
) -> Select[Any]:
    """One page in the order of `key`, whose last column makes it unique.

    Args:
        statement: What to read, filtered.
        key: The sort key's columns.
        descending: Whether the page is read from high to low.
        after: Whether it begins beyond a cursor, given as `cursor_0`, `cursor_1`, ….

    Returns:
        The statement with a parameter `limit` besides the cursor's.
    """
    if after:
        cursor = tuple_(*(bindparam(f"cursor_{i}", type_=c.type) for i, c in enumerate(key)))
        bound = tuple_(*key)
        statement = statement.where(bound < cursor if descending else bound > cursor)
    order = (c.desc() if descending else c.asc() for c in key)
    return statement.order_by(*order).limit(bindparam("limit", type_=BigInteger))


def per_parent(
    page: Select[Any],
    key: Sequence[ColumnElement[Any]],
    parent: ColumnElement[Any],
    *,
    descending: bool,
) -> Select[Any]:
    """The page of each parent in the parameter `parents`, in one command.

    Args:
        page: A keyset statement over all parents, which selects its key.
        key: The sort key's columns.
        parent: The column that names a row's parent.
        descending: Whether the page is read from high to low.

    Returns:
        The page's columns after a first column `parent`, each parent's rows in page order.
    """
    parents = (
        func.unnest(bindparam("parents", type_=ARRAY(parent.type)))
        .table_valued(column("parent", parent.type), name="parents", joins_implicitly=True)
        .render_derived()
    )
    rows = page.where(parent == parents.c.parent).lateral("page")
    places = [rows.c[str(c.key)] for c in key]
    order = (c.desc() if descending else c.asc() for c in places)
    return (
        select(parents.c.parent, *rows.c)
        .select_from(parents.join(rows, true()))
        .order_by(parents.c.parent, *order)
    )
