"""Lists of records in PostgreSQL, declared once: columns, filters and orders."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, select

from app.paging import ListQuery, Page, decode_cursor, encode_cursor, window
from app.stores.keyset import keyset, per_parent
from app.stores.matching import TextMatch, looked_up, nearest
from app.stores.postgres import Postgres, Read

R = TypeVar("R")

# How often it is looked in the list's order for what fits, before the index is asked.
_LOOKS = 8


@dataclass(frozen=True, slots=True)
class Order:
    """A sort key: its columns, of which the last is unique, and how a cursor's parts parse."""

    columns: tuple[ColumnElement[Any], ...]
    parsers: tuple[Callable[[Any], Any], ...]


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """A list that can be paged, whole or per parent, each in one command.

    A page of the whole list by what a text holds takes one to nine: a thousand rows are looked at
    as long as they hold a fair share of it, and then all that fits comes from the index.

    Attributes:
        columns: What is read, in the order in which `build` takes it; holds every sort key.
        build: Makes a record of a row's values.
        orders: The orders by name.
        filters: The conditions by name; each takes its value from the parameter of that name.
        matches: Of the conditions those on a text, which an index answers too.
        where: The conditions that always hold.
    """

    columns: Sequence[ColumnElement[Any]]
    build: Callable[..., R]
    orders: Mapping[str, Order]
    filters: Mapping[str, ColumnElement[bool]] = field(default_factory=dict)
    matches: Mapping[str, TextMatch] = field(default_factory=dict)
    where: Sequence[ColumnElement[bool]] = ()
    _reads: dict[tuple[Any, ...], Read] = field(default_factory=dict)

    async def page(self, db: Postgres, query: ListQuery) -> Page[R]:
        """The page that the query asks for.

        Raises:
            InvalidCursor: The cursor is of another list or order.
        """
        values = self._values(query)
        names = (n for n, v in query.filters if n in self.matches and self.matches[n].is_indexed(v))
        name = next(names, None)
        if name is None:
            rows = await db.fetch(self._read(query, None), **values)
        else:
            rows = await self._matching(db, query, name, values)
        return self._page(rows, query, skip=0)

    async def _matching(
        self, db: Postgres, query: ListQuery, name: str, values: dict[str, Any]
    ) -> list[Any]:
        """The rows of a page by what a text holds: where it is common and where it is rare."""
        wanted: int = values["limit"]
        rows: list[Any] = []
        by_index = False
        while len(rows) < wanted:
            statement = self._match(query, name, after=bool(rows), by_index=by_index)
            values["limit"] = wanted - len(rows)
            hits = await db.fetch(statement, **values)
            rows += hits
            if by_index:
                break
            by_index = len(hits) * _LOOKS < wanted
            if hits:
                key = self.orders[query.order].columns
                values |= {f"cursor_{i}": hits[-1][str(c.key)] for i, c in enumerate(key)}
        return rows

    async def pages(
        self, db: Postgres, parent: ColumnElement[Any], parents: Sequence[Any], query: ListQuery
    ) -> list[Page[R]]:
        """The same page for each parent, one per parent, in one command.

        Args:
            db: Where the list is.
            parent: The column that names a row's parent.
            parents: The parents.
            query: The page.

        Raises:
            InvalidCursor: The cursor is of another list or order.
        """
        values = self._values(query)
        rows = await db.fetch(self._read(query, parent), parents=list(parents), **values)
        by_parent: dict[Any, list[Any]] = defaultdict(list)
        for row in rows:
            by_parent[row[0]].append(row)
        return [self._page(by_parent[p], query, skip=1) for p in parents]

    async def own_pages(
        self,
        db: Postgres,
        parent: ColumnElement[Any],
        parents: Sequence[int],
        query: ListQuery,
        *,
        me: int | None,
    ) -> list[Page[R]]:
        """As `pages`; empty for every user but the viewer, whose number is `me`.

        Raises:
            InvalidCursor: The cursor is of another list or order.
        """
        mine = [user_id for user_id in parents if user_id == me]
        pages = await self.pages(db, parent, mine, query) if mine else []
        found = dict(zip(mine, pages, strict=True))
        return [found.get(user_id, Page.empty()) for user_id in parents]

    def _values(self, query: ListQuery) -> dict[str, Any]:
        values = dict(query.filters)
        values["limit"] = query.args.size + 1
        if query.args.cursor is not None:
            key = decode_cursor(query.args.cursor, *self.orders[query.order].parsers)
            values |= {f"cursor_{i}": part for i, part in enumerate(key)}
        return values

    def _read(self, query: ListQuery, parent: ColumnElement[Any] | None) -> Read:
        after = query.args.cursor is not None
        descending = query.descending is not query.args.backward
        names = tuple(sorted(name for name, _ in query.filters))
        shape = (names, query.order, descending, after, None if parent is None else str(parent))
        read = self._reads.get(shape)
        if read is None:
            key = self.orders[query.order].columns
            page = keyset(self._rows(names), key, descending=descending, after=after)
            if parent is not None:
                page = per_parent(page, key, parent, descending=descending)
            read = self._reads[shape] = Read(page)
        return read

    def _match(self, query: ListQuery, name: str, *, after: bool, by_index: bool) -> Read:
        after = after or query.args.cursor is not None
        descending = query.descending is not query.args.backward
        names = tuple(sorted(other for other, _ in query.filters if other != name))
        shape = (names, query.order, descending, after, name, by_index)
        read = self._reads.get(shape)
        if read is None:
            page = (looked_up if by_index else nearest)(
                self._rows(names),
                self.orders[query.order].columns,
                self.matches[name],
                descending=descending,
                after=after,
            )
            read = self._reads[shape] = Read(page)
        return read

    def _rows(self, names: Sequence[str]) -> Select[Any]:
        conditions = (self.filters[name] for name in names)
        return select(*self.columns).where(*self.where, *conditions)

    def _page(self, rows: Sequence[Any], query: ListQuery, *, skip: int) -> Page[R]:
        names = [column.key for column in self.orders[query.order].columns]
        page = window(rows, query.args, lambda row: encode_cursor(*(row[n] for n in names)))
        items = [self.build(*tuple(row)[skip:]) for row in page.items]
        return Page(items, page.cursors, page.has_next, page.has_previous)
