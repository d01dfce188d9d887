"""A product's row within a transaction: locked, changed, and the change noted."""

from typing import Any

from sqlalchemy import Row, inspect, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.errors import Conflict, Forbidden, NotFound
from app.feeds.log import append
from app.products.models import Product
from app.products.queries import ProductRecord, can_see_product, judges, products_by_ids
from app.stores.postgres import Postgres
from app.viewer import Viewer

ProductRow = Row[Any, Any, Any, Any]

_COLUMNS = [c.label(name) for name, c in inspect(Product).c.items() if name != "search"]


async def lock_product(tx: AsyncConnection, viewer: Viewer, product_id: str) -> ProductRow:
    """The product's row, locked until the transaction ends.

    Raises:
        NotFound: There is no such product that the viewer may see.
    """
    # FOR NO KEY UPDATE: groups that name the product by foreign key need not wait.
    locked = select(*_COLUMNS).where(Product.id == product_id).with_for_update(key_share=True)
    row = (await tx.execute(locked)).first()
    if row is None or not can_see_product(
        viewer,
        vendor_id=row.vendor_id,
        status=row.publishing_status,
        deleted_at=row.deleted_at,
    ):
        raise no_product()
    return row


def require_judge(viewer: Viewer, row: ProductRow) -> None:
    """Refuse a decision about a product to whoever is not staff, or is its vendor.

    Raises:
        Forbidden: The viewer has not the staff's rights over it.
    """
    if not judges(viewer, row.vendor_id):
        raise Forbidden("Only staff decide on products, and not on their own.", field=["productId"])


def require_present(row: ProductRow) -> None:
    """Refuse what cannot be done with a deleted product.

    Raises:
        Conflict: It is deleted.
    """
    if row.deleted_at is not None:
        raise Conflict("It is deleted.", field=["productId"])


async def change_product(
    tx: AsyncConnection, viewer: Viewer, row: ProductRow, values: dict[str, Any]
) -> None:
    """Set values of a locked product, by attribute of the model, and tell whoever follows it."""
    await tx.execute(update(Product).where(Product.id == row.id).values(**values))
    await append(tx, vendor_feed(row.vendor_id), "changed", row.id, viewer.user_id)


def vendor_feed(vendor_id: int) -> str:
    """The feed of what happens to a vendor's products."""
    return f"vendor:{vendor_id}"


async def note_change(
    tx: AsyncConnection,
    viewer: Viewer,
    action: str,
    row: ProductRow,
    values: dict[str, Any],
) -> None:
    """Note in the audit what a right beyond one's own has changed of a locked product."""
    before = {name: row._mapping[name] for name in values}  # noqa: SLF001 - SQLAlchemy's public name
    await record(tx, viewer, action, "Product", row.id, before=before, after=values)


async def visible_product(main: Postgres, viewer: Viewer, product_id: str) -> ProductRecord:
    """The product as it is now.

    Raises:
        NotFound: There is none any more that the viewer may see.
    """
    found = (await products_by_ids(main, viewer, [product_id]))[0]
    if found is None:  # a retry, long after
        raise no_product()
    return found


def no_product() -> NotFound:
    """That there is no such product, or none that the viewer may see."""
    return NotFound("There is no such product.", field=["productId"])
