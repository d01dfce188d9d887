"""Starting a session, whatever proved who it is."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ids import new_id
from app.users.following import tell_account
from app.users.models import DeviceType, UserSession
from app.viewer import Origin

MAX_DEVICE = 80  # characters of its name

_MAX_USER_AGENT = 300  # characters


@dataclass(frozen=True, slots=True)
class Device:
    """What somebody signs in on, in their words."""

    name: str | None = None
    type: DeviceType | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """To whom tokens are given: the columns of `users` that they take."""

    user_id: int
    public_id: UUID
    role: str


async def start_session(
    tx: AsyncConnection,
    account: Account,
    platform: str,
    *,
    origin: Origin,
    device: Device,
    key: str,
    session_id: UUID | None = None,
) -> UUID:
    """A new session, in the transaction that proves who it is.

    Args:
        tx: A transaction on the auth database.
        account: Who signs in.
        platform: Through what.
        origin: From where.
        device: On what.
        key: What proves it: there is one session for each.
        session_id: Its id, where that must follow from something; else a new one.
    """
    session_id = session_id or new_id()
    details = {"platform": platform} | ({"device": device.name} if device.name else {})
    await tx.execute(
        insert(UserSession).values(
            id=session_id,
            user_id=account.user_id,
            session_id=key,
            ip_address=origin.address,
            user_agent=origin.user_agent[:_MAX_USER_AGENT] if origin.user_agent else None,
            device_type=device.type,
            extra=details,
        )
    )
    tell_account(tx, account.user_id)
    return session_id
