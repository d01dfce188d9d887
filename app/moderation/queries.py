"""Reads of the queue and its history, for staff; a reporter sees what became of their report."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Row,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on

from app.errors import Forbidden
from app.listing import Listing, Order
from app.moderation.models import (
    ModerationDecision,
    ModerationItem,
    ModerationStatus,
    ModerationVerdict,
    SubjectKind,
)
from app.paging import ListQuery, Page, parse_int, parse_time, parse_uuid
from app.stores.postgres import Postgres, Read
from app.viewer import Viewer


@dataclass(slots=True)
class ItemRecord:
    """An item of the queue; a reporter is told neither who works on it nor who else reported it."""

    id: UUID
    subject_kind: str
    subject_id: str
    conversation_id: UUID | None
    reason: str
    reported_by: int | None
    status: str
    priority: int
    escalated: bool
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    assigned_to: int | None
    snapshot: dict[str, Any] | None
    urgency: int


@dataclass(slots=True)
class DecisionRecord:
    """What a moderator decided about an item."""

    id: UUID
    item_id: UUID
    moderator_id: int
    verdict: str
    note: str | None
    created_at: datetime


class ItemOrder(StrEnum):
    """The orders of the queue."""

    PRIORITY = "priority"
    CREATED_AT = "created_at"


class DecisionOrder(StrEnum):
    """The orders of the history."""

    CREATED_AT = "created_at"


_Q = ModerationItem.__table__.c
_D = ModerationDecision.__table__.c

# How long after a decision a file of a deleted message is kept, so that it can be looked at again.
EVIDENCE_KEPT = timedelta(days=30)

# From low to high, so that the most urgent comes first and of equals the one that waits longest.
_URGENCY = (-_Q.priority).label("urgency")
_ITEM_COLUMNS: list[ColumnElement[Any]] = [
    _URGENCY if f.name == "urgency" else _Q[f.name] for f in fields(ItemRecord)
]
_DECISION_COLUMNS = [_D[f.name] for f in fields(DecisionRecord)]


def _parse_urgency(part: Any) -> int:
    number = parse_int(part)
    if abs(number) >= 2**15:
        raise ValueError(part)
    return number


_ITEMS = Listing(
    columns=_ITEM_COLUMNS,
    build=ItemRecord,
    orders={
        ItemOrder.PRIORITY: Order(
            (_URGENCY, _Q.created_at, _Q.id), (_parse_urgency, parse_time, parse_uuid)
        ),
        ItemOrder.CREATED_AT: Order((_Q.created_at, _Q.id), (parse_time, parse_uuid)),
    },
    filters={
        "statuses": _Q.status == any_(bindparam("statuses", type_=ARRAY(_Q.status.type))),
        "kinds": _Q.subject_kind == any_(bindparam("kinds", type_=ARRAY(_Q.subject_kind.type))),
        "submitted": _Q.reported_by.is_(None) == bindparam("submitted"),
        "assigned_to": _Q.assigned_to == bindparam("assigned_to"),
        "assigned": _Q.assigned_to.is_not(None) == bindparam("assigned"),
        "escalated": _Q.escalated == bindparam("escalated"),
        "subject_kind": _Q.subject_kind == bindparam("subject_kind", type_=_Q.subject_kind.type),
        "subject": _Q.subject_id == bindparam("subject"),
    },
)
_DECISIONS = Listing(
    columns=_DECISION_COLUMNS,
    build=DecisionRecord,
    orders={DecisionOrder.CREATED_AT: Order((_D.created_at, _D.id), (parse_time, parse_uuid))},
    filters={
        "moderator": _D.moderator_id == bindparam("moderator"),
        "verdicts": _D.verdict == any_(bindparam("verdicts", type_=ARRAY(_D.verdict.type))),
        "created_from": _D.created_at >= bindparam("created_from"),
        "created_before": _D.created_at < bindparam("created_before"),
    },
)


def _shows(message_id: ColumnElement[Any], address: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a report is of a message and names a file of it."""
    named = func.jsonb_build_array(func.jsonb_build_object("url", address))
    is_of_message = _Q.subject_kind == SubjectKind.MESSAGE
    is_of_this = _Q.subject_id == cast(message_id, Text)
    return is_of_message & is_of_this & _Q.snapshot["media"].contains(named)


