"""Access tokens: whose signature counts, for what, and what others can verify them by."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pydantic import SecretStr

from app.errors import Unauthenticated
from app.settings import Settings
from app.tokens import Tokens, open_tokens
from app.users.models import Platform
from tests.accounts.conftest import Desk

Change = Callable[[dict[str, Any]], dict[str, Any]]


def pem_of(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem_of(key: Ed25519PrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def opened(key: Ed25519PrivateKey, **settings: Any) -> Tokens:
    secret = SecretStr(pem_of(key))
    return open_tokens(Settings(environment="test", auth_private_key=secret, **settings))


def issue(tokens: Tokens, **values: Any) -> str:
    given = {"session_id": uuid4(), "platform": Platform.DOBE, **values}
    return tokens.issue(7, uuid4(), "user", **given)


def forged(key: Any, algorithm: str, change: Change | None = None, **headers: Any) -> str:
    now = datetime.now(UTC)
    claims = {
        "iss": "isthmus",
        "aud": "isthmus",
        "sub": str(uuid4()),
        "uid": 1,
        "role": "admin",
        "sid": str(uuid4()),
        "plt": "dobe",
        "iat": now,
        "exp": now + timedelta(hours=1),
    }
    changed = claims if change is None else change(claims)
    return jwt.encode(changed, key, algorithm=algorithm, headers=headers or None)


def test_a_key_takes_over_while_the_formers_tokens_hold() -> None:
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    before = issue(opened(old))

    rotated = opened(new, auth_public_keys=(public_pem_of(old),))

    assert rotated.verify(before).user_id == 7
    assert rotated.verify(issue(rotated)).platform == "dobe"
    with pytest.raises(Unauthenticated):
        opened(new).verify(before)
    with pytest.raises(Unauthenticated):
        opened(old).verify(issue(rotated))


async def test_others_verify_by_the_published_keys(desk: Desk) -> None:
    somebody = await desk.sign_up()

    response = await desk.anonymous.http.get("/.well-known/jwks.json")

    assert response.headers["content-type"] == "application/json"
    keys = jwt.PyJWKSet.from_dict(response.json())
    header = jwt.get_unverified_header(somebody.access_token)
    claims = jwt.decode(
        somebody.access_token, keys[header["kid"]], algorithms=["EdDSA"], audience="isthmus"
    )
    assert claims["plt"] == "deed-o"
    assert not [name for key in response.json()["keys"] for name in key if name == "d"]


def test_no_other_algorithm_is_taken() -> None:
    key = Ed25519PrivateKey.generate()
    tokens = opened(key)
    (published,) = tokens.jwks()["keys"]
    public = base64.urlsafe_b64decode(published["x"] + "=")

    for token in (
        forged(None, "none"),
        forged(public, "HS256", kid=published["kid"]),
        forged(Ed25519PrivateKey.generate(), "EdDSA", kid=published["kid"]),
        forged(Ed25519PrivateKey.generate(), "EdDSA", kid="unknown"),
    ):
        with pytest.raises(Unauthenticated):
            tokens.verify(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"},
        {"aud": "another"},
        {"exp": datetime.now(UTC) - timedelta(seconds=1)},
        {"plt": "another"},
        {"sid": "no id"},
        {"uid": "no number"},
        {"sub": None},
    ],
)
def test_a_signed_token_with_another_claim_is_refused(changes: dict[str, Any]) -> None:
    key = Ed25519PrivateKey.generate()

    with pytest.raises(Unauthenticated):
        opened(key).verify(forged(key, "EdDSA", lambda claims: claims | changes))
    assert opened(key).verify(forged(key, "EdDSA")).role == "admin"


def test_a_server_takes_the_tokens_of_its_platforms_alone() -> None:
    key = Ed25519PrivateKey.generate()
    token = issue(opened(key), platform=Platform.CAUSE_I)

    assert opened(key, platforms=("cause-i",)).verify(token).platform == "cause-i"
    with pytest.raises(Unauthenticated):
        opened(key, platforms=("dobe",)).verify(token)


def test_production_takes_no_token_that_cannot_be_revoked() -> None:
    key = Ed25519PrivateKey.generate()
    tokens = Tokens(key, timedelta(minutes=1), platforms=("dobe",), sessions_only=True)

    assert tokens.verify(issue(tokens)).session_id is not None
    with pytest.raises(Unauthenticated):
        tokens.verify(tokens.issue(7, uuid4(), "user"))
