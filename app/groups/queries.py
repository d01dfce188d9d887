"""Reads of groups and who belongs to them, as far as the viewer sees the group."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Select, Uuid, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.groups.access import IS_ALIVE, MANAGERS, SEEN, seeing
from app.groups.models import Group, GroupMember
from app.listing import Listing, Order
from app.paging import ListQuery, Page, parse_int, parse_text, parse_time, parse_uuid
from app.stores.matching import contains
from app.stores.postgres import Postgres, Read
from app.viewer import Viewer


@dataclass(slots=True)
class GroupRecord:
    """A group; one that is deleted is shown to who belonged to it."""

    id: UUID
    name: str
    description: str | None
    product_id: str | None
    parent_id: UUID | None
    owner_id: int
    visibility: str
    join_policy: str
    deleted_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class MemberRecord:
    """That a user belongs to a group."""

    group_id: UUID
    user_id: int
    role: str
    joined_at: datetime


class GroupOrder(StrEnum):
    """The orders of a list of groups."""

    CREATED_AT = "created_at"
    NAME = "name"


class MemberOrder(StrEnum):
    """The orders of a list of members."""

    JOINED_AT = "joined_at"


_G = Group.__table__.c
_M = GroupMember.__table__.c
COLUMNS = [_G[f.name] for f in fields(GroupRecord)]
_MEMBER_COLUMNS = [_M[f.name] for f in fields(MemberRecord)]
_WANTED = any_(bindparam("ids", type_=ARRAY(Uuid)))


def _seen(statement: Select[Any]) -> dict[str, Read]:
    """A read of what the viewer sees, by `seeing`."""
    return {name: Read(statement.where(condition)) for name, condition in SEEN.items()}


_BY_IDS = _seen(select(*COLUMNS).where(_G.id == _WANTED))
# Counted per group and not joined, which would read every group's row for a page of fifty.
_COUNT = select(func.count()).where(_M.group_id == _G.id).correlate(Group).scalar_subquery()
_COUNTS = _seen(select(_G.id, _COUNT).where(_G.id == _WANTED))
_OF_VIEWER = Read(
    select(*_MEMBER_COLUMNS).where(_M.group_id == _WANTED, _M.user_id == bindparam("viewer"))
)
_MEMBER_IDS = _seen(
    select(_M.group_id, func.array_agg(aggregate_order_by(_M.user_id, _M.user_id)))
    .where(_M.group_id == _G.id, _G.id == _WANTED)
    .group_by(_M.group_id)
)
_MEMBERSHIPS = _seen(
    select(*_MEMBER_COLUMNS).where(
        _M.group_id == _G.id,
        _G.id == _WANTED,
        _M.user_id == any_(bindparam("users", type_=ARRAY(Integer))),
    )
)

_NAME_CONTAINS = contains(_G.name, "name_contains")
_ORDERS: dict[str, Order] = {
    GroupOrder.CREATED_AT: Order((_G.created_at, _G.id), (parse_time, parse_uuid)),
    GroupOrder.NAME: Order((_G.name, _G.id), (parse_text, parse_uuid)),
}
_LIST = Listing(
    columns=COLUMNS,
    build=GroupRecord,
    orders=_ORDERS,
    filters=SEEN
    | {
        "product": _G.product_id == bindparam("product"),
        "name_contains": _NAME_CONTAINS.seen,
    },
    matches={"name_contains": _NAME_CONTAINS},
    where=(IS_ALIVE,),
)
_OF_MEMBERS = Listing(
    columns=COLUMNS,
    build=GroupRecord,
    orders=_ORDERS,
    filters=SEEN,
    where=(_M.group_id == _G.id, IS_ALIVE),
)
_MEMBERS = Listing(
    columns=_MEMBER_COLUMNS,
    build=MemberRecord,
    orders={MemberOrder.JOINED_AT: Order((_M.joined_at, _M.user_id), (parse_time, parse_int))},
    filters=SEEN,
    where=(_M.group_id == _G.id,),
)


async def groups_by_ids(
    main: Postgres, viewer: Viewer, ids: Sequence[UUID]
) -> list[GroupRecord | None]:
    """The groups with these ids, in order; None where there is none that the viewer sees."""
    if viewer.user_id is None:
        return [None] * len(ids)
    rows = await _fetch_seen(main, viewer, _BY_IDS, ids)
    found = {row[0]: GroupRecord(*row) for row in rows}
    return [found.get(i) for i in ids]


async def groups_by_products(
    main: Postgres, viewer: Viewer, product_ids: Sequence[str], query: ListQuery
) -> list[Page[GroupRecord]]:
    """The same page of the groups around each product; empty for an anonymous viewer.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    if viewer.user_id is None:
        return [Page.empty() for _ in product_ids]
    return await _LIST.pages(main, _G.product_id, product_ids, _seen_by(viewer, query))


