"""One-time codes: how they are made, limited and guessed at, whatever they are to permit."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid
from app.limits import Rate
from app.users.accounts import Accounts
from app.users.models import UserVerification, VerificationSource
from app.viewer import Origin

DIGITS = 8
LIFETIME = timedelta(minutes=5)
MAX_ATTEMPTS = 5
GUESSES = 5  # for each code that an account or address may ask for

_WINDOW = 900  # seconds
_DAY = 86_400
_CLIENTS = 4  # budgets of one client that an account has for all of them
_WINDOWS = 3  # budgets of a window in a day
_MAX_EMAIL = 254

_V = UserVerification.__table__.c


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


def wrong_code() -> Invalid:
    """What is answered to every code that does not hold."""
    return Invalid("This code does not hold; ask for a new one.", field=["input", "code"])


def _hash(accounts: Accounts, key: UUID, subject: bytes, code: str) -> bytes:
    return accounts.tokens.mac("code", key, subject.hex(), code)


def _asker(accounts: Accounts, origin: Origin) -> bytes:
    return accounts.tokens.mac("asker", origin.network)
