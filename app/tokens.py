"""Access tokens: short-lived JWTs, signed with Ed25519, the algorithm pinned."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.errors import Unauthenticated
from app.settings import Settings
from app.viewer import Viewer

_ISSUER = _AUDIENCE = "isthmus"
_ALGORITHM = "EdDSA"
_CLAIMS = ["exp", "iat", "sub", "uid", "role"]


class Tokens:
    """Issues and verifies access tokens under one key.

    Args:
        key: The private key; its public half verifies.
        lifetime: How long a token holds.
    """

    def __init__(self, key: Ed25519PrivateKey, lifetime: timedelta) -> None:
        self._key = key
        self._public = key.public_key()
        self._lifetime = lifetime

    def issue(self, user_id: int, public_id: UUID, role: str) -> str:
        """A token that says: this is that user, in that role, until it expires."""
        now = datetime.now(UTC)
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(public_id),
            "uid": user_id,
            "role": role,
            "iat": now,
            "exp": now + self._lifetime,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def verify(self, token: str) -> Viewer:
        """The viewer whom a token names.

        Raises:
            Unauthenticated: Malformed, expired, or not signed by this server.
        """
        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options={"require": _CLAIMS},
            )
            return Viewer(int(claims["uid"]), UUID(claims["sub"]), str(claims["role"]))
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The access token has expired; sign in again.") from error
        except (jwt.InvalidTokenError, ValueError, TypeError) as error:
            raise Unauthenticated("The access token is not valid.") from error


def open_tokens(settings: Settings) -> Tokens:
    """The process's tokens, under the settings' key or, in development, one kept in the home.

    Raises:
        ValueError: The key is not an Ed25519 private key in PEM.
    """
    secret = settings.auth_private_key
    pem = secret.get_secret_value().encode() if secret else _development_key(settings.home)
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("AUTH_PRIVATE_KEY must be an Ed25519 private key in PEM")  # noqa: TRY004
    return Tokens(key, timedelta(seconds=settings.access_token_ttl))


def _development_key(home: Path) -> bytes:
    path = home / "auth_private_key.pem"
    home.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_bytes(pem)
    try:
        os.link(temporary, path)  # the first process wins; a later one reads its key
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return path.read_bytes()
