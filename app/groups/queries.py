"""Reads of groups and who belongs to them: for anybody signed in, and nobody else."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Text, Uuid, any_, bindparam, func, select

from app.groups.models import Group, GroupMember
from app.listing import Listing, Order
from app.paging import ListQuery, Page, parse_int, parse_text, parse_time, parse_uuid
from app.stores.postgres import Postgres, Read
from app.viewer import Viewer


@dataclass(slots=True)
class GroupRecord:
    """A group."""

    id: UUID
    name: str
    description: str | None
    product_id: str | None
    parent_id: UUID | None
    owner_id: int
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
_ALIVE = _G.deleted_at.is_(None)
_OF_ALIVE = (_M.group_id == _G.id, _ALIVE)
_WANTED = any_(bindparam("ids", type_=ARRAY(Uuid)))

_BY_IDS = Read(select(*COLUMNS).where(_G.id == _WANTED, _ALIVE))
# Counted per group and not joined, which would read every group's row for a page of fifty.
_COUNT = select(func.count()).where(_M.group_id == _G.id).correlate(Group).scalar_subquery()
_COUNTS = Read(select(_G.id, _COUNT).where(_G.id == _WANTED, _ALIVE))
_OF_VIEWER = Read(
    select(*_MEMBER_COLUMNS).where(
        _M.group_id == _WANTED, _M.user_id == bindparam("viewer"), *_OF_ALIVE
    )
)
_MEMBERSHIPS = Read(
    select(*_MEMBER_COLUMNS).where(
        _M.group_id == _WANTED,
        _M.user_id == any_(bindparam("users", type_=ARRAY(Integer))),
        *_OF_ALIVE,
    )
)

_NAME_PART = bindparam("name_contains", type_=Text)
_ORDERS: dict[str, Order] = {
    GroupOrder.CREATED_AT: Order((_G.created_at, _G.id), (parse_time, parse_uuid)),
    GroupOrder.NAME: Order((_G.name, _G.id), (parse_text, parse_uuid)),
}
_LIST = Listing(
    columns=COLUMNS,
    build=GroupRecord,
    orders=_ORDERS,
    filters={
        "product": _G.product_id == bindparam("product"),
        "name_contains": func.strpos(func.lower(_G.name), func.lower(_NAME_PART)) > 0,
    },
    where=(_ALIVE,),
)
_OF_MEMBERS = Listing(columns=COLUMNS, build=GroupRecord, orders=_ORDERS, where=_OF_ALIVE)
_MEMBERS = Listing(
    columns=_MEMBER_COLUMNS,
    build=MemberRecord,
    orders={MemberOrder.JOINED_AT: Order((_M.joined_at, _M.user_id), (parse_time, parse_int))},
    where=_OF_ALIVE,
)


async def groups_by_ids(
    main: Postgres, viewer: Viewer, ids: Sequence[UUID]
) -> list[GroupRecord | None]:
    """The groups with these ids, in order; None where there is none or the viewer is nobody."""
    if viewer.user_id is None:
        return [None] * len(ids)
    found = {row[0]: GroupRecord(*row) for row in await main.fetch(_BY_IDS, ids=list(ids))}
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
    return await _LIST.pages(main, _G.product_id, product_ids, query)


async def groups_by_members(
    main: Postgres, viewer: Viewer, user_ids: Sequence[int], query: ListQuery
) -> list[Page[GroupRecord]]:
    """The same page of the groups that each user belongs to; empty for an anonymous viewer.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    if viewer.user_id is None:
        return [Page.empty() for _ in user_ids]
    return await _OF_MEMBERS.pages(main, _M.user_id, user_ids, query)


async def groups_by_parents(
    main: Postgres, viewer: Viewer, parent_ids: Sequence[UUID], query: ListQuery
) -> list[Page[GroupRecord]]:
    """The same page of the groups below each group; empty for an anonymous viewer.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    if viewer.user_id is None:
        return [Page.empty() for _ in parent_ids]
    return await _LIST.pages(main, _G.parent_id, parent_ids, query)


async def members_by_groups(
    main: Postgres, viewer: Viewer, group_ids: Sequence[UUID], query: ListQuery
) -> list[Page[MemberRecord]]:
    """The same page of each group's members; empty for an anonymous viewer.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    if viewer.user_id is None:
        return [Page.empty() for _ in group_ids]
    return await _MEMBERS.pages(main, _M.group_id, group_ids, query)


async def member_counts(main: Postgres, viewer: Viewer, group_ids: Sequence[UUID]) -> list[int]:
    """How many belong to each group, in order; 0 for an anonymous viewer."""
    if viewer.user_id is None:
        return [0] * len(group_ids)
    counts: dict[UUID, int] = {
        row[0]: row[1] for row in await main.fetch(_COUNTS, ids=list(group_ids))
    }
    return [counts.get(i, 0) for i in group_ids]


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
    rows = await main.fetch(_MEMBERSHIPS, ids=group_ids, users=user_ids)
    found = {(row[0], row[1]): MemberRecord(*row) for row in rows}
    return [found.get(pair) for pair in pairs]


async def list_groups(main: Postgres, viewer: Viewer, query: ListQuery) -> Page[GroupRecord]:
    """A page of all groups. Filters: `product` (its id), `name_contains` (in either case).

    Raises:
        Unauthenticated: Nobody is signed in.
        InvalidCursor: The cursor is of another list.
    """
    viewer.require()
    return await _LIST.page(main, query)
