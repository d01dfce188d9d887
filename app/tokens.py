"""Access tokens: short-lived JWTs, signed with Ed25519, the algorithm pinned.

A key is named by its thumbprint (RFC 7638), so that a new one can take over while tokens of the
former still hold.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.algorithms import OKPAlgorithm
from jwt.utils import base64url_encode

from app.errors import Unauthenticated
from app.keyfile import kept_in
from app.settings import DEVELOPMENT_KEY, Settings
from app.viewer import Viewer

ISSUER = _AUDIENCE = "isthmus"
_ALGORITHM = "EdDSA"
_CLAIMS = ["exp", "iat", "sub", "uid", "role"]


class Tokens:
    """Issues and verifies access tokens, and keys what else this server makes secret.

    Args:
        key: The private key that signs; its public half verifies.
        lifetime: How long a token holds.
        former: Public keys that signed before.
        platforms: The products whose tokens hold here.
        secret: Keys the codes; derived from the private key if None.
        sessions_only: Whether a token must belong to a session, which can be revoked.
    """

    def __init__(
        self,
        key: Ed25519PrivateKey,
        lifetime: timedelta,
        *,
        former: Iterable[Ed25519PublicKey] = (),
        platforms: Iterable[str] = (),
        secret: bytes | None = None,
        sessions_only: bool = False,
    ) -> None:
        self._key = key
        self._lifetime = lifetime
        self._key_id = _thumbprint(key.public_key())
        self._public = {_thumbprint(public): public for public in (key.public_key(), *former)}
        self._platforms = frozenset(platforms)
        self._required = [*_CLAIMS, "sid", "plt"] if sessions_only else _CLAIMS
        self._secret = _derived(key) if secret is None else secret

    def issue(
        self,
        user_id: int,
        public_id: UUID,
        role: str,
        *,
        session_id: UUID | None = None,
        platform: str | None = None,
        lifetime: timedelta | None = None,
    ) -> str:
        """A token that says: this is that user, in that role, until it expires.

        Args:
            user_id: The user's number.
            public_id: The user's public id.
            role: What they may do; a session ends when it changes.
            session_id: The sign-in it belongs to. Production accepts no token without.
            platform: The product for which it is.
            lifetime: If not that of all tokens.
        """
        now = datetime.now(UTC)
        claims = {
            "iss": ISSUER,
            "aud": _AUDIENCE,
            "sub": str(public_id),
            "uid": user_id,
            "role": role,
            "iat": now,
            "exp": now + (lifetime or self._lifetime),
        }
        if session_id is not None:
            claims |= {"sid": str(session_id), "plt": platform}
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": self._key_id})

    def verify(self, token: str) -> Viewer:
        """The viewer whom a token names; whether the session goes on is not asked here.

        Raises:
            Unauthenticated: Malformed, expired, of another platform, or not signed by this server.
        """
        try:
            key_id = jwt.get_unverified_header(token).get("kid", self._key_id)
            claims = jwt.decode(
                token,
                self._public.get(key_id, self._public[self._key_id]),
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=ISSUER,
                options={"require": self._required},
            )
            return self._viewer(claims)
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The access token has expired; sign in again.") from error
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
            raise Unauthenticated("The access token is not valid.") from error

    def _viewer(self, claims: Mapping[str, Any]) -> Viewer:
        session_id, platform = claims.get("sid"), claims.get("plt")
        if session_id is not None and platform not in self._platforms:
            raise Unauthenticated("The access token is for another platform.")
        return Viewer(
            int(claims["uid"]),
            UUID(claims["sub"]),
            str(claims["role"]),
            None if session_id is None else UUID(session_id),
            platform,
            datetime.fromtimestamp(claims["exp"], UTC),
        )

    def jwks(self) -> dict[str, Any]:
        """The keys by which others verify: a JSON Web Key Set (RFC 7517)."""
        return {
            "keys": [
                {**_jwk(public), "kid": key_id, "use": "sig", "alg": _ALGORITHM}
                for key_id, public in self._public.items()
            ]
        }

    def mac(self, purpose: str, *parts: object) -> bytes:
        """An HMAC-SHA256 of values under the server's secret; purposes share nothing."""
        message = orjson.dumps([purpose, *(str(part) for part in parts)])
        return hmac.digest(self._secret, message, hashlib.sha256)


def open_tokens(settings: Settings) -> Tokens:
    """The process's tokens, under the settings' key or, in development, one kept in the home.

    Raises:
        ValueError: A key is not an Ed25519 key in PEM.
    """
    secret = settings.auth_secret
    return Tokens(
        signing_key(settings),
        timedelta(seconds=settings.access_token_ttl),
        former=public_keys(settings)[1:],
        platforms=settings.platforms,
        secret=None if secret is None else secret.get_secret_value().encode(),
        sessions_only=settings.environment == "production",
    )


def signing_key(settings: Settings) -> Ed25519PrivateKey:
    """The key under which this server signs: the settings' or, in development, the home's.

    Raises:
        ValueError: The key is not an Ed25519 private key in PEM.
    """
    secret = settings.auth_private_key
    pem = (
        secret.get_secret_value().encode()
        if secret
        else kept_in(settings.home / DEVELOPMENT_KEY, _development_key)
    )
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("AUTH_PRIVATE_KEY must be an Ed25519 private key in PEM")  # noqa: TRY004
    return key


def public_keys(settings: Settings) -> list[Ed25519PublicKey]:
    """The keys by which to verify what this server signs: the current one, then former ones.

    Raises:
        ValueError: A key is not an Ed25519 key in PEM.
    """
    former = (_public_key(pem) for pem in settings.auth_public_keys)
    return [signing_key(settings).public_key(), *former]


def _public_key(pem: str) -> Ed25519PublicKey:
    key = serialization.load_pem_public_key(pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("AUTH_PUBLIC_KEYS must be Ed25519 public keys in PEM")  # noqa: TRY004
    return key


def _jwk(public: Ed25519PublicKey) -> dict[str, Any]:
    return OKPAlgorithm.to_jwk(public, as_dict=True)


def _thumbprint(public: Ed25519PublicKey) -> str:
    required = {name: _jwk(public)[name] for name in ("crv", "kty", "x")}
    canonical = orjson.dumps(required, option=orjson.OPT_SORT_KEYS)
    return base64url_encode(hashlib.sha256(canonical).digest()).decode()


def _derived(key: Ed25519PrivateKey) -> bytes:
    derive = HKDF(hashes.SHA256(), length=32, salt=None, info=b"isthmus one-time codes")
    return derive.derive(key.private_bytes_raw())


def _development_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