def is_evidence(message_id: ColumnElement[Any], address: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that a file is named by a report of its message that waits, or lately did."""
    is_late = _Q.resolved_at > func.now() - EVIDENCE_KEPT
    return exists().where(_shows(message_id, address), or_(_Q.resolved_at.is_(None), is_late))


_ME = bindparam("me", type_=Integer)
# Those that do not concern the viewer: see `concerns`.
_SHOWING = Read(
    select(_Q.id)
    .where(
        _shows(bindparam("message", type_=Uuid), bindparam("address", type_=Text)),
        _Q.reported_by != _ME,
        _Q.snapshot["author"].as_integer().is_distinct_from(_ME),
    )
    .order_by(_Q.created_at, _Q.id)
    .limit(1)
)
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_ITEMS_BY_IDS = Read(select(*_ITEM_COLUMNS).where(_Q.id == any_(_IDS)))
_VERDICTS = Read(
    select(_D.item_id, _D.verdict, _Q.reported_by)
    .join_from(ModerationDecision, ModerationItem, _Q.id == _D.item_id)
    .where(_D.item_id == any_(_IDS))
    .ext(distinct_on(_D.item_id))
    .order_by(_D.item_id, _D.created_at.desc(), _D.id.desc())
)
_DECISIONS_BY_IDS = Read(select(*_DECISION_COLUMNS).where(_D.id == any_(_IDS)))


async def items_by_ids(
    main: Postgres, viewer: Viewer, ids: Sequence[UUID]
) -> list[ItemRecord | None]:
    """These items, in order; None where there is none, or none that the viewer may see."""
    if viewer.user_id is None:
        return [None] * len(ids)
    rows = await main.fetch(_ITEMS_BY_IDS, ids=list(ids))
    items = [ItemRecord(*row) for row in rows]
    if not viewer.is_staff:
        items = [_as_told(item) for item in items if item.reported_by == viewer.user_id]
    found = {item.id: item for item in items}
    return [found.get(i) for i in ids]


def _as_told(item: ItemRecord) -> ItemRecord:
    """What a reporter sees of their report."""
    item.assigned_to = item.snapshot = None
    item.priority = 0  # it would tell how many others have reported the same
    return item


async def items_by_reporters(
    main: Postgres, viewer: Viewer, user_ids: Sequence[int], query: ListQuery
) -> list[Page[ItemRecord]]:
    """The same page of what each has reported; empty but for the viewer.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    pages = await _ITEMS.own_pages(main, _Q.reported_by, user_ids, query, me=viewer.user_id)
    if not viewer.is_staff:
        for item in (item for page in pages for item in page.items):
            _as_told(item)
    return pages


async def verdicts_by_items(
    main: Postgres, viewer: Viewer, ids: Sequence[UUID]
) -> list[ModerationVerdict | None]:
    """What was decided last about these; None where nothing was, and for others than in `items`."""
    rows = await main.fetch(_VERDICTS, ids=list(ids)) if viewer.user_id is not None else []
    found = {
        row[0]: ModerationVerdict(row[1])
        for row in rows
        if viewer.is_staff or row[2] == viewer.user_id
    }
    return [found.get(i) for i in ids]


async def decisions_by_ids(
    main: Postgres, viewer: Viewer, ids: Sequence[UUID]
) -> list[DecisionRecord | None]:
    """These decisions, in order; None where there is none or the viewer is not staff."""
    if not viewer.is_staff:
        return [None] * len(ids)
    rows = await main.fetch(_DECISIONS_BY_IDS, ids=list(ids))
    found = {row[0]: DecisionRecord(*row) for row in rows}
    return [found.get(i) for i in ids]


async def decisions_by_items(
    main: Postgres, viewer: Viewer, item_ids: Sequence[UUID], query: ListQuery
) -> list[Page[DecisionRecord]]:
    """The same page of each item's decisions; empty pages for whoever is not staff.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    if not viewer.is_staff:
        return [Page.empty()] * len(item_ids)
    return await _DECISIONS.pages(main, _D.item_id, item_ids, query)


async def item_showing(
    main: Postgres, viewer: Viewer, message_id: UUID, address: str
) -> UUID | None:
    """The first report that shows a message's file to staff; none that concerns the viewer does.

    Args:
        main: The main database.
        viewer: Who asks.
        message_id: The message that was reported.
        address: How its snapshot names the file.
    """
    if not viewer.is_staff:
        return None
    asked = {"message": message_id, "address": address, "me": viewer.require()}
    rows = await main.fetch(_SHOWING, **asked)
    return rows[0][0] if rows else None


async def list_items(main: Postgres, viewer: Viewer, query: ListQuery) -> Page[ItemRecord]:
    """A page of the queue.

    Filters: `statuses` and `kinds` (tuples, any of), `submitted` (or reported), `assigned_to`,
    `assigned` (or not), `escalated` (or not), `subject` with `subject_kind`.

    Raises:
        Unauthenticated: Nobody is signed in.
        Forbidden: The viewer is not staff.
        InvalidCursor: The cursor is of another list or order.
    """
    _require_staff(viewer)
    return await _ITEMS.page(main, query)


async def list_decisions(main: Postgres, viewer: Viewer, query: ListQuery) -> Page[DecisionRecord]:
    """A page of the history of decisions.

    Filters: `moderator`, `verdicts` (a tuple, any of), `created_from` (inclusive) and
    `created_before` (exclusive).

    Raises:
        Unauthenticated: Nobody is signed in.
        Forbidden: The viewer is not staff.
        InvalidCursor: The cursor is of another list.
    """
    _require_staff(viewer)
    return await _DECISIONS.page(main, query)


def _require_staff(viewer: Viewer) -> None:
    viewer.require()
    if not viewer.is_staff:
        raise Forbidden("Only staff moderate.")


def concerns(user_id: int, item: ItemRecord | Row[Any, Any, Any, Any]) -> bool:
    """Whether a user reported it, or it is about them or what was theirs when it was reported.

    Whose a product is that was submitted, its own row tells.
    """
    return user_id == item.reported_by or is_about(user_id, item)


def is_about(user_id: int, item: ItemRecord | Row[Any, Any, Any, Any]) -> bool:
    """Whether a report is about a user or what was theirs: they are not told who made it."""
    return item.snapshot is not None and item.snapshot["author"] == user_id


def can_decide(viewer: Viewer, item: ItemRecord) -> bool:
    """Whether the viewer may decide about it now."""
    if item.status == ModerationStatus.RESOLVED or not viewer.is_staff:
        return False
    if concerns(viewer.require(), item):
        return False
    is_free = not item.escalated and item.assigned_to in (None, viewer.user_id)
    return viewer.role == "admin" or is_free
