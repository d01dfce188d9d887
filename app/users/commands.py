"""What admins decide about accounts: whether they are in use, and what they may do."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.audit.models import AUTH, AuthClientRequest
from app.errors import Conflict, Forbidden, NotFound
from app.once import once, remember
from app.text import clean_text
from app.users.accounts import Accounts
from app.users.following import tell_account
from app.users.guard import Ending
from app.users.models import SessionEnd, User, UserRole, UserSession
from app.users.queries import UserRecord, users_by_public_ids
from app.viewer import Viewer

MAX_REASON = 500  # characters

_U = User.__table__.c
_S = UserSession.__table__.c
_COLUMNS = (_U.id, _U.public_id, _U.role, _U.is_active, _U.registration_platform)
_FIELD = ["userId"]
_Account = Row[Any, Any, Any, Any, Any]  # those columns


@dataclass(frozen=True, slots=True)
class _Decision:
    """What is to become of an account, and why.

    Attributes:
        operation: The mutation's name.
        values: By column.
        reason: In an admin's words, for the audit.
        end: Why open sessions end; None if they go on.
    """

    operation: str
    values: dict[str, Any]
    reason: str | None = None
    end: SessionEnd | None = None


async def deactivate_user(
    accounts: Accounts, viewer: Viewer, public_id: UUID, reason: str, *, client_key: str
) -> UserRecord:
    """Lock somebody out: all of their sessions end, and they cannot sign in.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such user.
        Forbidden: The viewer is no admin.
        Conflict: They would lock themselves out.
        Required, TooLong, Invalid: The reason breaks its rule.
        ClientKeyReused: The key came before for something else.
    """
    reason = clean_text(reason, field=["input", "reason"], max_length=MAX_REASON, multiline=True)
    decision = _Decision("userDeactivate", {"is_active": False}, reason, SessionEnd.DEACTIVATED)
    return await _decide(accounts, viewer, public_id, decision, client_key)


async def reactivate_user(
    accounts: Accounts, viewer: Viewer, public_id: UUID, *, client_key: str
) -> UserRecord:
    """Let somebody sign in again.

    Raises:
        Unauthenticated, NotFound, Forbidden, ClientKeyReused: See `deactivate_user`.
    """
    decision = _Decision("userReactivate", {"is_active": True})
    return await _decide(accounts, viewer, public_id, decision, client_key)


async def change_role(
    accounts: Accounts, viewer: Viewer, public_id: UUID, role: UserRole, *, client_key: str
) -> UserRecord:
    """Let somebody do more, or less; they sign in anew.

    Raises:
        Unauthenticated, NotFound, Forbidden, ClientKeyReused: See `deactivate_user`.
        Conflict: They are the viewer themselves, or the role is a service account's.
    """
    decision = _Decision("userRoleChange", {"role": role}, end=SessionEnd.ROLE_CHANGED)
    return await _decide(accounts, viewer, public_id, decision, client_key)


async def _decide(
    accounts: Accounts, viewer: Viewer, public_id: UUID, decision: _Decision, client_key: str
) -> UserRecord:
    viewer.require()
    operation, body = decision.operation, [public_id, decision.values, decision.reason]
    endings: list[Ending] = []
    async with accounts.auth.begin() as tx:
        if await once(tx, viewer, operation, client_key, body, requests=AuthClientRequest) is None:
            user = await lock_account(tx, viewer, public_id)
            role = decision.values.get("role", user.role)
            if role is not user.role and UserRole.SERVICE in (role, user.role):
                raise Conflict("A service account is one for ever.", field=["input", "role"])
            if any(getattr(user, name) != value for name, value in decision.values.items()):
                endings = await _apply(tx, viewer, user, decision)
            await remember(tx, viewer, operation, client_key, public_id, requests=AuthClientRequest)
    await accounts.guard.ended(endings)
    (found,) = await users_by_public_ids(accounts.auth, viewer, [public_id])
    if found is None:  # a retry, long after
        raise _no_user()
    return found


async def _apply(
    tx: AsyncConnection, viewer: Viewer, user: _Account, decision: _Decision
) -> list[Ending]:
    """Change an account; the sessions that the database's trigger ends with that."""
    going_on = select(_S.id).where(_S.user_id == user.id, _S.ended_at.is_(None))
    open_ones = () if decision.end is None else await tx.scalars(going_on)
    endings = [(i, str(decision.end)) for i in open_ones]
    await tx.execute(update(User).where(_U.id == user.id).values(**decision.values))
    reason = {} if decision.reason is None else {"reason": decision.reason}
    await record(
        tx,
        viewer,
        decision.operation,
        "User",
        user.public_id,
        before={name: getattr(user, name) for name in decision.values},
        after=decision.values | reason,
        trail=AUTH,
    )
    tell_account(tx, user.id, is_profile=True)
    return endings


async def lock_account(tx: AsyncConnection, viewer: Viewer, public_id: UUID) -> _Account:
    """An account to decide about, locked, if the viewer is an admin now and it is another's.

    All admins are locked, in one order: of two who take the role from each other at once the
    second is none any more. So nobody takes it from the last one.

    Raises:
        NotFound, Forbidden, Conflict: See `deactivate_user`.
    """
    known = select(*_COLUMNS).where(
        or_(_U.public_id == public_id, _U.role == UserRole.ADMIN), _U.deleted_at.is_(None)
    )
    rows = (await tx.execute(known.order_by(_U.id).with_for_update(key_share=True))).all()
    user = next((row for row in rows if row.public_id == public_id), None)
    if user is None:
        raise _no_user()
    admins = {row.id for row in rows if row.role is UserRole.ADMIN and row.is_active}
    if viewer.role != UserRole.ADMIN or viewer.user_id not in admins:
        raise Forbidden("Only admins decide about accounts.", field=_FIELD)
    if user.id == viewer.user_id:
        raise Conflict("Nobody decides about their own account: ask another admin.", field=_FIELD)
    return user


def _no_user() -> NotFound:
    return NotFound("There is no such user.", field=_FIELD)
