"""What admins do with service accounts: make them, and give them keys."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.audit.models import AUTH, AuthClientRequest
from app.errors import Conflict, Forbidden, Invalid
from app.ids import new_id
from app.once import once, remember
from app.text import clean_text
from app.users.accounts import Accounts
from app.users.commands import lock_account
from app.users.keys import make_key, proof_of, shown_of
from app.users.models import MAX_NAME, Platform, User, UserRole, UserSession, UserStatus
from app.users.personal import sealed
from app.users.starting import MAX_DEVICE, Account, Device, start_session
from app.viewer import NOWHERE, Viewer

MAX_KEYS = 5  # of one account: an old one and a new one while it changes, and some in reserve
# How long a retry is told a key again: an answer that is lost is asked for soon.
REPEATED = timedelta(minutes=10)

_U = User.__table__.c
_S = UserSession.__table__.c


@dataclass(frozen=True, slots=True)
class NewService:
    """What an admin says of a new service account."""

    name: str
    platform: Platform


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made.

    Attributes:
        user: The public id of the account whose it is.
        session_id: What it is found and revoked by.
        key: The key itself; None for a retry that comes too late.
    """

    user: UUID
    session_id: UUID
    key: str | None


async def create_service_account(
    accounts: Accounts, viewer: Viewer, new: NewService, *, client_key: str
) -> NewKey:
    """Make an account for a program, with a first key.

    Raises:
        Unauthenticated: Nobody is signed in.
        Forbidden: The viewer is no admin.
        Invalid, Required, TooLong: A value breaks its rule.
        ClientKeyReused: The key came before for another one.
    """
    viewer.require()
    name = clean_text(new.name, field=["input", "name"], max_length=MAX_NAME)
    if new.platform not in accounts.settings.platforms:
        raise Invalid("This server does not serve that platform.", field=["input", "platform"])
    operation = "serviceAccountCreate"
    async with accounts.auth.begin() as tx:
        body = [name, new.platform]
        done = await once(tx, viewer, operation, client_key, body, requests=AuthClientRequest)
        if done is not None:
            return await _given_before(tx, accounts, done, client_key)
        await _require_admin(tx, viewer)
        public_id = new_id()
        values = {
            "public_id": public_id,
            "name": name,
            # Where no mail goes (RFC 2606), and no code.
            **sealed(accounts.keyring, public_id, {"email": f"{public_id}@service.invalid"}),
            "role": UserRole.SERVICE,
            "status": UserStatus.VERIFIED,
            "registration_platform": new.platform,
        }
        user_id = (await tx.execute(insert(User).values(values).returning(_U.id))).scalar_one()
        after = {"role": UserRole.SERVICE}
        await record(tx, viewer, operation, "User", public_id, after=after, trail=AUTH)
        account = Account(user_id, public_id, UserRole.SERVICE)
        made = await _make(
            tx,
            accounts,
            viewer,
            account,
            platform=new.platform,
            name=None,
            operation=operation,
            client_key=client_key,
        )
    await accounts.guard.began(made.session_id)
    return made


async def create_service_key(
    accounts: Accounts, viewer: Viewer, user: UUID, name: str | None, *, client_key: str
) -> NewKey:
    """Give a service account one more key: to rotate, revoke the old one when it is not used.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such user.
        Forbidden: The viewer is no admin.
        Conflict: The user is no service account, is locked out, or has keys enough.
        Invalid, Required, TooLong: The name breaks its rule.
        ClientKeyReused: The key came before for another one.
    """
    viewer.require()
    if name is not None:
        name = clean_text(name, field=["input", "name"], max_length=MAX_DEVICE)
    operation = "serviceKeyCreate"
    async with accounts.auth.begin() as tx:
        body = [user, name]
        done = await once(tx, viewer, operation, client_key, body, requests=AuthClientRequest)
        if done is not None:
            return await _given_before(tx, accounts, done, client_key)
        row = await lock_account(tx, viewer, user)
        if row.role is not UserRole.SERVICE:
            raise Conflict("Only service accounts have keys.", field=["userId"])
        if not row.is_active:
            raise Conflict("This account is locked out.", field=["userId"])
        open_ones = select(func.count()).where(_S.user_id == row.id, _S.ended_at.is_(None))
        if (await tx.execute(open_ones)).scalar_one() >= MAX_KEYS:
            raise Conflict(f"A service account has at most {MAX_KEYS} keys.", field=["userId"])
        account = Account(row.id, user, UserRole.SERVICE)
        made = await _make(
            tx,
            accounts,
            viewer,
            account,
            platform=row.registration_platform,
            name=name,
            operation=operation,
            client_key=client_key,
        )
    await accounts.guard.began(made.session_id)
    return made


async def _make(
    tx: AsyncConnection,
    accounts: Accounts,
    viewer: Viewer,
    account: Account,
    *,
    platform: Platform,
    name: str | None,
    operation: str,
    client_key: str,
) -> NewKey:
    session_id = new_id()
    key = make_key(accounts.tokens, session_id, client_key)
    device = Device(name or shown_of(key))
    await start_session(
        tx,
        account,
        platform,
        origin=NOWHERE,
        device=device,
        key=proof_of(key),
        session_id=session_id,
    )
    after = {"user": account.public_id}
    await record(tx, viewer, operation, "Session", session_id, after=after, trail=AUTH)
    done = f"{account.public_id} {session_id}"
    await remember(tx, viewer, operation, client_key, done, requests=AuthClientRequest)
    return NewKey(account.public_id, session_id, key)


async def _given_before(
    tx: AsyncConnection, accounts: Accounts, done: str, client_key: str
) -> NewKey:
    user, session_id = map(UUID, done.split())
    key = make_key(accounts.tokens, session_id, client_key)
    fresh = select(_S.id).where(
        _S.session_id == proof_of(key),  # not if the server's secret has changed since
        _S.ended_at.is_(None),
        _S.started_at > func.now() - REPEATED,
    )
    known = (await tx.execute(fresh)).first() is not None
    return NewKey(user, session_id, key if known else None)


async def _require_admin(tx: AsyncConnection, viewer: Viewer) -> None:
    """That the viewer is an admin now, and stays one until the transaction ends."""
    mine = select(_U.id).where(
        _U.id == viewer.user_id, _U.role == UserRole.ADMIN, _U.is_active, _U.deleted_at.is_(None)
    )
    is_admin = (await tx.execute(mine.with_for_update(read=True))).first() is not None
    if viewer.role != UserRole.ADMIN or not is_admin:
        raise Forbidden("Only admins make service accounts and their keys.")
