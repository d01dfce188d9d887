"""Finding products by words, the best first; where none has them, by titles that look alike.

What a search costs is bounded: of all that has the words the newest are ranked, and a title that
looks alike is looked for by `products_alike`, which the migration made for what the server has.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    column,
    exists,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import REAL, TSQUERY

from app.paging import ListQuery, Page, decode_cursor, encode_cursor, parse_text, window
from app.products.models import Product
from app.products.queries import (
    COLUMNS,
    FILTERS,
    STAFF_COLUMNS,
    ProductRecord,
    visible_filters,
)
from app.stores.keyset import keyset
from app.stores.postgres import Postgres, Read
from app.text import clean_text
from app.viewer import Viewer

MAX_SEARCH = 200  # characters
MAX_RANKED = 5_000  # products; of more that have the words, the older ones are left out

_C = Product.__table__.c


def _parsed(configuration: str) -> ColumnElement[Any]:
    text = bindparam("text", type_=Text)
    return func.websearch_to_tsquery(literal_column(f"'{configuration}'"), text, type_=TSQUERY)


# By stems; a search of nothing but stop words ("The Who") by the words as they are.
_QUERY = case((func.numnode(_parsed("english")) > 0, _parsed("english")), else_=_parsed("simple"))
# One that only excludes would read every product: it finds none.
_ASKS_FOR_SOMETHING = and_(func.querytree(_QUERY) != "", func.querytree(_QUERY) != "T")


@dataclass(slots=True)
class _Found(ProductRecord):
    """A product, and its place among what was found."""

    how: str
    rank: float


def _ranked(filters: tuple[str, ...]) -> FromClause:
    """What has the words, with how well it fits."""
    # The query by itself is known when the statement is planned, so that a common word is read
    # by time and a rare one by the index; parsed once for the ranks.
    rank = func.ts_rank(_C.search, select(_QUERY).scalar_subquery(), type_=REAL)
    return (
        select(_C.id, rank.label("rank"))
        .where(_C.search.op("@@")(_QUERY), _ASKS_FOR_SOMETHING, *(FILTERS[f] for f in filters))
        .order_by(_C.created_at.desc(), _C.id.desc())
        .limit(literal_column(str(MAX_RANKED)))
        .subquery("ranked")
    )


def _alike(filters: tuple[str, ...]) -> FromClause:
    """What is called something like it, with how much."""
    alike = func.products_alike(
        bindparam("text", type_=Text),
        bindparam("visible_to", type_=Integer),
        bindparam("everything", type_=Boolean),
    ).table_valued(column("id", Text), column("likeness", REAL), name="alike")
    return (
        select(_C.id, alike.c.likeness.label("rank"))
        .join_from(alike, Product.__table__, _C.id == alike.c.id)
        .where(_ASKS_FOR_SOMETHING, *(FILTERS[f] for f in filters))
        .subquery("similar")
    )


_WAYS = {"words": _ranked, "likeness": _alike}


def _page(way: str, filters: tuple[str, ...], *, descending: bool, after: bool) -> Select[Any]:
    found = _WAYS[way](filters)
    how = literal_column(f"'{way}'", Text).label("how")
    rows = select(found.c.id, found.c.rank, how)
    return keyset(rows, (found.c.rank, found.c.id), descending=descending, after=after)


def _read(
    columns: list[ColumnElement[Any]],
    way: str | None,
    filters: tuple[str, ...],
    *,
    descending: bool,
) -> Read:
    """One page: of the way that a cursor goes on, or of the first that finds anything."""
    if way is None:
        words = _page("words", filters, descending=descending, after=False).cte("words")
        similar = _page("likeness", filters, descending=descending, after=False)
        similar = similar.where(~exists(select(words.c.id)))
        page = union_all(select(words), select(similar.subquery("likeness"))).subquery("page")
    else:
        page = _page(way, filters, descending=descending, after=True).subquery("page")
    order = (c.desc() if descending else c.asc() for c in (page.c.rank, page.c.id))
    rows = select(*columns, page.c.how, page.c.rank)
    return Read(rows.join_from(page, Product.__table__, _C.id == page.c.id).order_by(*order))


_reads: dict[tuple[Any, ...], Read] = {}


async def search_products(
    main: Postgres, viewer: Viewer, text: str, query: ListQuery
) -> Page[ProductRecord]:
    """A page of the products that the viewer may see and that fit, the best first.

    Every word must occur in title or description, but those after a minus must not; `or` between
    words and quotation marks around them mean what they do on the web. Where none fits, those
    whose title looks like it.

    Args:
        main: Where products are.
        viewer: Who searches.
        text: What for.
        query: The window, and filters as those of `list_products`.

    Raises:
        Required, TooLong, Invalid: The text breaks its rule.
        InvalidCursor: The cursor is of another list.
    """
    filters = dict(visible_filters(viewer, query))
    values: dict[str, Any] = {
        "text": clean_text(text, field=["query"], max_length=MAX_SEARCH),
        "visible_to": viewer.user_id,
        "everything": viewer.is_staff,
        "limit": query.args.size + 1,
        **filters,
    }
    args, way = query.args, None
    if args.cursor is not None:
        way, rank, key = decode_cursor(args.cursor, _parse_way, _parse_rank, parse_text)
        values |= {"cursor_0": rank, "cursor_1": key}
    columns = STAFF_COLUMNS if viewer.is_staff else COLUMNS
    shape = (viewer.is_staff, way, tuple(sorted(filters)), args.backward)
    if shape not in _reads:
        _reads[shape] = _read(columns, way, shape[2], descending=not args.backward)
    found = [_Found(*row) for row in await main.fetch(_reads[shape], **values)]
    page = window(found, args, lambda row: encode_cursor(row.how, row.rank, row.id))
    return Page(list[ProductRecord](page.items), page.cursors, page.has_next, page.has_previous)


def _parse_way(part: Any) -> str:
    if part not in _WAYS:
        raise ValueError(part)
    return str(part)


def _parse_rank(part: Any) -> float:
    if type(part) not in (int, float) or not 0 <= part < 1e6:
        raise ValueError(part)
    return float(part)
