"""A user's sessions: which there are, and ending them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, any_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.audit.models import AUTH
from app.errors import NotFound
from app.listing import Listing, Order
from app.paging import ListQuery, Page, parse_time, parse_uuid
from app.stores.postgres import Postgres, Read
from app.users.accounts import Accounts
from app.users.following import tell_account
from app.users.keys import IS_KEY
from app.users.models import SessionEnd, Token, UserSession
from app.viewer import Viewer

_S = UserSession.__table__.c
_T = Token.__table__.c


@dataclass(slots=True)
class SessionRecord:
    """One sign-in that has not ended, as its user sees it."""

    id: UUID
    user_id: int
    device_name: str | None
    device_type: str | None
    platform: str | None
    address: object
    user_agent: str | None
    started_at: datetime
    last_activity_at: datetime


class SessionOrder(StrEnum):
    """The order of the list of sessions."""

    STARTED_AT = "started_at"


_COLUMNS = (
    _S.id,
    _S.user_id,
    _S["metadata"]["device"].as_string().label("device_name"),
    _S.device_type,
    _S["metadata"]["platform"].as_string().label("platform"),
    _S.ip_address,
    _S.user_agent,
    _S.started_at,
    _S.last_activity_at,
)
_OPEN = _S.ended_at.is_(None)
_ME = _S.user_id == bindparam("me", type_=Integer)
_BY_IDS = select(*_COLUMNS).where(_S.id == any_(bindparam("ids", type_=ARRAY(Uuid))), _OPEN)
_OWN, _KEYS_TOO = Read(_BY_IDS.where(_ME)), Read(_BY_IDS.where(or_(_ME, IS_KEY)))
_LIST = Listing(
    columns=_COLUMNS,
    build=SessionRecord,
    filters={
        "own": _S.user_id == bindparam("own", type_=Integer),
        "own_or_key": or_(IS_KEY, _S.user_id == bindparam("own_or_key", type_=Integer)),
    },
    orders={SessionOrder.STARTED_AT: Order((_S.started_at, _S.id), (parse_time, parse_uuid))},
    where=(_OPEN,),
)


async def sessions_by_ids(
    auth: Postgres, viewer: Viewer, ids: Sequence[UUID]
) -> list[SessionRecord | None]:
    """The open sessions of these that are the viewer's, or keys for an admin; None for others."""
    if viewer.user_id is None:
        return [None] * len(ids)
    read = _KEYS_TOO if viewer.is_admin else _OWN
    rows = await auth.fetch(read, ids=list(ids), me=viewer.user_id)
    found = {row[0]: SessionRecord(*row) for row in rows}
    return [found.get(i) for i in ids]


async def sessions_by_users(
    auth: Postgres, viewer: Viewer, user_ids: Sequence[int], query: ListQuery
) -> list[Page[SessionRecord]]:
    """A page of open sessions for each user: the viewer's own, and for an admin keys.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    me = viewer.user_id
    readable = [i for i in user_ids if i == me or viewer.is_admin]
    if not readable:
        return [Page.empty() for _ in user_ids]
    query = replace(query, filters=(("own_or_key" if viewer.is_admin else "own", me),))
    pages = await _LIST.pages(auth, _S.user_id, readable, query)
    found = dict(zip(readable, pages, strict=True))
    return [found.get(i) or Page.empty() for i in user_ids]


async def revoke_session(accounts: Accounts, viewer: Viewer, session_id: UUID) -> int:
    """End one of the viewer's sessions or, as an admin, a key; harmless if it has ended.

    Returns:
        Whose it was.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: It is not theirs to end.
    """
    me = viewer.require()
    async with accounts.auth.begin() as tx:
        known = select(_S.user_id, IS_KEY.label("is_key")).where(_S.id == session_id)
        row = (await tx.execute(known)).first()
        if row is None or not (row.user_id == me or (row.is_key and viewer.is_admin)):
            raise NotFound("There is no such session.", field=["sessionId"])
        await end_sessions(tx, viewer, "sessionRevoke", [session_id], SessionEnd.REVOKED)
    await accounts.guard.ended([(session_id, SessionEnd.REVOKED)])
    owner_id: int = row.user_id
    return owner_id


async def revoke_sessions(accounts: Accounts, viewer: Viewer, *, except_current: bool) -> None:
    """End all of the viewer's sessions, or all others.

    Raises:
        Unauthenticated: Nobody is signed in.
    """
    me = viewer.require()
    open_ones = select(_S.id).where(_S.user_id == me, _OPEN)
    if except_current and viewer.session_id is not None:
        open_ones = open_ones.where(_S.id != viewer.session_id)
    async with accounts.auth.begin() as tx:
        ids = list((await tx.execute(open_ones.with_for_update())).scalars())
        await end_sessions(tx, viewer, "sessionRevokeAll", ids, SessionEnd.REVOKED)
    await accounts.guard.ended([(i, SessionEnd.REVOKED) for i in ids])


async def end_sessions(
    tx: AsyncConnection,
    viewer: Viewer | None,
    action: str,
    session_ids: Sequence[UUID],
    reason: SessionEnd,
) -> None:
    """End sessions and void their refresh tokens; the caller tells the guard after the commit."""
    ended = (
        update(UserSession)
        .where(_S.id.in_(session_ids), _OPEN)
        .values(
            ended_at=func.greatest(func.clock_timestamp(), _S.started_at),
            extra=_S["metadata"].concat(func.jsonb_build_object("end", reason.value, type_=JSONB)),
        )
        .returning(_S.id, _S.user_id)
    )
    for session_id, user_id in (await tx.execute(ended)).all():
        tell_account(tx, user_id)
        await record(
            tx,
            viewer,
            action,
            "Session",
            session_id,
            before={"reason": None},
            after={"reason": reason.value},
            trail=AUTH,
        )
    await tx.execute(
        update(Token)
        .where(_T.session_id.in_(session_ids), _T.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )
