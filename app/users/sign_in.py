"""Signing up and in by a one-time code.

Nothing in an answer, its content or its time, tells whether an address has an account: a row is
written for every request and an attempt is counted for every guess. Mail goes in the background.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import LargeBinary, Uuid, and_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid, Required
from app.once import check_client_key
from app.sealing import Keyring
from app.stores.postgres import Read
from app.text import clean_text
from app.users.accounts import Accounts
from app.users.grants import Grant, derived_token, grant, hash_of, keep_refresh_token
from app.users.models import (
    MAX_NAME,
    Platform,
    Token,
    User,
    UserRole,
    UserSession,
    UserStatus,
    UserVerification,
    VerificationAction,
)
from app.users.one_time_codes import (
    GUESSES,
    LIFETIME,
    clean_code,
    clean_email,
    guess,
    limit_codes,
    make_code,
    wrong_code,
)
from app.users.personal import email_index, sealed
from app.users.starting import MAX_DEVICE, Account, Device, start_session
from app.viewer import Origin

_U = User.__table__.c
_V = UserVerification.__table__.c
_IN_USE = (
    _U.is_active,
    _U.status != UserStatus.INACTIVE,
    _U.deleted_at.is_(None),
    _U.role != UserRole.SERVICE,
)
_ACCOUNT = Read(
    select(_U.id, and_(*_IN_USE), _U.status == UserStatus.VERIFIED).where(
        _U.email_index == bindparam("email", type_=LargeBinary)
    )
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a code is to permit, to whom."""

    email: str
    action: VerificationAction
    platform: Platform


async def request_code(
    accounts: Accounts, origin: Origin, wanted: Wanted, *, client_key: str
) -> datetime:
    """Send a code to an address, if it has an account to sign in to, or none yet to register.

    The same client key sends nothing twice. A new code takes the place of an earlier one.

    Returns:
        When the code expires, or would if there were one.

    Raises:
        Invalid: The address is not one, or the server serves other platforms.
        RateLimited: Too many codes for this address, this client or in total.
        StoreUnavailable: A store or the mail server cannot take it.
    """
    check_client_key(client_key)
    email = clean_email(wanted.email)
    _check_platform(accounts, wanted.platform)
    subject = _subject(accounts, email, wanted)
    await limit_codes(accounts, origin, email, "code", 1)
    accounts.mailer.require()
    rows = await accounts.auth.fetch(_ACCOUNT, email=email_index(accounts.keyring, email))
    user_id, in_use, proved = rows[0] if rows else (None, False, False)
    if wanted.action is VerificationAction.LOGIN:
        permitted = in_use
    else:
        permitted = user_id is None or (in_use and not proved)
    async with accounts.auth.begin() as tx:
        made = await make_code(
            tx,
            accounts,
            origin,
            subject,
            client_key,
            permitted=permitted,
            user_id=user_id if permitted else None,
            action_platform=wanted.platform,
            action=wanted.action,
        )
    if made.is_new and permitted:
        accounts.mailer.send(email, f"Your code: {made.code}", _code_text(made.code, wanted))
    elif made.is_new and in_use and wanted.action is VerificationAction.REGISTER:
        accounts.mailer.send(email, "You have an account", _KNOWN_TEXT)
    return made.expires_at


async def verify_code(
    accounts: Accounts,
    origin: Origin,
    wanted: Wanted,
    code: str,
    *,
    name: str | None,
    device: Device,
    client_key: str,
) -> Grant:
    """Use a code: sign in, or register and sign in.

    A code makes one session, whoever uses it at the same time; only a retry with the same client
    key gets the tokens of that session again.

    Raises:
        Invalid: The code is wrong, used, expired, superseded or guessed at too often: all alike.
        Required: A registration without a name.
        RateLimited: Too many guesses.
    """
    check_client_key(client_key)
    email = clean_email(wanted.email)
    name = _clean_name(name, wanted.action)
    device = _clean_device(device)
    typed = clean_code(code)
    subject = _subject(accounts, email, wanted)
    await limit_codes(accounts, origin, email, "guess", GUESSES)
    async with accounts.auth.begin() as tx:
        guessed = await guess(tx, accounts, origin, subject, typed)
    if guessed is None:
        raise wrong_code()
    key, user_id = guessed
    claim = accounts.tokens.mac("claim", key, client_key)
    refresh_token = derived_token(accounts.tokens, "code", key, client_key)
    async with accounts.auth.begin() as tx:
        won = (
            update(UserVerification)
            .where(_V.id == key, ~_V.verified)
            .values(verified=True, claim=claim)
        )
        if (await tx.execute(won.returning(_V.id))).first() is None:
            account, session_id = await _granted_before(tx, key, claim, refresh_token)
        else:
            account = await _account(tx, accounts.keyring, user_id, wanted, email=email, name=name)
            # One session for each code, by a constraint.
            session_id = await start_session(
                tx, account, wanted.platform, origin=origin, device=device, key=f"code:{key}"
            )
            await keep_refresh_token(
                tx,
                accounts,
                account,
                refresh_token,
                session_id=session_id,
                family_id=session_id,
                platform=wanted.platform,
            )
            await tx.execute(
                update(UserVerification).where(_V.id == key).values(user_id=account.user_id)
            )
    await accounts.guard.began(session_id)
    return grant(accounts, account, session_id, wanted.platform, refresh_token)


