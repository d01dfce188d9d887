"""Products: who sees which, who may do what with them, and what is refused."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.errors import (
    ClientKeyReused,
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    InvalidCursor,
    NotFound,
    Required,
    TooLong,
    Unauthenticated,
)
from app.media import Attachment, AttachmentType
from app.paging import ListQuery, PageArgs, encode_cursor
from app.products.commands import (
    NewProduct,
    ProductChanges,
    check_price,
    create_product,
    publish_product,
    reject_product,
    submit_product,
    update_product,
)
from app.products.models import Cause, Product, PublishingStatus
from app.products.queries import (
    ProductOrder,
    ProductRecord,
    can_update_product,
    list_products,
    products_by_ids,
    products_by_vendors,
)
from app.stores.postgres import Postgres
from app.viewer import ANONYMOUS, Viewer
from tests.domains.conftest import NewViewer

LAMP = NewProduct(
    title="A lamp",
    description="It shines.",
    cause=Cause.GRIEF_CARE,
    mrp=Decimal("12.50"),
    selling_price=Decimal(10),
    product_url="https://shop.example/lamp",
    media=[Attachment("https://shop.example/lamp.png", AttachmentType.IMAGE)],
)


def key() -> str:
    return str(uuid4())


async def draft(main: Postgres, vendor: Viewer, **values: Any) -> ProductRecord:
    return await create_product(main, vendor, replace(LAMP, **values), client_key=key())


async def submitted(main: Postgres, vendor: Viewer, **values: Any) -> ProductRecord:
    product = await draft(main, vendor, **values)
    return await submit_product(main, vendor, product.id, client_key=key())


async def published(main: Postgres, vendor: Viewer, staff: Viewer, **values: Any) -> ProductRecord:
    product = await submitted(main, vendor, **values)
    return await publish_product(main, staff, product.id, client_key=key())


async def seen(main: Postgres, viewer: Viewer, product: ProductRecord) -> ProductRecord | None:
    return (await products_by_ids(main, viewer, [product.id]))[0]


async def products_of(main: Postgres, vendor: Viewer) -> int:
    statement = select(func.count()).where(Product.vendor_id == vendor.require())
    async with main.begin() as tx:
        return (await tx.execute(statement)).scalar_one()


async def test_create_keeps_what_was_said(main: Postgres, viewer: Viewer) -> None:
    product = await draft(main, viewer)
    assert product.id.startswith("IM_")
    assert len(product.id) == 35
    assert product == await seen(main, viewer, product)
    assert (product.title, product.description) == ("A lamp", "It shines.")
    assert (product.mrp, product.selling_price) == (Decimal("12.50"), Decimal("10.00"))
    assert str(product.selling_price) == "10.00"
    assert product.media == [{"url": "https://shop.example/lamp.png", "type": "image"}]
    assert product.vendor_id == viewer.user_id
    assert product.publishing_status == PublishingStatus.DRAFT
    assert product.cause == Cause.GRIEF_CARE
    assert product.created_at.tzinfo is not None


async def test_create_needs_a_viewer(main: Postgres) -> None:
    with pytest.raises(Unauthenticated):
        await draft(main, ANONYMOUS)


@pytest.mark.parametrize(
    ("values", "error", "field"),
    [
        ({"title": " \u200b "}, Required, ["input", "title"]),
        ({"title": "x" * 201}, TooLong, ["input", "title"]),
        ({"title": "a\nb"}, Invalid, ["input", "title"]),
        ({"description": ""}, Required, ["input", "description"]),
        ({"description": "x" * 10_001}, TooLong, ["input", "description"]),
        ({"description": "a\0b"}, Invalid, ["input", "description"]),
        ({"mrp": Decimal("NaN")}, Invalid, ["input", "mrp"]),
        ({"mrp": Decimal("sNaN")}, Invalid, ["input", "mrp"]),
        ({"mrp": Decimal("Infinity")}, Invalid, ["input", "mrp"]),
        ({"mrp": Decimal("1e10")}, Invalid, ["input", "mrp"]),
        ({"mrp": Decimal("1e999999")}, Invalid, ["input", "mrp"]),
        ({"mrp": Decimal("12.505")}, Invalid, ["input", "mrp"]),
        ({"selling_price": Decimal("-0.01")}, Invalid, ["input", "sellingPrice"]),
        ({"selling_price": Decimal("12.51")}, Invalid, ["input", "sellingPrice"]),
        ({"product_url": "javascript:alert(1)"}, Invalid, ["input", "productUrl"]),
        ({"product_url": "https://"}, Invalid, ["input", "productUrl"]),
        (
            {"media": [Attachment("ftp://shop.example/x", AttachmentType.FILE)]},
            Invalid,
            ["input", "media", "0", "url"],
        ),
        (
            {"media": [Attachment("https://shop.example/x", AttachmentType.FILE)] * 21},
            TooLong,
            ["input", "media"],
        ),
    ],
)
async def test_create_refuses_and_leaves_nothing(
    main: Postgres,
    viewer: Viewer,
    values: dict[str, Any],
    error: type[DomainError],
    field: list[str],
) -> None:
    with pytest.raises(error) as caught:
        await draft(main, viewer, **values)
    assert caught.value.field == field
    assert await products_of(main, viewer) == 0


async def test_draft_is_its_vendors_and_the_staffs_to_see(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    product = await draft(main, viewer)
    assert await seen(main, viewer, product)
    assert await seen(main, staff, product)
    assert await seen(main, new_viewer(), product) is None
    assert await seen(main, ANONYMOUS, product) is None


async def test_published_is_everybodys_to_see(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    product = await published(main, viewer, staff)
    for anybody in (viewer, staff, new_viewer(), ANONYMOUS):
        assert await seen(main, anybody, product)


async def test_batch_keeps_the_order_of_its_keys(main: Postgres, viewer: Viewer) -> None:
    one, two = await draft(main, viewer), await draft(main, viewer)
    found = await products_by_ids(main, viewer, [two.id, "IM_none", one.id])
    assert [p.id if p else None for p in found] == [two.id, None, one.id]


async def test_remark_is_shown_to_staff_alone(
    main: Postgres, viewer: Viewer, staff: Viewer
) -> None:
    product = await submitted(main, viewer)
    rejected = await reject_product(main, staff, product.id, "Odd.\nAsk.", client_key=key())
    assert rejected.remark == "Odd.\nAsk."
    assert rejected.publishing_status == PublishingStatus.REJECTED
    own = await seen(main, viewer, product)
    assert own is not None
    assert own.remark is None
    page = await list_products(main, viewer, of_vendor(viewer))
    assert [p.remark for p in page.items] == [None]


async def test_rejected_may_be_changed_and_submitted_again(
    main: Postgres, viewer: Viewer, staff: Viewer
) -> None:
    product = await submitted(main, viewer)
    assert not can_update_product(viewer, product)
    with pytest.raises(Conflict):
        await update_product(main, viewer, product.id, ProductChanges(title="B"), client_key=key())
    await reject_product(main, staff, product.id, "Blurred.", client_key=key())
    changed = await update_product(
        main, viewer, product.id, ProductChanges(title="B"), client_key=key()
    )
    assert (changed.title, changed.description) == ("B", LAMP.description)
    assert can_update_product(viewer, changed)
    assert changed.updated_at > changed.created_at
    again = await submit_product(main, viewer, product.id, client_key=key())
    assert again.publishing_status == PublishingStatus.SUGGESTION


async def test_staff_may_change_what_is_published(
    main: Postgres, viewer: Viewer, staff: Viewer
) -> None:
    product = await published(main, viewer, staff)
    changes = ProductChanges(selling_price=Decimal("9.99"), media=[])
    changed = await update_product(main, staff, product.id, changes, client_key=key())
    assert (changed.selling_price, changed.media) == (Decimal("9.99"), [])
    with pytest.raises(Conflict):
        await update_product(main, viewer, product.id, changes, client_key=key())


async def test_update_checks_one_price_against_the_other_stored(
    main: Postgres, viewer: Viewer
) -> None:
    product = await draft(main, viewer)
    with pytest.raises(Invalid) as caught:
        await update_product(
            main, viewer, product.id, ProductChanges(mrp=Decimal("9.99")), client_key=key()
        )
    assert caught.value.field == ["input", "sellingPrice"]
    assert await seen(main, viewer, product) == product


async def test_update_of_nothing_changes_nothing(main: Postgres, viewer: Viewer) -> None:
    product = await draft(main, viewer)
    changed = await update_product(main, viewer, product.id, ProductChanges(), client_key=key())
    assert changed == product


async def test_stranger_cannot_touch_a_product(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    stranger = new_viewer()
    hidden, shown = await draft(main, viewer), await published(main, viewer, staff)
    for product, error in ((hidden, NotFound), (shown, Forbidden)):
        with pytest.raises(error):
            await update_product(
                main, stranger, product.id, ProductChanges(title="X"), client_key=key()
            )
        with pytest.raises(error):
            await submit_product(main, stranger, product.id, client_key=key())
        with pytest.raises(error):
            await publish_product(main, stranger, product.id, client_key=key())
        assert await seen(main, viewer, product) == product


async def test_decisions_are_the_staffs_and_made_once(
    main: Postgres, viewer: Viewer, staff: Viewer
) -> None:
    product = await submitted(main, viewer)
    with pytest.raises(Forbidden):
        await publish_product(main, viewer, product.id, client_key=key())
    with pytest.raises(Required):
        await reject_product(main, staff, product.id, " ", client_key=key())
    await publish_product(main, staff, product.id, client_key=key())
    with pytest.raises(Conflict):
        await reject_product(main, staff, product.id, "Too late.", client_key=key())
    with pytest.raises(Conflict):
        await submit_product(main, viewer, product.id, client_key=key())


async def test_retried_decision_answers_as_before(
    main: Postgres, viewer: Viewer, staff: Viewer
) -> None:
    product, the_key = await submitted(main, viewer), key()
    first = await publish_product(main, staff, product.id, client_key=the_key)
    assert await publish_product(main, staff, product.id, client_key=the_key) == first
    other = await submitted(main, viewer)
    with pytest.raises(ClientKeyReused):
        await publish_product(main, staff, other.id, client_key=the_key)
    unchanged = await seen(main, viewer, other)
    assert unchanged is not None
    assert unchanged.publishing_status == PublishingStatus.SUGGESTION


def of_vendor(vendor: Viewer, *filters: tuple[str, Any], **kwargs: Any) -> ListQuery:
    order = kwargs.pop("order", ProductOrder.CREATED_AT)
    return ListQuery(order, filters=(("vendor", vendor.user_id), *filters), **kwargs)


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


@given(st.integers(0, 10**12 - 1), st.integers(0, 5))
def test_price_keeps_its_value(cents: int, zeros: int) -> None:
    price = Decimal(f"{cents // 100}.{cents % 100:02}" + "0" * zeros)
    checked = check_price(price, field=["mrp"])
    assert checked == price
    assert checked.as_tuple().exponent == -2


@given(st.decimals())
def test_price_is_storable_or_refused(price: Decimal) -> None:
    try:
        checked = check_price(price, field=["mrp"])
    except Invalid:
        return
    assert len(str(checked)) <= 13
    assert str(checked) == f"{price:.2f}".removeprefix("-")


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
