"""Working on the queue: taking an item, giving it back, deciding, and what a decision does."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.chat.backend import Backend
from app.chat.changes import remove_message
from app.chat.membership import delete_group
from app.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Required
from app.ids import new_id
from app.moderation.models import ModerationVerdict, SubjectKind
from app.moderation.queries import ItemRecord, items_by_ids
from app.moderation.queue import (
    ItemRow,
    assign,
    lock_item,
    require_decidable,
    require_impartial,
    resolve,
    resolve_removal,
)
from app.once import once, remember
from app.products.commands import judge_product
from app.products.models import PublishingStatus
from app.products.removal import take_away
from app.products.rows import ProductRow, lock_product, require_judge
from app.text import clean_text
from app.users.accounts import Accounts
from app.users.commands import MAX_REASON as MAX_DEACTIVATION
from app.users.commands import deactivate_user
from app.users.queries import users_by_public_ids
from app.viewer import Viewer

MAX_NOTE = 2_000  # characters: a product's remark too
_STAFF = frozenset({"moderator", "admin"})


class Bench(Backend, Protocol):
    """What a decision may reach: the chat's stores, and accounts."""

    @property
    def accounts(self) -> Accounts:
        """Who may sign in."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, and why."""

    verdict: ModerationVerdict
    note: str | None = None


async def assign_item(
    bench: Bench, viewer: Viewer, item_id: UUID, assignee: UUID | None, *, client_key: str
) -> ItemRecord:
    """Give an item to a moderator: to the viewer themselves, or as an admin to anybody of staff.

    Args:
        bench: The stores.
        viewer: Who gives it.
        item_id: The item.
        assignee: The moderator's public id; None for the viewer.
        client_key: The same key assigns once.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such item that the viewer may see, or no such user.
        Forbidden: The viewer is not staff, gives it to somebody else and is no admin, or it was
            left to the admins; or it concerns the assignee themselves.
        Invalid: The assignee is not staff.
        Conflict: It is resolved, or somebody else's and the viewer is no admin.
        ClientKeyReused: The key came before with something else.
    """
    user_id = await _assignee(bench, viewer, assignee)
    async with bench.main.begin() as tx:
        body = [item_id, assignee]
        if await once(tx, viewer, "moderationItemAssign", client_key, body) is None:
            product = await _lock_product(tx, viewer, await _known(bench, viewer, item_id))
            item = await _lock(bench, tx, viewer, item_id)
            require_decidable(viewer, item)
            require_impartial(user_id, item)
            if product is not None and product.vendor_id == user_id:
                raise Forbidden("Nobody works on what is their own.", field=["moderationItemId"])
            if item.assigned_to != user_id:
                await assign(tx, viewer, item, user_id)
            await remember(tx, viewer, "moderationItemAssign", client_key, item_id)
    return await _visible(bench, viewer, item_id)


async def release_item(
    bench: Bench, viewer: Viewer, item_id: UUID, *, client_key: str
) -> ItemRecord:
    """Give an item back to the queue: whoever works on it, or an admin.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such item that the viewer may see.
        Forbidden: The viewer is not staff, or it was left to the admins.
        Conflict: Nobody works on it, or somebody else and the viewer is no admin.
        ClientKeyReused: The key came before for another item.
    """
    viewer.require()
    async with bench.main.begin() as tx:
        if await once(tx, viewer, "moderationItemRelease", client_key, item_id) is None:
            item = await _lock(bench, tx, viewer, item_id)
            require_decidable(viewer, item)
            if item.assigned_to is None:
                raise Conflict("Nobody works on it.", field=["moderationItemId"])
            await assign(tx, viewer, item, None)
            await remember(tx, viewer, "moderationItemRelease", client_key, item_id)
    return await _visible(bench, viewer, item_id)


async def decide_item(
    bench: Bench,
    viewer: Viewer,
    item_id: UUID,
    ruling: Ruling,
    *,
    client_key: str,
) -> ItemRecord:
    """Decide about an item, and do to its subject what follows.

    Approved: a submitted product is published; what was reported stays. Rejected: a product goes
    back to its vendor. Removed: the subject is taken away, and whatever else is open about it is
    decided too. Escalated: it waits for an admin.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such item that the viewer may see.
        Forbidden: The viewer is not staff, reported it or is who it is about; it was left to the
            admins, or removing is theirs.
        Required: A verdict other than approval needs a note.
        TooLong, Invalid: The note breaks its rule, or the verdict does not fit the subject.
        Conflict: It is resolved, somebody else works on it, or the subject changed since.
        ClientKeyReused: The key came before with something else.
    """
    viewer.require()
    ruling = Ruling(ruling.verdict, _clean_note(ruling))
    async with bench.main.begin() as tx:
        body = [item_id, ruling]
        if await once(tx, viewer, "moderationItemDecide", client_key, body) is None:
            known = await _known(bench, viewer, item_id)
            product = await _lock_product(tx, viewer, known)
            item = await _lock(bench, tx, viewer, item_id)
            require_decidable(viewer, item)
            require_impartial(viewer.require(), item)
            if product is not None:
                await _decide_product(tx, viewer, item, product, ruling)
            else:
                await _decide_other(bench, tx, viewer, item, ruling)
            await remember(tx, viewer, "moderationItemDecide", client_key, item_id)
    return await _visible(bench, viewer, item_id)


