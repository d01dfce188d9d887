"""Lists of products: filters, orders, pages, and cursors that the list never gave."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import (
    DomainError,
    InvalidCursor,
)
from app.paging import ListQuery, PageArgs, encode_cursor
from app.products.models import Cause, PublishingStatus
from app.products.queries import (
    ProductOrder,
    list_products,
    products_by_vendors,
)
from app.stores.postgres import Postgres
from app.viewer import ANONYMOUS, Viewer
from tests.domains.conftest import NewViewer
from tests.domains.marketplace import draft, of_vendor, published, seen


async def titles(main: Postgres, viewer: Viewer, query: ListQuery) -> list[str]:
    return [p.title for p in (await list_products(main, viewer, query)).items]


async def test_list_filters(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    await draft(main, viewer, title="Ärmel", cause=Cause.ELDER_CARE)
    await published(main, viewer, staff, title="Bär", selling_price=Decimal(5))
    await published(main, viewer, staff, title="bärtig", selling_price=Decimal(7))
    stranger = new_viewer()
    assert await titles(main, stranger, of_vendor(viewer)) == ["Bär", "bärtig"]
    assert await titles(main, viewer, of_vendor(viewer)) == ["Ärmel", "Bär", "bärtig"]
    assert await titles(main, staff, of_vendor(viewer)) == ["Ärmel", "Bär", "bärtig"]
    for filters, expected in (
        ([("causes", (Cause.ELDER_CARE,))], ["Ärmel"]),
        ([("causes", (Cause.ELDER_CARE, Cause.GRIEF_CARE))], ["Ärmel", "Bär", "bärtig"]),
        ([("causes", ())], []),
        ([("statuses", (PublishingStatus.PUBLISHED,))], ["Bär", "bärtig"]),
        ([("min_price", Decimal(7))], ["Ärmel", "bärtig"]),
        ([("max_price", Decimal(7))], ["Bär", "bärtig"]),
        ([("min_price", Decimal(6)), ("max_price", Decimal(8))], ["bärtig"]),
        ([("title_contains", "BÄR")], ["Bär", "bärtig"]),
        ([("title_contains", "100%_")], []),
    ):
        assert await titles(main, viewer, of_vendor(viewer, *filters)) == expected


async def test_pages_are_full_although_products_between_are_hidden(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    for title in ("0", "2", "4"):
        await published(main, viewer, staff, title=title)
        await draft(main, viewer, title="hidden")
    query = of_vendor(viewer, args=PageArgs(2))
    page = await list_products(main, new_viewer(), query)
    assert [p.title for p in page.items] == ["0", "2"]
    assert page.has_next
    rest = replace(query, args=PageArgs(2, page.cursors[-1]))
    page = await list_products(main, new_viewer(), rest)
    assert [p.title for p in page.items] == ["4"]
    assert (page.has_previous, page.has_next) == (True, False)


@pytest.mark.covers("E31")
@pytest.mark.parametrize("order", list(ProductOrder))
@pytest.mark.parametrize("descending", [False, True])
async def test_every_order_pages_both_ways_without_gap_or_duplicate(
    main: Postgres, viewer: Viewer, order: ProductOrder, *, descending: bool
) -> None:
    for number in range(5):  # equal titles and prices: the id decides
        await draft(main, viewer, title=f"t{number // 2}", selling_price=Decimal(number // 2))
    whole = await list_products(main, viewer, of_vendor(viewer, order=order, descending=descending))
    ids = [p.id for p in whole.items]
    assert len(set(ids)) == 5
    for backward in (False, True):
        walked: list[str] = []
        cursor, more = None, True
        while more:
            args = PageArgs(2, cursor, backward)
            query = of_vendor(viewer, order=order, descending=descending, args=args)
            page = await list_products(main, viewer, query)
            found = [p.id for p in page.items]
            walked = found + walked if backward else walked + found
            cursor = page.cursors[0 if backward else -1]
            more = page.has_previous if backward else page.has_next
        assert walked == ids


@pytest.mark.covers("E31")
async def test_pages_of_vendors_are_one_command(
    main: Postgres, new_viewer: NewViewer, staff: Viewer
) -> None:
    vendors = [new_viewer() for _ in range(3)]
    for vendor in vendors[:2]:
        for _ in range(3):
            await draft(main, vendor)
    ids = [vendor.require() for vendor in vendors]
    query = ListQuery(ProductOrder.CREATED_AT, descending=True, args=PageArgs(2))
    pages = await products_by_vendors(main, staff, ids, query)
    assert [[p.vendor_id for p in page.items] for page in pages] == [[ids[0]] * 2, [ids[1]] * 2, []]
    assert [page.has_next for page in pages] == [True, True, False]
    pages = await products_by_vendors(main, vendors[0], ids, query)
    assert [len(page.items) for page in pages] == [2, 0, 0]
    pages = await products_by_vendors(main, ANONYMOUS, ids, query)
    assert [len(page.items) for page in pages] == [0, 0, 0]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "e30",
        "\u00e4",
        encode_cursor("2024-01-01", "IM_1"),
        encode_cursor("0001-01-01T00:00:00+14:00", "IM_1"),
        encode_cursor("2024-01-01T00:00:00+00:00", 7),
        encode_cursor("2024-01-01T00:00:00+00:00", "\0"),
        encode_cursor("2024-01-01T00:00:00+00:00"),
    ],
)
async def test_foreign_cursor_is_refused(main: Postgres, viewer: Viewer, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        await list_products(main, viewer, of_vendor(viewer, args=PageArgs(2, cursor)))


@pytest.mark.parametrize("price", ["NaN", "1e999999999", "1e-999999999", "x", "9" * 500])
async def test_price_of_a_cursor_is_refused_where_no_column_holds_it(
    main: Postgres, viewer: Viewer, price: str
) -> None:
    args = PageArgs(2, encode_cursor(price, "IM_1"))
    with pytest.raises(InvalidCursor):
        await list_products(main, viewer, of_vendor(viewer, order=ProductOrder.PRICE, args=args))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=60))
async def test_any_title_is_stored_as_cleaned_or_refused(
    main: Postgres, viewer: Viewer, title: str
) -> None:
    try:
        product = await draft(main, viewer, title=title)
    except DomainError:
        return
    stored = await seen(main, viewer, product)
    assert stored is not None
    assert stored.title == product.title
    part = of_vendor(viewer, ("title_contains", product.title))
    assert product.title in await titles(main, viewer, part)
