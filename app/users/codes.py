"""Signing up and in by a one-time code.

Nothing in an answer, its content or its time, tells whether an address has an account: a row is
written for every request and an attempt is counted for every guess. Mail goes in the background.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import LargeBinary, Uuid, and_, bindparam, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid, Required
from app.limits import Rate
from app.once import check_client_key
from app.sealing import Keyring
from app.stores.postgres import Read
from app.text import clean_text
from app.users.accounts import Accounts
from app.users.grants import (
    Grant,
    derived_token,
    grant,
    hash_of,
    keep_refresh_token,
)
from app.users.models import (
    Platform,
    Token,
    User,
    UserRole,
    UserSession,
    UserStatus,
    UserVerification,
    VerificationAction,
    VerificationSource,
)
from app.users.personal import email_index, sealed
from app.users.starting import Account, Device, start_session
from app.viewer import Origin

DIGITS = 8
LIFETIME = timedelta(minutes=5)
MAX_ATTEMPTS = 5
MAX_NAME = 120  # characters
MAX_DEVICE = 80

_WINDOW = 900  # seconds
_DAY = 86_400
GUESSES = 5  # for each code that an account or address may ask for
_CLIENTS = 4  # budgets of one client that an account has for all of them
_WINDOWS = 3  # budgets of a window in a day
_MAX_EMAIL = 254

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


@dataclass(frozen=True, slots=True)
class Made:
    """A code that was made; one that was not `is_new` has been sent, and is not known any more."""

    code: str
    expires_at: datetime
    is_new: bool


async def make_code(
    tx: AsyncConnection,
    accounts: Accounts,
    origin: Origin,
    subject: bytes,
    client_key: str,
    *,
    permitted: bool,
    **columns: Any,
) -> Made:
    """A code for a subject, or the one that the same client key has made.

    Args:
        tx: A transaction on the auth database.
        accounts: The keys.
        origin: Who asks.
        subject: What the code is looked up by.
        client_key: The client's.
        permitted: Whether it is sent to anybody; else no code fits what is stored.
        columns: Whose it is, and for what.
    """
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    key = UUID(bytes=accounts.tokens.mac("verification", subject.hex(), client_key)[:16], version=4)
    # What nobody was sent has a hash that no code has.
    stored = _hash(accounts, key, subject, code) if permitted else secrets.token_bytes(32)
    made = insert(UserVerification).values(
        id=key,
        subject=subject,
        asker=_asker(accounts, origin),
        otp_hash=stored,
        verification_source=VerificationSource.EMAIL,
        expire_at=func.now() + LIFETIME,
        **columns,
    )
    expires_at = await tx.scalar(made.on_conflict_do_nothing().returning(_V.expire_at))
    is_new = expires_at is not None
    if not is_new:
        expires_at = await tx.scalar(select(_V.expire_at).where(_V.id == key))
    return Made(code, cast("datetime", expires_at), is_new)


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


def clean_email(value: str) -> str:
    """The address in its normal form.

    Raises:
        Invalid: It is none.
    """
    field = ["input", "email"]
    try:
        found = validate_email(value[: _MAX_EMAIL + 1], check_deliverability=False)
    except EmailNotValidError:
        raise Invalid("This is not an email address.", field=field) from None
    return found.normalized


def clean_code(code: str) -> str:
    """The digits of a code as somebody typed it.

    Raises:
        Invalid: They are none, or not as many as a code has.
    """
    typed = "".join(character for character in code if character not in " -")
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdigit()):
        raise Invalid(f"A code has {DIGITS} digits.", field=["input", "code"])
    return typed


async def limit_codes(
    accounts: Accounts, origin: Origin, email: str, what: str, factor: int
) -> None:
    """Count a code that is asked for, or a guess at one.

    Raises:
        RateLimited: There were too many for this address, by this client or in total.
    """
    settings, limiter = accounts.settings, accounts.limiter
    account = accounts.tokens.mac("account", email.lower()).hex()
    pair = accounts.tokens.mac("pair", email.lower(), origin.network).hex()
    own = factor * settings.code_limit_account
    for rate, key in (
        (Rate(f"{what}:address", factor * settings.code_limit_address, _WINDOW), origin.network),
        # A client's own first: what it is refused uses up nothing of the account's.
        (Rate(f"{what}:pair", own, _WINDOW), pair),
        (Rate(f"{what}:pair-day", _WINDOWS * own, _DAY), pair),
        (Rate(f"{what}:account", _CLIENTS * own, _WINDOW), account),
        # Guessing day after day must not get anywhere either.
        (Rate(f"{what}:day", _CLIENTS * _WINDOWS * own, _DAY), account),
        (Rate(f"{what}:all", factor * settings.code_limit_total, 60), "all"),
    ):
        await limiter.hit(rate, key)


def _check_platform(accounts: Accounts, platform: Platform) -> None:
    if platform not in accounts.settings.platforms:
        raise Invalid("This server does not serve that platform.", field=["input", "platform"])


def _subject(accounts: Accounts, email: str, wanted: Wanted) -> bytes:
    parts = (email.lower(), wanted.action.value, wanted.platform.value)
    return accounts.tokens.mac("subject", *parts)


def _hash(accounts: Accounts, key: UUID, subject: bytes, code: str) -> bytes:
    return accounts.tokens.mac("code", key, subject.hex(), code)


def _asker(accounts: Accounts, origin: Origin) -> bytes:
    return accounts.tokens.mac("asker", origin.network)


async def guess(
    tx: AsyncConnection, accounts: Accounts, origin: Origin, subject: bytes, typed: str
) -> tuple[UUID, int | None] | None:
    """The code that somebody has guessed and whose it is; None if none. An attempt is counted.

    It may be the newest, or the newest for which this client asked. The second holds whatever
    strangers ask for and guess meanwhile; the first lets its owner change networks.
    """
    is_asker = _V.asker == _asker(accounts, origin)
    alive = (_V.subject == subject, _V.expire_at > func.now())
    latest = select(_V.id).where(*alive).order_by(_V.created_at.desc(), _V.id).limit(1)
    # One statement, whose row locks let parallel guesses count one after the other; they are
    # taken in one order, so that none wait for each other.
    ids = (latest.scalar_subquery(), latest.where(is_asker).scalar_subquery())
    locked = select(_V.id).where(_V.id.in_(ids)).order_by(_V.id).with_for_update().cte()
    counts = case((is_asker, _V.attempts), else_=_V.attempts_elsewhere)
    counted = (
        update(UserVerification)
        .where(_V.id.in_(select(locked.c.id)), counts < MAX_ATTEMPTS)
        .values(
            attempts=_V.attempts + case((is_asker, 1), else_=0),
            attempts_elsewhere=_V.attempts_elsewhere + case((is_asker, 0), else_=1),
        )
        .returning(_V.id, _V.user_id, _V.otp_hash)
    )
    for row in await tx.execute(counted):
        if hmac.compare_digest(row.otp_hash, _hash(accounts, row.id, subject, typed)):
            return row.id, row.user_id
    return None


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


def wrong_code() -> Invalid:
    """What is answered to every code that does not hold."""
    return Invalid("This code does not hold; ask for a new one.", field=["input", "code"])


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
