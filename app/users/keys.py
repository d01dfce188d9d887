"""The keys of service accounts: accounts of programs, which sign in with nothing else.

A key is a session that does not expire: it is found by its hash, and what ends a session ends it.
"""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Text, bindparam, select

from app.errors import Unauthenticated
from app.stores.postgres import Postgres, Read
from app.tokens import Tokens
from app.users.models import User, UserSession
from app.users.starting import Account
from app.viewer import Viewer

# By it people and scanners of code recognise a key.
MARK = "isk_"
_SHOWN = 12  # characters: 48 of its 256 bits, to tell one key from another
_KNOWN = 10_000  # keys whose account is remembered

_U = User.__table__.c
_S = UserSession.__table__.c
_FIND = Read(
    select(
        _S.id,
        _U.id,
        _U.public_id,
        _U.role,
        _S["metadata"]["platform"].as_string().label("platform"),
    )
    .join_from(User, UserSession, _S.user_id == _U.id)
    .where(_S.session_id == bindparam("proof", type_=Text))
)
IS_KEY = _S.session_id.startswith("key:")


@dataclass(frozen=True, slots=True)
class _Known:
    session_id: UUID
    account: Account
    platform: str


class ServiceKeys:
    """Knows whose a key is.

    Args:
        auth: Where accounts and their sessions are.
    """

    def __init__(self, auth: Postgres) -> None:
        self._auth = auth
        self._known: dict[str, _Known] = {}

    async def viewer(self, key: str) -> Viewer:
        """The service account whose key it is; whether it was revoked is not asked.

        Raises:
            Unauthenticated: It is nobody's.
            StoreUnavailable: It is not known here, and cannot be looked up.
        """
        proof = proof_of(key)
        known = self._known.get(proof)
        if known is None:
            rows = await self._auth.fetch(_FIND, proof=proof)
            if not rows:
                raise Unauthenticated("This key does not hold.")
            session_id, user_id, public_id, role, platform = rows[0]
            if len(self._known) >= _KNOWN:
                self._known.clear()
            known = _Known(session_id, Account(user_id, public_id, role), platform)
            self._known[proof] = known
        account = known.account
        return Viewer(
            account.user_id, account.public_id, account.role, known.session_id, known.platform
        )


def make_key(tokens: Tokens, session_id: UUID, client_key: str) -> str:
    """The key of a session: it follows from it, so that a lost answer can be given again."""
    secret = tokens.mac("service key", session_id, client_key)
    return MARK + urlsafe_b64encode(secret).rstrip(b"=").decode()


def proof_of(key: str) -> str:
    """What is stored of a key, where a person's session has what proved it: its hash."""
    return f"key:{hashlib.sha256(key.encode()).hexdigest()}"


def shown_of(key: str) -> str:
    """What is shown of a key when it was given away."""
    return key[:_SHOWN]
