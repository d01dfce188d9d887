"""Refresh tokens: used once; the use of an old one ends the session, for it was stolen.

RFC 9700, section 4.14.2, with a grace: a client whose reply was lost asks again within seconds, and
gets the very successor that it should have got.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import SessionRevoked, Unauthenticated
from app.users.accounts import Accounts
from app.users.grants import (
    Grant,
    derived_token,
    grant,
    hash_of,
    keep_refresh_token,
)
from app.users.models import SessionEnd, Token, User, UserSession, UserStatus
from app.users.sessions import end_sessions
from app.users.starting import Account

GRACE = timedelta(seconds=10)
_MAX_LENGTH = 200  # characters

_T = Token.__table__.c
_S = UserSession.__table__.c
_U = User.__table__.c


async def refresh(accounts: Accounts, refresh_token: str) -> Grant:
    """New tokens for a refresh token, in one transaction however many use it at once.

    Raises:
        Unauthenticated: It is none, or it has expired, or its successor is in use already.
        SessionRevoked: Its session has ended; or ends now, because the token was used before.
    """
    if len(refresh_token) > _MAX_LENGTH:
        raise _invalid()
    successor = derived_token(accounts.tokens, "token", refresh_token)
    async with accounts.auth.begin() as tx:
        row = await _locked(tx, refresh_token)
        now = datetime.now(UTC)
        _check(accounts, row, now)
        is_stolen = row.used_at is not None and now - row.used_at > GRACE
        account = Account(row.user_id, row.public_id, row.role.value)
        if is_stolen:
            await end_sessions(
                tx, None, "authTokenRefresh", [row.session_id], SessionEnd.TOKEN_REUSED
            )
        elif row.used_at is not None:
            await _check_unused(tx, successor)
        else:
            await tx.execute(update(Token).where(_T.id == row.id).values(used_at=now))
            await keep_refresh_token(
                tx,
                accounts,
                account,
                successor,
                session_id=row.session_id,
                family_id=row.family_id,
                platform=row.platform_type,
            )
            await tx.execute(
                update(UserSession).where(_S.id == row.session_id).values(last_activity_at=now)
            )
    if is_stolen:
        await accounts.guard.ended([(row.session_id, SessionEnd.TOKEN_REUSED)])
        raise SessionRevoked(SessionEnd.TOKEN_REUSED)
    return grant(accounts, account, row.session_id, row.platform_type.value, successor)


async def _locked(tx: AsyncConnection, refresh_token: str) -> Any:
    # The session first, as everybody does who ends one.
    its_session = select(_T.session_id).where(_T.token_hash == hash_of(refresh_token))
    locked = select(_S.id).where(_S.id == its_session.scalar_subquery()).with_for_update()
    if (await tx.execute(locked)).first() is None:
        raise _invalid()
    statement = (
        select(
            *(_T.id, _T.session_id, _T.family_id, _T.platform_type, _T.expire_at, _T.used_at),
            _T.revoked_at,
            *(_S.ended_at, _S["metadata"]["end"].as_string().label("end")),
            *(_U.id.label("user_id"), _U.public_id, _U.role),
            *(_U.is_active, _U.status, _U.deleted_at),
        )
        .join_from(Token, UserSession, _T.session_id == _S.id)
        .join(User, _U.id == _T.user_id)
        .where(_T.token_hash == hash_of(refresh_token))
    )
    return (await tx.execute(statement)).one()


def _check(accounts: Accounts, row: Any, now: datetime) -> None:
    if row.ended_at is not None:
        raise SessionRevoked(row.end or SessionEnd.REVOKED)
    if not row.is_active or row.status is UserStatus.INACTIVE or row.deleted_at is not None:
        raise SessionRevoked(SessionEnd.DEACTIVATED)
    if row.revoked_at is not None:
        raise SessionRevoked(SessionEnd.REVOKED)
    if row.expire_at <= now or row.platform_type not in accounts.settings.platforms:
        raise _invalid()


async def _check_unused(tx: AsyncConnection, successor: str) -> None:
    # Two uses of the successor, one by whom the reply was lost to: neither is told more.
    unused = select(_T.id).where(_T.token_hash == hash_of(successor), _T.used_at.is_(None))
    if (await tx.execute(unused)).first() is None:
        raise _invalid()


def _invalid() -> Unauthenticated:
    return Unauthenticated("The refresh token does not hold; sign in again.")
