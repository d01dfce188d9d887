"""Products: who sees which, who may do what with them, and what is refused."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import (
    ClientKeyReused,
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    Required,
    TooLong,
    Unauthenticated,
)
from app.media import Attachment, AttachmentType
from app.products.commands import (
    ProductChanges,
    check_price,
    publish_product,
    reject_product,
    submit_product,
    update_product,
)
from app.products.models import Cause, PublishingStatus
from app.products.queries import (
    can_update_product,
    list_products,
    products_by_ids,
)
from app.stores.postgres import Postgres
from app.viewer import ANONYMOUS, Viewer
from tests.domains.conftest import NewViewer
from tests.domains.marketplace import (
    LAMP,
    draft,
    key,
    of_vendor,
    products_of,
    published,
    seen,
    submitted,
)


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


@pytest.mark.covers("A7", "B12")
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


@pytest.mark.covers("A7")
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


async def test_of_many_decisions_at_once_one_is_made(
    main: Postgres, viewer: Viewer, staff: Viewer
) -> None:
    product = await submitted(main, viewer)
    outcomes = await asyncio.gather(
        *(publish_product(main, staff, product.id, client_key=key()) for _ in range(4)),
        *(reject_product(main, staff, product.id, "No.", client_key=key()) for _ in range(4)),
        return_exceptions=True,
    )
    (made,) = (outcome for outcome in outcomes if not isinstance(outcome, BaseException))
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7
    assert await seen(main, staff, product) == made


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
