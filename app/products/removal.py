"""Deleting a product and bringing it back: its row and its groups stay, and only its sight goes."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Conflict, Forbidden
from app.moderation.models import SubjectKind
from app.moderation.queue import enter_submission, resolve_removal, withdraw_submission
from app.once import once, remember
from app.products.models import PublishingStatus
from app.products.queries import ProductRecord, judges
from app.products.rows import (
    ProductRow,
    change_product,
    lock_product,
    note_change,
    require_judge,
    require_present,
    visible_product,
)
from app.stores.postgres import Postgres
from app.viewer import Viewer


async def delete_product(
    main: Postgres, viewer: Viewer, product_id: str, *, client_key: str
) -> ProductRecord:
    """Take a product from everybody's sight but its vendor's and the staff's: theirs to do.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such product that the viewer may see.
        Forbidden: The viewer is neither its vendor nor staff.
        Conflict: It is deleted already.
        ClientKeyReused: The key came before for another product.
    """
    viewer.require()
    async with main.begin() as tx:
        if await once(tx, viewer, "productDelete", client_key, product_id) is None:
            row = await lock_product(tx, viewer, product_id)
            if row.vendor_id != viewer.user_id and not viewer.is_staff:
                raise Forbidden("Only its vendor and staff delete a product.", field=["productId"])
            require_present(row)
            await take_away(tx, viewer, row, None)
            await remember(tx, viewer, "productDelete", client_key, product_id)
    return await visible_product(main, viewer, product_id)


async def take_away(tx: AsyncConnection, viewer: Viewer, row: ProductRow, note: str | None) -> None:
    """Delete a locked product, by a right that the caller has checked.

    Staff decide by it what is open about the product in the queue; its vendor, also one of the
    staff, withdraws it.
    """
    values = {"deleted_at": datetime.now(UTC)}
    await change_product(tx, viewer, row, values)
    if judges(viewer, row.vendor_id):
        await note_change(tx, viewer, "productDelete", row, values)
        await resolve_removal(tx, viewer, SubjectKind.PRODUCT, row.id, note)
    else:
        await withdraw_submission(tx, row.id)


async def restore_product(
    main: Postgres, viewer: Viewer, product_id: str, *, client_key: str
) -> ProductRecord:
    """Bring a deleted product back, in the status that it had: the staff's to do.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such product that the viewer may see.
        Forbidden: The viewer is not staff, or its vendor.
        Conflict: It is not deleted.
        ClientKeyReused: The key came before for another product.
    """
    viewer.require()
    async with main.begin() as tx:
        if await once(tx, viewer, "productRestore", client_key, product_id) is None:
            row = await lock_product(tx, viewer, product_id)
            require_judge(viewer, row)
            if row.deleted_at is None:
                raise Conflict("It is not deleted.", field=["productId"])
            values = {"deleted_at": None}
            await change_product(tx, viewer, row, values)
            await note_change(tx, viewer, "productRestore", row, values)
            if row.publishing_status == PublishingStatus.SUGGESTION:
                await enter_submission(tx, product_id)
            await remember(tx, viewer, "productRestore", client_key, product_id)
    return await visible_product(main, viewer, product_id)
