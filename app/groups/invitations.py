"""Reads of invitations: for whom they are for, and for the owner and admins of the group."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Uuid,
    any_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from app.groups.models import (
    Group,
    GroupInvitation,
    GroupInvitationLink,
    GroupMember,
    GroupRole,
)
from app.listing import Listing, Order
from app.paging import ListQuery, Page, parse_time, parse_uuid
from app.stores.postgres import Postgres, Read
from app.viewer import Viewer


@dataclass(slots=True)
class InvitationRecord:
    """That a user is invited to a group."""

    id: UUID
    group_id: UUID
    user_id: int
    inviter_id: int
    created_at: datetime
    expires_at: datetime
    answer: str | None

    @property
    def state(self) -> "InvitationState":
        """How far it is, as of now."""
        if self.answer is not None:
            return InvitationState(self.answer)
        is_over = self.expires_at <= datetime.now(UTC)
        return InvitationState.EXPIRED if is_over else InvitationState.OPEN


@dataclass(slots=True)
class LinkRecord:
    """That whoever has a token may join a group; the token itself is in no store."""

    id: UUID
    group_id: UUID
    creator_id: int
    max_uses: int | None
    uses: int
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class InvitationState(StrEnum):
    """How far an invitation is."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REVOKED = "revoked"
    EXPIRED = "expired"


class InvitationOrder(StrEnum):
    """The orders of a list of invitations."""

    CREATED_AT = "created_at"


_I = GroupInvitation.__table__.c
_L = GroupInvitationLink.__table__.c
COLUMNS = [_I[f.name] for f in fields(InvitationRecord)]
LINK_COLUMNS = [_L[f.name] for f in fields(LinkRecord)]
_WANTED = any_(bindparam("ids", type_=ARRAY(Uuid)))


def _managed(group_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """That the viewer is owner or admin of a group, which is not deleted."""
    return exists().where(
        GroupMember.group_id == group_id,
        GroupMember.user_id == bindparam("manager"),
        GroupMember.role != literal_column(f"'{GroupRole.MEMBER}'"),
        Group.id == group_id,
        Group.deleted_at.is_(None),
    )


_IS_OPEN = (_I.answer.is_(None), _I.expires_at > func.now())
_BY_IDS = Read(
    select(*COLUMNS).where(
        _I.id == _WANTED, or_(_I.user_id == bindparam("manager"), _managed(_I.group_id))
    )
)
_LINKS_BY_IDS = Read(select(*LINK_COLUMNS).where(_L.id == _WANTED, _managed(_L.group_id)))
_LIST = Listing(
    columns=COLUMNS,
    build=InvitationRecord,
    orders={
        InvitationOrder.CREATED_AT: Order((_I.created_at, _I.id), (parse_time, parse_uuid)),
    },
    filters={"manager": _managed(_I.group_id)},
    where=_IS_OPEN,
)
_LINKS = Listing(
    columns=LINK_COLUMNS,
    build=LinkRecord,
    orders={
        InvitationOrder.CREATED_AT: Order((_L.created_at, _L.id), (parse_time, parse_uuid)),
    },
    filters={"manager": _managed(_L.group_id)},
    where=(_L.revoked_at.is_(None), _L.expires_at > func.now()),
)


async def invitations_by_ids(
    main: Postgres, viewer: Viewer, ids: Sequence[UUID]
) -> list[InvitationRecord | None]:
    """These invitations, in order; None where it is neither the viewer's nor theirs to give."""
    if viewer.user_id is None:
        return [None] * len(ids)
    rows = await main.fetch(_BY_IDS, ids=list(ids), manager=viewer.user_id)
    found = {row[0]: InvitationRecord(*row) for row in rows}
    return [found.get(i) for i in ids]


async def invitations_by_users(
    main: Postgres, viewer: Viewer, user_ids: Sequence[int], query: ListQuery
) -> list[Page[InvitationRecord]]:
    """The same page of each user's open invitations; empty for everybody but the viewer.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    return await _LIST.own_pages(main, _I.user_id, user_ids, query, me=viewer.user_id)


async def invitations_by_groups(
    main: Postgres, viewer: Viewer, group_ids: Sequence[UUID], query: ListQuery
) -> list[Page[InvitationRecord]]:
    """The same page of each group's open invitations; empty where the viewer does not manage it.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    return await _LIST.pages(main, _I.group_id, group_ids, _for_managers(viewer, query))


async def links_by_ids(
    main: Postgres, viewer: Viewer, ids: Sequence[UUID]
) -> list[LinkRecord | None]:
    """These links, in order; None where the viewer does not manage the group."""
    if viewer.user_id is None:
        return [None] * len(ids)
    rows = await main.fetch(_LINKS_BY_IDS, ids=list(ids), manager=viewer.user_id)
    found = {row[0]: LinkRecord(*row) for row in rows}
    return [found.get(i) for i in ids]


async def links_by_groups(
    main: Postgres, viewer: Viewer, group_ids: Sequence[UUID], query: ListQuery
) -> list[Page[LinkRecord]]:
    """The same page of each group's links that hold; empty where the viewer does not manage it.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    return await _LINKS.pages(main, _L.group_id, group_ids, _for_managers(viewer, query))


def _for_managers(viewer: Viewer, query: ListQuery) -> ListQuery:
    return replace(query, filters=(*query.filters, ("manager", viewer.user_id)))
