"""Changing the address that one signs in with: proved by a code that is sent to the new one.

Whether the new address has an account is told to nobody but who reads its mail.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.audit.models import AUTH, AuthClientRequest
from app.errors import Conflict, Forbidden, Invalid, Unauthenticated
from app.once import once, remember
from app.users.accounts import Accounts
from app.users.following import tell_account
from app.users.models import (
    Platform,
    SessionEnd,
    User,
    UserRole,
    UserSession,
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
from app.users.sessions import end_sessions
from app.viewer import Viewer

# How long ago one may have signed in: who finds an open session must not make it an account.
FRESH = timedelta(minutes=15)

_REQUEST, _CHANGE = "userEmailChangeRequest", "userEmailChange"
_FIELD = ["input", "email"]
_U = User.__table__.c
_S = UserSession.__table__.c
_V = UserVerification.__table__.c


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose address changes.

    Attributes:
        others: Their other open sessions.
    """

    public_id: UUID
    platform: Platform
    email: str
    others: list[UUID]


async def request_email_change(
    accounts: Accounts, viewer: Viewer, email: str, *, client_key: str
) -> datetime:
    """Send a code to an address that is to be the viewer's; to one with an account, a notice.

    Returns:
        When the code expires, or would if there were one.

    Raises:
        Unauthenticated: Nobody is signed in.
        Forbidden: They have not signed in within `FRESH`, or are a service account.
        Invalid: The address is not one, or theirs already.
        RateLimited: Too many codes for this address, this client or in total.
        ClientKeyReused: The key came before with another address.
        StoreUnavailable: A store or the mail server cannot take it.
    """
    me, email = viewer.require(), clean_email(email)
    subject = _subject(accounts, me, email)
    async with accounts.auth.begin() as tx:
        owner = await _owner(tx, accounts, viewer)
    if owner.email.lower() == email.lower():
        raise Invalid("This is your address already.", field=_FIELD)
    await limit_codes(accounts, viewer.origin, email, "code", 1)
    accounts.mailer.require()
    async with accounts.auth.begin() as tx:
        key = tx, viewer, _REQUEST, client_key
        done = await once(*key, subject.hex(), requests=AuthClientRequest)
        if done is not None:
            return datetime.fromisoformat(done)
        index = email_index(accounts.keyring, email)
        is_free = await tx.scalar(select(_U.id).where(_U.email_index == index)) is None
        made = await make_code(
            tx,
            accounts,
            viewer.origin,
            subject,
            client_key,
            permitted=is_free,
            user_id=me,
            action_platform=owner.platform,
            # What it permits is to sign in with this address from now on.
            action=VerificationAction.LOGIN,
        )
        await remember(*key, made.expires_at, requests=AuthClientRequest)
    if is_free:
        accounts.mailer.send(email, f"Your code: {made.code}", _code_text(made.code))
    else:
        accounts.mailer.send(email, "You have an account", _KNOWN_TEXT)
    return made.expires_at


async def change_email(
    accounts: Accounts, viewer: Viewer, email: str, code: str, *, client_key: str
) -> None:
    """Let the viewer sign in with the address that a code was sent to, and no longer with theirs.

    Their other sessions end, codes that went to the former address hold no longer, and it is told.

    Raises:
        Unauthenticated: Nobody is signed in.
        Forbidden: They have not signed in within `FRESH`, or are a service account.
        Invalid: The code is wrong, used, expired, superseded or guessed at too often: all alike.
        Conflict: Somebody else has proved the address meanwhile.
        RateLimited: Too many guesses.
        ClientKeyReused: The key came before with another address or code.
        StoreUnavailable: Retry with the same key.
    """
    me, email, typed = viewer.require(), clean_email(email), clean_code(code)
    subject = _subject(accounts, me, email)
    body = accounts.tokens.mac("email change", subject.hex(), typed).hex()
    await limit_codes(accounts, viewer.origin, email, "guess", GUESSES)
    owner: _Owner | None = None
    async with accounts.auth.begin() as tx:
        # Counted whatever comes of it: the key alone is forgotten with a wrong code.
        guessed = await guess(tx, accounts, viewer.origin, subject, typed)
        claim = await tx.begin_nested()
        key = tx, viewer, _CHANGE, client_key
        is_new = await once(*key, body, requests=AuthClientRequest) is None
        if is_new and guessed is None:
            await claim.rollback()
        elif is_new and guessed is not None:
            owner = await _change(tx, accounts, viewer, email, guessed[0])
            await remember(*key, owner.public_id, requests=AuthClientRequest)
    if owner is not None:
        await accounts.guard.ended([(i, SessionEnd.REVOKED) for i in owner.others])
        accounts.mailer.send(owner.email, "Your address was changed", _CHANGED_TEXT)
    elif is_new:
        raise wrong_code()


async def _change(
    tx: AsyncConnection, accounts: Accounts, viewer: Viewer, email: str, code_id: UUID
) -> _Owner:
    owner = await _owner(tx, accounts, viewer)
    used = update(UserVerification).where(_V.id == code_id, ~_V.verified).values(verified=True)
    if (await tx.execute(used.returning(_V.id))).first() is None:
        raise wrong_code()
    columns = sealed(accounts.keyring, owner.public_id, {"email": email})
    try:
        await tx.execute(update(User).where(_U.public_id == owner.public_id).values(**columns))
    except IntegrityError as error:
        raise Conflict("This address has an account by now.", field=_FIELD) from error
    before, after = {"email": owner.email}, {"email": email}
    await record(
        tx, viewer, _CHANGE, "User", owner.public_id, before=before, after=after, trail=AUTH
    )
    await end_sessions(tx, viewer, _CHANGE, owner.others, SessionEnd.REVOKED)
    tell_account(tx, viewer.require())
    return owner


async def _owner(tx: AsyncConnection, accounts: Accounts, viewer: Viewer) -> _Owner:
    me = viewer.require()
    locked = select(_U.public_id, _U.email, _U.role, _U.registration_platform)
    locked = locked.where(_U.id == me, _U.deleted_at.is_(None), _U.is_active)
    row = (await tx.execute(locked.with_for_update(key_share=True))).first()
    if row is None:
        raise Unauthenticated("This account is closed.")
    if row.role is UserRole.SERVICE:
        raise Forbidden("A service account signs in by its keys.")
    open_ones = select(_S.id, _S.started_at).where(_S.user_id == me, _S.ended_at.is_(None))
    sessions = {found.id: found.started_at for found in await tx.execute(open_ones)}
    started_at = sessions.pop(viewer.session_id, None)
    if started_at is None or datetime.now(UTC) - started_at > FRESH:
        raise Forbidden("Sign in again, and change the address within 15 minutes of that.")
    email = accounts.keyring.open(row.email, "users", "email", row.public_id)
    return _Owner(row.public_id, row.registration_platform, email, list(sessions))


def _subject(accounts: Accounts, me: int, email: str) -> bytes:
    return accounts.tokens.mac("email change", me, email.lower())


def _code_text(code: str) -> str:
    minutes = LIFETIME.seconds // 60
    return (
        f"Your code to sign in with this address from now on is {code}. It holds for {minutes} "
        "minutes.\n\n"
        "If you did not ask for it, somebody else has typed your address; do not pass it on.\n"
    )


_KNOWN_TEXT = (
    "Somebody tried to change the address of an account to this one, which has an account "
    "already.\n\nIf it was you, sign in to that instead. If not, there is nothing to do.\n"
)
_CHANGED_TEXT = (
    "The address of your account was changed: this one no longer signs in to it.\n\n"
    "If it was not you, tell whoever runs the service at once.\n"
)