async def _decide_product(
    tx: AsyncConnection,
    viewer: Viewer,
    item: ItemRow,
    product: ProductRow,
    ruling: Ruling,
) -> None:
    """Each of these resolves the item as whoever acts on the product itself would."""
    require_judge(viewer, product)
    verdict, note = ruling.verdict, ruling.note
    is_submission = item.reported_by is None
    if verdict is ModerationVerdict.REMOVED and product.deleted_at is None:
        await take_away(tx, viewer, product, note)
        return
    if is_submission and verdict in (ModerationVerdict.APPROVED, ModerationVerdict.REJECTED):
        _require_status(product, PublishingStatus.SUGGESTION)
        await judge_product(tx, viewer, product, verdict, note)
        return
    if verdict is ModerationVerdict.REJECTED:
        _require_status(product, PublishingStatus.PUBLISHED, PublishingStatus.SUGGESTION)
        await judge_product(tx, viewer, product, verdict, note)
    await resolve(tx, viewer, [item], verdict, note)


async def _decide_other(
    bench: Bench,
    tx: AsyncConnection,
    viewer: Viewer,
    item: ItemRow,
    ruling: Ruling,
) -> None:
    verdict, note = ruling.verdict, ruling.note
    if verdict is ModerationVerdict.REJECTED:
        raise Invalid(
            "Only a product is given back: remove it, or approve it.", field=["input", "verdict"]
        )
    if verdict is not ModerationVerdict.REMOVED:
        await resolve(tx, viewer, [item], verdict, note)
        return
    await resolve_removal(tx, viewer, item.subject_kind, item.subject_id, note)
    # Last, and in a transaction of its own: should this one fail after it, the item is still
    # open, and deciding again finds the subject gone and changes nothing.
    try:
        await _remove(bench, viewer, item, note or "")
    except DomainError as error:
        error.field = ["moderationItemId"]  # which is what names the subject here
        raise


async def _remove(bench: Bench, viewer: Viewer, item: ItemRow, note: str) -> None:
    key, subject = new_id().hex, UUID(item.subject_id)
    match item.subject_kind:
        case SubjectKind.USER:
            reason = note[:MAX_DEACTIVATION]
            await deactivate_user(bench.accounts, viewer, subject, reason, client_key=key)
        case SubjectKind.MESSAGE:
            await remove_message(bench, viewer, subject)
        case _:
            with suppress(NotFound):  # it is gone already
                await delete_group(bench, viewer, subject, client_key=key)


async def _assignee(bench: Bench, viewer: Viewer, assignee: UUID | None) -> int:
    me = viewer.require()
    if assignee is None or not viewer.is_staff:
        return me
    where = ["input", "assigneeId"]
    (user,) = await users_by_public_ids(bench.auth, viewer, [assignee])
    if user is None:
        raise NotFound("There is no such user.", field=where)
    if user.id != me and viewer.role != "admin":
        raise Forbidden("Only admins give items to others.", field=where)
    if user.role not in _STAFF:
        raise Invalid("Only staff work on the queue.", field=where)
    return user.id


def _clean_note(ruling: Ruling) -> str | None:
    field = ["input", "note"]
    if ruling.note is not None:
        return clean_text(ruling.note, field=field, max_length=MAX_NOTE, multiline=True)
    if ruling.verdict is not ModerationVerdict.APPROVED:
        raise Required("Say why: the history keeps it.", field=field)
    return None


def _require_status(product: ProductRow, *statuses: PublishingStatus) -> None:
    if product.publishing_status not in statuses:
        raise Conflict(
            f"The product is {product.publishing_status} by now.", field=["moderationItemId"]
        )


async def _known(bench: Bench, viewer: Viewer, item_id: UUID) -> ItemRecord:
    (known,) = await items_by_ids(bench.main, viewer, [item_id])
    if known is None:
        raise _no_item()
    if not viewer.is_staff:
        raise Forbidden("Only staff moderate.", field=["moderationItemId"])
    return known


async def _lock(bench: Bench, tx: AsyncConnection, viewer: Viewer, item_id: UUID) -> ItemRow:
    await _known(bench, viewer, item_id)
    item = await lock_item(tx, item_id)
    if item is None:
        raise _no_item()
    return item


async def _lock_product(tx: AsyncConnection, viewer: Viewer, item: ItemRecord) -> ProductRow | None:
    if item.subject_kind != SubjectKind.PRODUCT:
        return None
    return await lock_product(tx, viewer, item.subject_id)


async def _visible(bench: Bench, viewer: Viewer, item_id: UUID) -> ItemRecord:
    (item,) = await items_by_ids(bench.main, viewer, [item_id])
    if item is None:  # a retry, long after
        raise _no_item()
    return item


def _no_item() -> NotFound:
    return NotFound("There is no such item.", field=["moderationItemId"])
