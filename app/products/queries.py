"""Reads of products: what a viewer may see is a condition of the statement, so pages are full."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    literal_column,
    null,
    or_,
    select,
)

from app.listing import Listing, Order
from app.paging import ListQuery, Page, parse_decimal, parse_text, parse_time
from app.products.models import Product, PublishingStatus
from app.stores.matching import contains
from app.stores.postgres import Postgres, Read
from app.viewer import Viewer


@dataclass(slots=True)
class ProductRecord:
    """A product as its viewer may see it: `remark` is None unless they are staff."""

    id: str
    title: str
    description: str
    cause: str
    mrp: Decimal
    selling_price: Decimal
    vendor_id: int
    media: list[dict[str, str]]
    product_url: str
    publishing_status: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    remark: str | None


class ProductOrder(StrEnum):
    """The orders of a list of products."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    PRICE = "selling_price"
    TITLE = "title"


# What a vendor may change and submit; the rest waits for staff or is decided.
EDITABLE = frozenset({PublishingStatus.DRAFT, PublishingStatus.REJECTED})

_C = Product.__table__.c
STAFF_COLUMNS: list[ColumnElement[Any]] = [
    _C["images" if f.name == "media" else f.name] for f in fields(ProductRecord)
]
# The staff's notes do not leave the database for anybody else.
COLUMNS = [*STAFF_COLUMNS[:-1], cast(null(), Text).label("remark")]

_VISIBLE = or_(
    and_(
        # A constant and not a parameter: the planner then knows how common it is.
        _C.publishing_status == literal_column(f"'{PublishingStatus.PUBLISHED}'"),
        _C.deleted_at.is_(None),
    ),
    _C.vendor_id == bindparam("visible_to"),  # null for an anonymous viewer: matches nothing
)


def _by_ids(columns: Sequence[ColumnElement[Any]], *where: ColumnElement[bool]) -> Read:
    wanted = _C.id == any_(bindparam("ids", type_=ARRAY(Text)))
    return Read(select(*columns).where(wanted, *where))


_BY_IDS = _by_ids(COLUMNS, _VISIBLE)
_BY_IDS_FOR_STAFF = _by_ids(STAFF_COLUMNS)
_BY_IDS_FOR_ALL = _by_ids(COLUMNS)


_TITLE_CONTAINS = contains(_C.title, "title_contains")
FILTERS: dict[str, ColumnElement[bool]] = {
    "visible_to": _VISIBLE,
    "causes": _C.cause == any_(bindparam("causes", type_=ARRAY(_C.cause.type))),
    "statuses": _C.publishing_status
    == any_(bindparam("statuses", type_=ARRAY(_C.publishing_status.type))),
    "vendor": _C.vendor_id == bindparam("vendor"),
    "min_price": _C.selling_price >= bindparam("min_price"),
    "max_price": _C.selling_price <= bindparam("max_price"),
    "created_from": _C.created_at >= bindparam("created_from"),
    "created_before": _C.created_at < bindparam("created_before"),
    "updated_from": _C.updated_at >= bindparam("updated_from"),
    "updated_before": _C.updated_at < bindparam("updated_before"),
    "deleted": _C.deleted_at.is_not(None) == bindparam("deleted", type_=Boolean),
    "title_contains": _TITLE_CONTAINS.seen,
}
_ORDERS: dict[str, Order] = {
    ProductOrder.CREATED_AT: Order((_C.created_at, _C.id), (parse_time, parse_text)),
    ProductOrder.UPDATED_AT: Order((_C.updated_at, _C.id), (parse_time, parse_text)),
    ProductOrder.PRICE: Order((_C.selling_price, _C.id), (parse_decimal, parse_text)),
    ProductOrder.TITLE: Order((_C.title, _C.id), (parse_text, parse_text)),
}
_MATCHES = {"title_contains": _TITLE_CONTAINS}
_LIST = Listing(
    columns=COLUMNS, build=ProductRecord, orders=_ORDERS, filters=FILTERS, matches=_MATCHES
)
_LIST_FOR_STAFF = Listing(
    columns=STAFF_COLUMNS, build=ProductRecord, orders=_ORDERS, filters=FILTERS, matches=_MATCHES
)


def can_see_product(
    viewer: Viewer, *, vendor_id: int, status: str, deleted_at: datetime | None
) -> bool:
    """Whether the viewer may know of a product: what is published, their own, staff all."""
    is_public = status == PublishingStatus.PUBLISHED and deleted_at is None
    return viewer.is_staff or is_public or vendor_id == viewer.user_id


def judges(viewer: Viewer, vendor_id: int) -> bool:
    """Whether the viewer has the staff's rights over a product: over their own they have none."""
    return viewer.is_staff and vendor_id != viewer.user_id


def can_update_product(viewer: Viewer, product: ProductRecord) -> bool:
    """Whether the viewer may change it now: its vendor before it is submitted, staff always."""
    is_own = product.vendor_id == viewer.user_id
    is_editable = is_own and product.publishing_status in EDITABLE
    return product.deleted_at is None and (is_editable or judges(viewer, product.vendor_id))


async def products_by_ids(
    main: Postgres, viewer: Viewer, ids: Sequence[str]
) -> list[ProductRecord | None]:
    """The products with these ids, in order; None where there is none that the viewer may see."""
    read = _BY_IDS_FOR_STAFF if viewer.is_staff else _BY_IDS
    rows = await main.fetch(read, ids=list(ids), visible_to=viewer.user_id)
    found = {row[0]: ProductRecord(*row) for row in rows}
    return [found.get(i) for i in ids]


async def products_for_all(main: Postgres, ids: Sequence[str]) -> list[ProductRecord | None]:
    """These products without what only staff may see, in order; None where there is none.

    The caller asks `can_see_product` for each viewer.
    """
    rows = await main.fetch(_BY_IDS_FOR_ALL, ids=list(ids))
    found = {row[0]: ProductRecord(*row) for row in rows}
    return [found.get(i) for i in ids]


async def products_by_vendors(
    main: Postgres, viewer: Viewer, vendor_ids: Sequence[int], query: ListQuery
) -> list[Page[ProductRecord]]:
    """The same page of each vendor's products, as far as the viewer may see them.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    products, query = _visible_list(viewer, query)
    return await products.pages(main, _C.vendor_id, vendor_ids, query)


async def list_products(main: Postgres, viewer: Viewer, query: ListQuery) -> Page[ProductRecord]:
    """A page of the products that the viewer may see.

    Filters: `causes` and `statuses` (tuples, any of), `vendor`, `min_price` and `max_price` (of
    the selling price, inclusive), `created_from` and `updated_from` (inclusive), `created_before`
    and `updated_before` (exclusive), `title_contains` (in either case), and `deleted`: whether to
    list what is deleted instead of what is not.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    products, query = _visible_list(viewer, query)
    return await products.page(main, query)


def visible_filters(viewer: Viewer, query: ListQuery) -> tuple[tuple[str, Any], ...]:
    """A query's filters, and those that keep a list to what the viewer may see."""
    filters = {"deleted": False, **dict(query.filters)}
    if not viewer.is_staff:
        filters["visible_to"] = viewer.user_id
    return tuple(filters.items())


def _visible_list(viewer: Viewer, query: ListQuery) -> tuple[Listing[ProductRecord], ListQuery]:
    products = _LIST_FOR_STAFF if viewer.is_staff else _LIST
    return products, replace(query, filters=visible_filters(viewer, query))
