"""Users of an OpenID Connect provider: its access tokens hold here, verified by its published keys.

An account that exists is never taken over by its address, for not every provider proves addresses;
and none is made for an address that the provider has not proved.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import jwt
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import StoreUnavailable, Unauthenticated
from app.sealing import Keyring
from app.settings import Settings
from app.stores.postgres import Postgres
from app.users.models import Platform, User, UserRole, UserSession, UserStatus
from app.users.personal import sealed
from app.users.starting import Account, Device, start_session
from app.viewer import Origin, Viewer

# Asymmetric ones only: no secret is shared that somebody could sign with.
_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
_TIMEOUT = 5.0  # seconds for the provider's keys
_LIFESPAN = 300.0  # seconds for which they are kept
_COOLDOWN = 30.0  # seconds between fetches for a key that is not among them
_LEEWAY = 30  # seconds by which clocks may differ
_KNOWN = 10_000  # sessions whose account is remembered

_U = User.__table__.c
_S = UserSession.__table__.c


@dataclass(frozen=True, slots=True)
class _Known:
    account: Account
    session_id: UUID


class ExternalIdentity:
    """One provider.

    Args:
        settings: Its issuer, audience and keys, and whether accounts are made.
        auth: Where accounts are.
        keyring: Seals the addresses of those that are made.
    """

    def __init__(self, settings: Settings, auth: Postgres, keyring: Keyring) -> None:
        issuer = settings.oidc_issuer
        if issuer is None:
            raise ValueError("OIDC_ISSUER is not set")
        self._settings = settings
        self._auth = auth
        self._keyring = keyring
        url = settings.oidc_jwks_url or f"{issuer.rstrip('/')}/.well-known/jwks.json"
        self._keys = jwt.PyJWKClient(
            url, lifespan=_LIFESPAN, timeout=_TIMEOUT, cooldown_duration=_COOLDOWN
        )
        self._known: dict[UUID, _Known] = {}

    async def viewer(self, token: str, origin: Origin) -> Viewer:
        """The viewer whom the provider's token names; whether the session goes on is not asked.

        Raises:
            Unauthenticated: The token does not hold, or it names nobody here.
            StoreUnavailable: The provider's keys, or the accounts, cannot be read.
        """
        claims = await self._verified(token)
        session_id = _session_id(claims)
        known = self._known.get(session_id)
        if known is None:
            async with self._auth.begin() as tx:
                account = await self._account(tx, claims)
                await self._session(tx, account, session_id, origin)
            if len(self._known) >= _KNOWN:
                self._known.clear()
            known = self._known[session_id] = _Known(account, session_id)
        return Viewer(
            known.account.user_id,
            known.account.public_id,
            known.account.role,
            session_id,
            self._settings.oidc_platform,
            datetime.fromtimestamp(claims["exp"], UTC),
        )

    async def _verified(self, token: str) -> dict[str, Any]:
        try:
            # In a thread: it may have to be fetched, and a verification costs little beside that.
            key = await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                issuer=self._settings.oidc_issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iat", "sub", "iss"], "verify_aud": False},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise StoreUnavailable("identity provider") from error
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The access token has expired; sign in again.") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthenticated("The access token is not valid.") from error
        audience = claims.get("aud", claims.get("azp"))
        audiences = audience if isinstance(audience, list) else [audience]
        if self._settings.oidc_audience not in audiences:
            raise Unauthenticated("The access token is for another service.")
        return claims

    async def _account(self, tx: AsyncConnection, claims: dict[str, Any]) -> Account:
        subject, email = claims["sub"], claims.get("email")
        is_proved = claims.get("email_verified") is True
        if self._settings.oidc_create_users and is_proved and isinstance(email, str):
            public_id = uuid4()
            made = insert(User).values(
                public_id=public_id,
                external_subject=subject,
                **sealed(self._keyring, public_id, {"email": email}),
                name=_name(claims),
                status=UserStatus.VERIFIED,
                registration_platform=Platform(self._settings.oidc_platform),
            )
            await tx.execute(made.on_conflict_do_nothing())
        mine = (
            update(User)
            .where(
                _U.external_subject == subject,
                _U.is_active,
                _U.status != UserStatus.INACTIVE,
                _U.deleted_at.is_(None),
                _U.role != UserRole.SERVICE,
            )
            .values(last_login_at=func.now())
        )
        row = (await tx.execute(mine.returning(_U.id, _U.public_id, _U.role))).first()
        if row is None:
            raise Unauthenticated("The identity provider's user has no account here.")
        return Account(row.id, row.public_id, row.role.value)

    async def _session(
        self, tx: AsyncConnection, account: Account, session_id: UUID, origin: Origin
    ) -> None:
        # Two of its requests may come at once, and which of them makes it is the same.
        await tx.execute(select(func.pg_advisory_xact_lock(session_id.int >> 65)))
        if (await tx.execute(select(_S.id).where(_S.id == session_id))).first() is None:
            await start_session(
                tx,
                account,
                self._settings.oidc_platform,
                origin=origin,
                device=Device(),
                key=f"oidc:{session_id}",
                session_id=session_id,
            )


def is_from(token: str, issuer: str) -> bool:
    """Whether a token says that it is of this issuer; that it is, is for its keys to tell."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError):
        return False
    return bool(claims.get("iss") == issuer)


def _session_id(claims: dict[str, Any]) -> UUID:
    """The provider's session as one of ours; without one, a sign-in or a day of the user's."""
    at = claims.get("auth_time") or datetime.fromtimestamp(claims["iat"], UTC).date()
    which = claims.get("sid") or f"{claims['sub']} {at}"
    digest = hashlib.sha256(f"{claims['iss']} {claims['sub']} {which}".encode()).digest()
    return UUID(bytes=digest[:16], version=4)


def _name(claims: dict[str, Any]) -> str:
    name = claims.get("name") or claims.get("preferred_username") or "Somebody"
    return str(name)[:120]
