"""Reads of accounts: the profiles, which everybody signed in sees."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, any_, bindparam, select

from app.listing import Listing, Order
from app.paging import ListQuery, Page, parse_int, parse_text, parse_time
from app.stores.matching import begins_with, contains
from app.stores.postgres import Postgres, Read
from app.users.models import User
from app.viewer import Viewer


@dataclass(slots=True)
class UserRecord:
    """A user's profile, as every signed-in viewer may see it."""

    id: int
    public_id: UUID
    name: str
    username: str | None
    first_name: str | None
    last_name: str | None
    profile_image_url: str | None
    subscription_tier: str
    status: str
    role: str
    registration_platform: str
    is_online: bool
    last_seen_at: datetime | None
    is_active: bool
    profile: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


class UserOrder(StrEnum):
    """The orders of the list of users."""

    CREATED_AT = "created_at"
    NAME = "name"


_COLUMNS = [User.__table__.c[f.name] for f in fields(UserRecord)]
_ALIVE = User.deleted_at.is_(None)


_BY_IDS = Read(
    select(*_COLUMNS).where(User.id == any_(bindparam("ids", type_=ARRAY(Integer))), _ALIVE)
)
_NAMED = Read(
    select(User.id).where(
        User.id == any_(bindparam("ids", type_=ARRAY(Integer))),
        contains(User.__table__.c.name, "part").seen,
        _ALIVE,
    )
)
_BY_PUBLIC_IDS = Read(
    select(*_COLUMNS).where(User.public_id == any_(bindparam("ids", type_=ARRAY(Uuid))), _ALIVE)
)

_NAME_BEGINS = begins_with(User.__table__.c.name, "name_prefix")
_LIST = Listing(
    columns=_COLUMNS,
    build=UserRecord,
    orders={
        UserOrder.CREATED_AT: Order(
            (User.__table__.c.created_at, User.__table__.c.id), (parse_time, parse_int)
        ),
        UserOrder.NAME: Order(
            (User.__table__.c.name, User.__table__.c.id), (parse_text, parse_int)
        ),
    },
    filters={
        "role": User.role == bindparam("role"),
        "name_prefix": _NAME_BEGINS.seen,
    },
    matches={"name_prefix": _NAME_BEGINS},
    where=(_ALIVE,),
)


async def users_by_ids(
    auth: Postgres, viewer: Viewer, ids: Sequence[int]
) -> list[UserRecord | None]:
    """The profiles of these users, in order; None where there is none or the viewer is nobody."""
    if viewer.user_id is None:
        return [None] * len(ids)
    found = {row[0]: UserRecord(*row) for row in await auth.fetch(_BY_IDS, ids=list(ids))}
    return [found.get(i) for i in ids]


async def users_named(auth: Postgres, viewer: Viewer, ids: Sequence[int], part: str) -> set[int]:
    """Those of these users in whose name this is, in either case.

    Raises:
        Unauthenticated: Nobody is signed in.
    """
    viewer.require()
    return {row[0] for row in await auth.fetch(_NAMED, ids=list(ids), part=part)}


async def users_by_public_ids(
    auth: Postgres, viewer: Viewer, ids: Sequence[UUID]
) -> list[UserRecord | None]:
    """As `users_by_ids`, by public id."""
    if viewer.user_id is None:
        return [None] * len(ids)
    found = {row[1]: UserRecord(*row) for row in await auth.fetch(_BY_PUBLIC_IDS, ids=list(ids))}
    return [found.get(i) for i in ids]


async def list_users(auth: Postgres, viewer: Viewer, query: ListQuery) -> Page[UserRecord]:
    """A page of the users.

    Raises:
        Unauthenticated: Nobody is signed in.
        InvalidCursor: The cursor is of another list.
    """
    viewer.require()
    return await _LIST.page(auth, query)
