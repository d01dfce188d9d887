"""What may be done with a product: its vendor writes and submits it, staff decide on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Conflict, Forbidden, Invalid
from app.feeds.log import append
from app.ids import new_id
from app.media import Attachment, check_url, clean_attachments
from app.moderation.models import ModerationVerdict
from app.moderation.queue import enter_submission, resolve_submission
from app.once import once, remember
from app.products.models import Cause, Product, PublishingStatus
from app.products.queries import EDITABLE, ProductRecord, judges
from app.products.rows import (
    ProductRow,
    change_product,
    lock_product,
    note_change,
    require_judge,
    require_present,
    vendor_feed,
    visible_product,
)
from app.stores.postgres import Postgres
from app.text import clean_text
from app.viewer import Viewer

MAX_TITLE = 200  # characters
MAX_DESCRIPTION = 10_000
MAX_REMARK = 2_000
PRICE_LIMIT = Decimal(10) ** 10  # exclusive: NUMERIC(12, 2) holds no more

_CENT = Decimal("0.01")
_OUTCOMES = {
    ModerationVerdict.APPROVED: ("productPublish", PublishingStatus.PUBLISHED),
    ModerationVerdict.REJECTED: ("productReject", PublishingStatus.REJECTED),
}


@dataclass(frozen=True, slots=True)
class NewProduct:
    """What a vendor says of a new product."""

    title: str
    description: str
    cause: Cause
    mrp: Decimal
    selling_price: Decimal
    product_url: str
    media: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class ProductChanges:
    """What is to change; None leaves a value as it is, for no value of a product may be null."""

    title: str | None = None
    description: str | None = None
    cause: Cause | None = None
    mrp: Decimal | None = None
    selling_price: Decimal | None = None
    product_url: str | None = None
    media: Sequence[Attachment] | None = None


async def create_product(
    main: Postgres, viewer: Viewer, new: NewProduct, *, client_key: str
) -> ProductRecord:
    """Make a draft whose vendor is the viewer.

    Raises:
        Unauthenticated: Nobody is signed in.
        Invalid, Required, TooLong: A value breaks its rule.
        ClientKeyReused: The key came before with another product.
    """
    vendor_id = viewer.require()
    values = _clean(new)
    _check_prices(values["mrp"], values["selling_price"])
    async with main.begin() as tx:
        product_id = await once(tx, viewer, "productCreate", client_key, values)
        if product_id is None:
            product_id = f"IM_{new_id().hex}"
            await tx.execute(insert(Product).values(id=product_id, vendor_id=vendor_id, **values))
            await append(tx, vendor_feed(vendor_id), "created", product_id, vendor_id)
            await remember(tx, viewer, "productCreate", client_key, product_id)
    return await visible_product(main, viewer, product_id)


async def update_product(
    main: Postgres, viewer: Viewer, product_id: str, changes: ProductChanges, *, client_key: str
) -> ProductRecord:
    """Change a draft or a rejected product as its vendor, or anybody else's product as staff.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such product that the viewer may see.
        Forbidden: The viewer is neither its vendor nor staff.
        Conflict: It is submitted or published, and the viewer is not staff.
        Invalid, Required, TooLong: A value breaks its rule.
        ClientKeyReused: The key came before with other changes.
    """
    viewer.require()
    values = _clean(changes)
    async with main.begin() as tx:
        body = [product_id, values]
        if await once(tx, viewer, "productUpdate", client_key, body) is None:
            row = await lock_product(tx, viewer, product_id)
            as_staff = judges(viewer, row.vendor_id)
            if as_staff:
                require_present(row)
            else:
                _require_editable(viewer, row)
            _check_prices(
                values.get("mrp", row.mrp), values.get("selling_price", row.selling_price)
            )
            if values:
                await change_product(tx, viewer, row, values)
            if as_staff:
                await note_change(tx, viewer, "productUpdate", row, values)
            await remember(tx, viewer, "productUpdate", client_key, product_id)
    return await visible_product(main, viewer, product_id)


async def submit_product(
    main: Postgres, viewer: Viewer, product_id: str, *, client_key: str
) -> ProductRecord:
    """Hand a draft or a rejected product to the staff: its vendor's to do.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such product that the viewer may see.
        Forbidden: The viewer is not its vendor.
        Conflict: It is submitted or published already.
        ClientKeyReused: The key came before for another product.
    """
    viewer.require()
    async with main.begin() as tx:
        if await once(tx, viewer, "productSubmit", client_key, product_id) is None:
            row = await lock_product(tx, viewer, product_id)
            _require_editable(viewer, row)
            submitted = {"publishing_status": PublishingStatus.SUGGESTION}
            await change_product(tx, viewer, row, submitted)
            await enter_submission(tx, product_id)
            await remember(tx, viewer, "productSubmit", client_key, product_id)
    return await visible_product(main, viewer, product_id)


async def publish_product(
    main: Postgres, viewer: Viewer, product_id: str, *, client_key: str
) -> ProductRecord:
    """Show a submitted product to everybody: the staff's to decide.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such product that the viewer may see.
        Forbidden: The viewer is not staff, or its vendor.
        Conflict: It does not wait for a decision.
        ClientKeyReused: The key came before for another product.
    """
    return await _decide(
        main, viewer, product_id, ModerationVerdict.APPROVED, None, client_key=client_key
    )


async def reject_product(
    main: Postgres, viewer: Viewer, product_id: str, remark: str, *, client_key: str
) -> ProductRecord:
    """Give a submitted product back to its vendor, with a note that only staff see.

    Raises:
        As `publish_product`; and Required, TooLong, Invalid: The remark breaks its rule.
    """
    note = clean_text(remark, field=["input", "remark"], max_length=MAX_REMARK, multiline=True)
    verdict = ModerationVerdict.REJECTED
    return await _decide(main, viewer, product_id, verdict, note, client_key=client_key)


async def judge_product(
    tx: AsyncConnection,
    viewer: Viewer,
    row: ProductRow,
    verdict: ModerationVerdict,
    note: str | None,
) -> None:
    """Publish or reject a locked product; what waits in the queue for that is decided with it.

    Args:
        tx: The transaction that holds the row.
        viewer: Who decides.
        row: A product that waits for a decision, or a published one that is to be rejected.
        verdict: Approved or rejected.
        note: The remark of a rejection.

    Raises:
        Forbidden: The viewer is not staff or its vendor, or it was left to the admins.
        Conflict: It is deleted, or another moderator works on it.
    """
    operation, status = _OUTCOMES[verdict]
    require_judge(viewer, row)
    require_present(row)
    values: dict[str, Any] = {"publishing_status": status}
    if note is not None:
        values["remark"] = note
    await change_product(tx, viewer, row, values)
    await note_change(tx, viewer, operation, row, values)
    await resolve_submission(tx, viewer, row.id, verdict, note)


def check_price(value: Decimal, *, field: list[str]) -> Decimal:
    """The price with two decimals.

    Raises:
        Invalid: It is negative, not finite, 10^10 or more, or finer than two decimals.
    """
    if not value.is_finite() or not 0 <= value < PRICE_LIMIT:
        raise Invalid("A price is from 0 to 9,999,999,999.99.", field=field)
    rounded = value.quantize(_CENT)
    if rounded != value:
        raise Invalid("A price has at most two decimals.", field=field)
    return abs(rounded)  # no negative zero


async def _decide(
    main: Postgres,
    viewer: Viewer,
    product_id: str,
    verdict: ModerationVerdict,
    note: str | None,
    *,
    client_key: str,
) -> ProductRecord:
    viewer.require()
    operation, _ = _OUTCOMES[verdict]
    async with main.begin() as tx:
        if await once(tx, viewer, operation, client_key, [product_id, note]) is None:
            row = await lock_product(tx, viewer, product_id)
            require_judge(viewer, row)
            if row.publishing_status != PublishingStatus.SUGGESTION:
                raise Conflict(
                    f"It is {row.publishing_status} and does not wait for a decision.",
                    field=["productId"],
                )
            await judge_product(tx, viewer, row, verdict, note)
            await remember(tx, viewer, operation, client_key, product_id)
    return await visible_product(main, viewer, product_id)


def _require_editable(viewer: Viewer, row: ProductRow) -> None:
    if row.vendor_id != viewer.user_id:
        raise Forbidden("Only its vendor may do this.", field=["productId"])
    require_present(row)
    if row.publishing_status not in EDITABLE:
        raise Conflict(
            f"It is {row.publishing_status}: only a draft or a rejected product is its vendor's"
            " to change or submit.",
            field=["productId"],
        )


def _check_prices(mrp: Decimal, selling_price: Decimal) -> None:
    if selling_price > mrp:
        raise Invalid(
            f"The selling price {selling_price} is over the recommended price {mrp}.",
            field=["input", "sellingPrice"],
        )


def _clean(given: NewProduct | ProductChanges) -> dict[str, Any]:
    """The values that are given, by attribute of the model, each by its rule."""
    return {
        name: rule(value, field=["input", argument])
        for name, argument, rule in _RULES
        if (value := getattr(given, name)) is not None
    }


# The attribute, the argument in the API, and what makes its value clean or refuses it.
_RULES: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("title", "title", partial(clean_text, max_length=MAX_TITLE)),
    ("description", "description", partial(clean_text, max_length=MAX_DESCRIPTION, multiline=True)),
    ("cause", "cause", lambda cause, **_: cause),
    ("mrp", "mrp", check_price),
    ("selling_price", "sellingPrice", check_price),
    ("product_url", "productUrl", check_url),
    ("media", "media", clean_attachments),
)
