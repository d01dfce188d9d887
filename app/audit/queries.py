"""Reads of the trails of both databases, as one list; for admins alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, select

from app.audit.models import AUTH, MAIN, Trail
from app.errors import Forbidden
from app.listing import Listing, Order
from app.paging import ListQuery, Page, decode_cursor, parse_time
from app.stores.postgres import Postgres, Read
from app.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Trails:
    """The databases that keep a trail; one may be both."""

    main: Postgres
    auth: Postgres


@dataclass(slots=True)
class ChangeRecord:
    """A change, as it was noted; what is personal or secret is redacted."""

    id: UUID
    created_at: datetime
    actor_id: int | None
    action: str
    entity_type: str
    entity_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None
    ip_address: object


class AuditOrder(StrEnum):
    """The orders of the list of changes."""

    CREATED_AT = "created_at"


_PARSERS = (parse_time, UUID)


def _listing(trail: Trail) -> Listing[ChangeRecord]:
    columns = trail.events.__table__.c
    return Listing(
        columns=[columns[f.name] for f in fields(ChangeRecord)],
        build=ChangeRecord,
        orders={AuditOrder.CREATED_AT: Order((columns.created_at, columns.id), _PARSERS)},
        filters={
            "actor": columns.actor_id == bindparam("actor"),
            "action": columns.action == bindparam("action"),
            "entity_type": columns.entity_type == bindparam("entity_type"),
            "entity_id": columns.entity_id == bindparam("entity_id"),
        },
    )


def _by_ids(trail: Trail) -> Read:
    columns = trail.events.__table__.c
    ids = any_(bindparam("ids", type_=ARRAY(Uuid)))
    return Read(select(*(columns[f.name] for f in fields(ChangeRecord))).where(columns.id == ids))


_LISTS = {trail.name: _listing(trail) for trail in (MAIN, AUTH)}
_READS = {trail.name: _by_ids(trail) for trail in (MAIN, AUTH)}


async def changes_by_ids(
    trails: Trails, viewer: Viewer, ids: Sequence[UUID]
) -> list[ChangeRecord | None]:
    """These changes, in order; None where there is none or the viewer is no admin."""
    if viewer.role != "admin":
        return [None] * len(ids)
    found: dict[UUID, ChangeRecord] = {}
    for database, read in ((trails.main, _READS["main"]), (trails.auth, _READS["auth"])):
        rows = await database.fetch(read, ids=list(ids))
        found |= {row[0]: ChangeRecord(*row) for row in rows}
    return [found.get(i) for i in ids]


async def list_changes(trails: Trails, viewer: Viewer, query: ListQuery) -> Page[ChangeRecord]:
    """A page of the changes of both databases, in one order.

    Raises:
        Unauthenticated: Nobody is signed in.
        Forbidden: The viewer is no admin.
        InvalidCursor: The cursor is of another list.
        StoreUnavailable: A database does not answer: half a trail would mislead.
    """
    viewer.require()
    if viewer.role != "admin":
        raise Forbidden("Only admins read the audit.")
    pages = await asyncio.gather(
        _LISTS["main"].page(trails.main, query), _LISTS["auth"].page(trails.auth, query)
    )
    return _merged(*pages, query)


def _merged(
    one: Page[ChangeRecord], other: Page[ChangeRecord], query: ListQuery
) -> Page[ChangeRecord]:
    """Of two pages of the same window and order, the page of both lists together."""
    items = [
        *zip(one.items, one.cursors, strict=True),
        *zip(other.items, other.cursors, strict=True),
    ]
    items.sort(key=lambda item: decode_cursor(item[1], *_PARSERS), reverse=query.descending)
    size, backward = query.args.size, query.args.backward
    more = len(items) > size
    kept = items[len(items) - size :] if backward and more else items[:size]
    return Page(
        [item for item, _ in kept],
        [cursor for _, cursor in kept],
        has_next=one.has_next or other.has_next or (more and not backward),
        has_previous=one.has_previous or other.has_previous or (more and backward),
    )
