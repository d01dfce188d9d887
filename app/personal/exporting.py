"""Permission to fetch an archive: a signed address that holds for minutes, and is checked again."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from uuid import UUID

import orjson

from app.audit.commands import record
from app.audit.models import AUTH, AuthClientRequest
from app.errors import NotFound, Unauthenticated
from app.once import once, remember
from app.personal.erased import Erased
from app.users.accounts import Accounts
from app.users.queries import users_by_ids
from app.viewer import Viewer

LIFETIME = timedelta(minutes=10)

_OPERATION = "dataExportRequest"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What fetches an archive.

    Attributes:
        token: Signed, for one user in one session.
        expires_at: When it holds no longer.
    """

    token: str
    expires_at: datetime


async def request_export(accounts: Accounts, viewer: Viewer, *, client_key: str) -> Ticket:
    """Permit the viewer to fetch everything that is theirs; a retry gives the same ticket.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: Their account is closed.
        ClientKeyReused: The key came before in another session.
    """
    me = viewer.require()
    (user,) = await users_by_ids(accounts.auth, viewer, [me])
    if user is None:
        raise NotFound("There is no such user.")
    session = None if viewer.session_id is None else str(viewer.session_id)
    async with accounts.auth.begin() as tx:
        request = tx, viewer, _OPERATION, client_key
        done = await once(*request, [session], requests=AuthClientRequest)
        if done is None:
            expires_at = datetime.now(UTC) + LIFETIME
            after = {"expires_at": expires_at}
            await record(tx, viewer, _OPERATION, "User", user.public_id, after=after, trail=AUTH)
            await remember(*request, expires_at, requests=AuthClientRequest)
        else:
            expires_at = datetime.fromisoformat(done)
    body = orjson.dumps([me, str(user.public_id), session, expires_at.timestamp()])
    mac = accounts.tokens.mac("export", body.hex())
    return Ticket(f"{_text(body)}.{_text(mac)}", expires_at)


async def check_ticket(accounts: Accounts, token: str) -> Erased:
    """Whose archive a ticket fetches, if it still may.

    Raises:
        Unauthenticated: It is none, it has expired, or its account is closed or locked out.
        SessionRevoked: The session in which it was asked for has ended.
    """
    body, _, mac = token.partition(".")
    try:
        signed = urlsafe_b64decode(body + "==")
        if not compare_digest(mac, _text(accounts.tokens.mac("export", signed.hex()))):
            raise _no_ticket()
        user_id, public_id, session, expires_at = orjson.loads(signed)
    except (ValueError, TypeError) as error:
        raise _no_ticket() from error
    if datetime.now(UTC).timestamp() > expires_at:
        raise _no_ticket()
    if session is not None:
        await accounts.guard.check(UUID(session))
    user = Erased(user_id, UUID(public_id))
    (found,) = await users_by_ids(accounts.auth, Viewer(user_id, user.public_id, "user"), [user_id])
    if found is None or not found.is_active or found.public_id != user.public_id:
        raise _no_ticket()
    return user


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _no_ticket() -> Unauthenticated:
    return Unauthenticated("This address does not hold; ask for a new one.")