def _check_platform(accounts: Accounts, platform: Platform) -> None:
    if platform not in accounts.settings.platforms:
        raise Invalid("This server does not serve that platform.", field=["input", "platform"])


def _subject(accounts: Accounts, email: str, wanted: Wanted) -> bytes:
    parts = (email.lower(), wanted.action.value, wanted.platform.value)
    return accounts.tokens.mac("subject", *parts)


async def _account(
    tx: AsyncConnection,
    keyring: Keyring,
    user_id: int | None,
    wanted: Wanted,
    *,
    email: str,
    name: str | None,
) -> Account:
    columns = (_U.id, _U.public_id, _U.role)
    if user_id is None:
        # Registered meanwhile by another code: the address is proved either way.
        public_id = uuid4()
        made = insert(User).values(
            public_id=public_id,
            name=name or "Somebody",
            registration_platform=wanted.platform,
            **sealed(keyring, public_id, {"email": email}),
        )
        await tx.execute(made.on_conflict_do_nothing(index_elements=[_U.email_index]))
        whose = _U.email_index == email_index(keyring, email)
    else:
        # Whose address has changed since is not found by a code that went to the one before.
        whose = and_(_U.id == user_id, _U.email_index == email_index(keyring, email))
    # Nobody has proved an account before: what was written into it by a stranger goes.
    naming = {} if name is None else {"name": name}
    unproved = (whose, *_IN_USE, _U.status == UserStatus.NOT_VERIFIED)
    await tx.execute(update(User).where(*unproved).values(status=UserStatus.VERIFIED, **naming))
    seen = update(User).where(whose, *_IN_USE).values(last_login_at=func.now())
    row = (await tx.execute(seen.returning(*columns))).first()
    if row is None:
        raise wrong_code()
    return Account(row.id, row.public_id, row.role.value)


async def _granted_before(
    tx: AsyncConnection, key: UUID, claim: bytes, refresh_token: str
) -> tuple[Account, UUID]:
    sessions, tokens = UserSession.__table__.c, Token.__table__.c
    statement = (
        select(_U.id, _U.public_id, _U.role, sessions.id.label("session"))
        .join_from(Token, UserSession, tokens.session_id == sessions.id)
        .join(User, _U.id == sessions.user_id)
        .join(UserVerification, _V.id == bindparam("key", key, type_=Uuid))
        .where(
            _V.claim == claim,
            tokens.token_hash == hash_of(refresh_token),
            tokens.used_at.is_(None),
            tokens.revoked_at.is_(None),
            sessions.ended_at.is_(None),
        )
    )
    row = (await tx.execute(statement)).first()
    if row is None:
        raise wrong_code()
    return Account(row.id, row.public_id, row.role.value), row.session


def _clean_name(name: str | None, action: VerificationAction) -> str | None:
    field = ["input", "name"]
    if name is not None:
        return clean_text(name, field=field, max_length=MAX_NAME)
    if action is VerificationAction.REGISTER:
        raise Required("A registration needs a name.", field=field)
    return None


def _clean_device(device: Device) -> Device:
    if device.name is None:
        return device
    field = ["input", "deviceName"]
    return Device(clean_text(device.name, field=field, max_length=MAX_DEVICE), device.type)


def _code_text(code: str, wanted: Wanted) -> str:
    what = "sign in" if wanted.action is VerificationAction.LOGIN else "register"
    minutes = LIFETIME.seconds // 60
    return (
        f"Your code to {what} is {code}. It holds for {minutes} minutes.\n\n"
        "If you did not ask for it, somebody else has typed your address; do not pass it on.\n"
    )


_KNOWN_TEXT = (
    "Somebody tried to register with this address, which has an account already.\n\n"
    "If it was you, sign in instead. If not, there is nothing to do.\n"
)
