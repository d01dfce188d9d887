"""The queue within a transaction: what enters it, who works on it, and how it is resolved.

Whoever changes a subject locks it first and its items after it, so that nobody waits in a ring.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.errors import Conflict, DomainError, Forbidden
from app.feeds.log import append
from app.ids import new_id
from app.moderation.models import (
    ItemEvent,
    ModerationDecision,
    ModerationItem,
    ModerationStatus,
    ModerationVerdict,
    SubjectKind,
)
from app.moderation.queries import concerns
from app.viewer import Viewer

ESCALATED_PRIORITY = 1_000

FEED = "moderation"  # what happens to items, for whoever follows the queue

ItemRow = Row[Any, Any, Any, Any]

_Q = ModerationItem.__table__.c


async def enter_submission(tx: AsyncConnection, product_id: str) -> None:
    """Let a submitted product wait for a moderator; one that waits already goes on waiting."""
    item_id = new_id()
    submission = {
        "id": item_id,
        "subject_kind": SubjectKind.PRODUCT,
        "subject_id": product_id,
        "reason": "Submitted by its vendor.",
    }
    entered = postgresql.insert(ModerationItem).values(submission).on_conflict_do_nothing()
    if (await tx.execute(entered.returning(_Q.id))).first() is not None:
        await tell(tx, None, ItemEvent.CREATED, item_id)


async def withdraw_submission(tx: AsyncConnection, product_id: str) -> None:
    """Let a product wait no longer, without a decision: its vendor took it away."""
    withdrawn = (
        update(ModerationItem)
        .where(*_is_open(SubjectKind.PRODUCT, product_id), _Q.reported_by.is_(None))
        .values(status=ModerationStatus.RESOLVED, resolved_at=func.now())
    )
    for item_id in await tx.scalars(withdrawn.returning(_Q.id)):
        await tell(tx, None, ItemEvent.WITHDRAWN, item_id)


async def resolve_submission(
    tx: AsyncConnection,
    viewer: Viewer,
    product_id: str,
    verdict: ModerationVerdict,
    note: str | None,
) -> None:
    """Decide what waits for a decision about a product, as far as it is the viewer's to decide.

    Raises:
        Forbidden, Conflict: See `require_decidable`.
    """
    items = await _open_items(tx, SubjectKind.PRODUCT, product_id)
    submitted = [item for item in items if item.reported_by is None]
    await resolve(tx, viewer, submitted, verdict, note)


async def resolve_removal(
    tx: AsyncConnection, viewer: Viewer, kind: SubjectKind, subject_id: str, note: str | None
) -> None:
    """Decide what is open about a subject that the viewer removes; what is others' waits on."""
    items = await _open_items(tx, kind, subject_id)
    theirs = [
        item
        for item in items
        if _refusal(viewer, item) is None and not concerns(viewer.require(), item)
    ]
    await resolve(tx, viewer, theirs, ModerationVerdict.REMOVED, note)


async def _open_items(tx: AsyncConnection, kind: SubjectKind, subject_id: str) -> Sequence[ItemRow]:
    """The unresolved items of a subject, locked until the transaction ends."""
    items = select(*_Q).where(*_is_open(kind, subject_id)).order_by(_Q.id).with_for_update()
    return (await tx.execute(items)).all()


async def lock_item(tx: AsyncConnection, item_id: UUID) -> ItemRow | None:
    """An item, locked until the transaction ends; None if there is none."""
    return (await tx.execute(select(*_Q).where(_Q.id == item_id).with_for_update())).first()


def require_decidable(viewer: Viewer, item: ItemRow) -> None:
    """Refuse what is not the viewer's to decide.

    Raises:
        Forbidden: It was left to the admins, and the viewer is none.
        Conflict: It is resolved, or somebody else works on it and the viewer is no admin.
    """
    refusal = _refusal(viewer, item)
    if refusal is not None:
        raise refusal


def require_impartial(user_id: int, item: ItemRow) -> None:
    """Refuse what would let somebody decide about themselves.

    Raises:
        Forbidden: They reported it, or it is about them or what is theirs.
    """
    if concerns(user_id, item):
        raise Forbidden(
            "It concerns them themselves: somebody else decides.", field=["moderationItemId"]
        )


def _refusal(viewer: Viewer, item: ItemRow) -> DomainError | None:
    if item.status == ModerationStatus.RESOLVED:
        return Conflict("It is resolved already.", field=["moderationItemId"])
    if viewer.role == "admin":
        return None
    if item.escalated:
        return Forbidden("It was left to the admins.", field=["moderationItemId"])
    if item.assigned_to not in (None, viewer.user_id):
        return Conflict("Somebody else works on it.", field=["moderationItemId"])
    return None


async def resolve(
    tx: AsyncConnection,
    viewer: Viewer,
    items: Sequence[ItemRow],
    verdict: ModerationVerdict,
    note: str | None,
) -> None:
    """Note a verdict on locked items; they are resolved, but one that is escalated waits on.

    Raises:
        Forbidden, Conflict: See `require_decidable` and `require_impartial`.
    """
    escalated = verdict is ModerationVerdict.ESCALATED
    values = (
        {
            "escalated": True,
            "status": ModerationStatus.PENDING,
            "assigned_to": None,
            "priority": ESCALATED_PRIORITY,
        }
        if escalated
        else {"status": ModerationStatus.RESOLVED, "resolved_at": func.now()}
    )
    for item in items:
        require_decidable(viewer, item)
        require_impartial(viewer.require(), item)
        await tx.execute(update(ModerationItem).where(_Q.id == item.id).values(values))
        decision = {"item_id": item.id, "moderator_id": viewer.require(), "verdict": verdict}
        await tx.execute(insert(ModerationDecision).values(id=new_id(), note=note, **decision))
        before = {"status": item.status, "verdict": None}
        after = {"status": values["status"], "verdict": verdict}
        action = "moderationItemDecide"
        await record(tx, viewer, action, "ModerationItem", item.id, before=before, after=after)
        await tell(tx, viewer, ItemEvent.DECIDED, item.id)


async def assign(tx: AsyncConnection, viewer: Viewer, item: ItemRow, user_id: int | None) -> None:
    """Give a locked item to a moderator, or to nobody."""
    status = ModerationStatus.PENDING if user_id is None else ModerationStatus.IN_REVIEW
    values = {"assigned_to": user_id, "status": status}
    await tx.execute(update(ModerationItem).where(_Q.id == item.id).values(values))
    before = {"assigned_to": item.assigned_to, "status": item.status}
    action = "moderationItemRelease" if user_id is None else "moderationItemAssign"
    await record(tx, viewer, action, "ModerationItem", item.id, before=before, after=values)
    event = ItemEvent.RELEASED if user_id is None else ItemEvent.ASSIGNED
    await tell(tx, viewer, event, item.id)


async def tell(tx: AsyncConnection, viewer: Viewer | None, event: ItemEvent, item_id: UUID) -> None:
    """Tell whoever follows the queue, when the transaction has committed."""
    actor = None if viewer is None else viewer.user_id
    await append(tx, FEED, event, str(item_id), actor)


def _is_open(kind: SubjectKind, subject_id: str) -> tuple[Any, ...]:
    return (
        _Q.subject_kind == kind,
        _Q.subject_id == subject_id,
        _Q.status != ModerationStatus.RESOLVED,
    )