async def groups_by_members(
    main: Postgres, viewer: Viewer, user_ids: Sequence[int], query: ListQuery
) -> list[Page[GroupRecord]]:
    """The same page of each user's groups, of those that the viewer sees; empty for nobody.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    if viewer.user_id is None:
        return [Page.empty() for _ in user_ids]
    return await _OF_MEMBERS.pages(main, _M.user_id, user_ids, _seen_by(viewer, query))


async def groups_by_parents(
    main: Postgres, viewer: Viewer, parent_ids: Sequence[UUID], query: ListQuery
) -> list[Page[GroupRecord]]:
    """The same page of the groups below each group; empty for an anonymous viewer.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    if viewer.user_id is None:
        return [Page.empty() for _ in parent_ids]
    return await _LIST.pages(main, _G.parent_id, parent_ids, _seen_by(viewer, query))


async def members_by_groups(
    main: Postgres, viewer: Viewer, group_ids: Sequence[UUID], query: ListQuery
) -> list[Page[MemberRecord]]:
    """The same page of each group's members; empty for an anonymous viewer.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    if viewer.user_id is None:
        return [Page.empty() for _ in group_ids]
    return await _MEMBERS.pages(main, _M.group_id, group_ids, _seen_by(viewer, query))


async def member_counts(main: Postgres, viewer: Viewer, group_ids: Sequence[UUID]) -> list[int]:
    """How many belong to each group, in order; 0 for an anonymous viewer."""
    if viewer.user_id is None:
        return [0] * len(group_ids)
    counts: dict[UUID, int] = dict(await _fetch_seen(main, viewer, _COUNTS, group_ids))
    return [counts.get(i, 0) for i in group_ids]


async def member_ids(
    main: Postgres, viewer: Viewer, group_ids: Sequence[UUID]
) -> list[Sequence[int]]:
    """Who belongs to each group, by number and in that order."""
    if viewer.user_id is None:
        return [()] * len(group_ids)
    found = dict(await _fetch_seen(main, viewer, _MEMBER_IDS, group_ids))
    return [found.get(i, ()) for i in group_ids]


async def memberships_of_viewer(
    main: Postgres, viewer: Viewer, group_ids: Sequence[UUID]
) -> list[MemberRecord | None]:
    """The viewer's own membership in each group, in order; None where they do not belong."""
    if viewer.user_id is None:
        return [None] * len(group_ids)
    rows = await main.fetch(_OF_VIEWER, ids=list(group_ids), viewer=viewer.user_id)
    found = {row[0]: MemberRecord(*row) for row in rows}
    return [found.get(i) for i in group_ids]


async def memberships(
    main: Postgres, viewer: Viewer, pairs: Sequence[tuple[UUID, int]]
) -> list[MemberRecord | None]:
    """The membership of each pair of group and user, in order; None where there is none."""
    if viewer.user_id is None:
        return [None] * len(pairs)
    group_ids, user_ids = (list(set(ids)) for ids in zip(*pairs, strict=True))
    rows = await _fetch_seen(main, viewer, _MEMBERSHIPS, group_ids, users=user_ids)
    found = {(row[0], row[1]): MemberRecord(*row) for row in rows}
    return [found.get(pair) for pair in pairs]


async def list_groups(main: Postgres, viewer: Viewer, query: ListQuery) -> Page[GroupRecord]:
    """A page of the groups that the viewer sees.

    Filters: `product` (its id), `name_contains` (in either case).

    Raises:
        Unauthenticated: Nobody is signed in.
        InvalidCursor: The cursor is of another list.
    """
    viewer.require()
    return await _LIST.page(main, _seen_by(viewer, query))


def can_manage(group: GroupRecord, membership: MemberRecord | None) -> bool:
    """Whether a membership of a group lets its holder change it and invite."""
    is_manager = membership is not None and membership.role in MANAGERS
    return is_manager and group.deleted_at is None


async def _fetch_seen(
    main: Postgres, viewer: Viewer, reads: dict[str, Read], ids: Sequence[UUID], **values: Any
) -> list[Any]:
    name = seeing(viewer)
    return await main.fetch(reads[name], ids=list(ids), **values, **{name: viewer.user_id})


def _seen_by(viewer: Viewer, query: ListQuery) -> ListQuery:
    return replace(query, filters=(*query.filters, (seeing(viewer), viewer.user_id)))
