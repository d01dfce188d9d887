"""Another provider's users: who is let in, and who is not, for whatever the token says."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_encode
from pydantic import ValidationError

from app.settings import Settings
from tests.accounts.conftest import Desk
from tests.accounts.operations import REVOKE_ALL, SESSIONS, WHO
from tests.accounts.provider import AUDIENCE, Provider, open_provider
from tests.client import Client, Json
from tests.server import serve


@dataclass(frozen=True)
class Abroad:
    """A server that takes a provider's tokens."""

    provider: Provider
    url: str

    async def send(self, query: str, subject: str, **claims: Any) -> Json:
        async with Client(self.url, self.provider.token(subject, **claims)) as client:
            return await client.send(query)

    async def code(self, subject: str, **claims: Any) -> str:
        """The code for which a token is refused."""
        answer = await self.send(WHO, subject, **claims)
        code: str = answer["errors"][0]["extensions"]["code"]
        return code


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with open_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
async def abroad(settings: Settings, provider: Provider) -> AsyncIterator[Abroad]:
    oidc = {
        "oidc_issuer": provider.issuer,
        "oidc_audience": AUDIENCE,
        "oidc_jwks_url": f"{provider.issuer}/keys",
        "oidc_create_users": True,
    }
    async with serve(settings.model_copy(update=oidc)) as (_, url):
        yield Abroad(provider, url)


@pytest.mark.covers("A19")
async def test_a_user_is_made_at_first_sight_and_known_from_then_on(
    abroad: Abroad, desk: Desk
) -> None:
    subject = uuid4().hex

    answers = await asyncio.gather(*(abroad.send(WHO, subject) for _ in range(10)))
    assert len({answer["data"]["viewer"]["id"] for answer in answers}) == 1
    elsewhere = await abroad.send(WHO, subject, sid="another")

    assert answers[0]["data"]["viewer"]["name"] == "From afar"
    assert elsewhere == answers[0]
    rows = await desk.sql(
        "SELECT count(*) FROM user_sessions s JOIN users u ON u.id = s.user_id"
        " WHERE external_subject = :subject",
        subject=subject,
    )
    assert rows == [(2,)]


async def test_no_account_is_taken_over_by_its_address(abroad: Abroad, desk: Desk) -> None:
    somebody = await desk.sign_up()

    assert await abroad.code(uuid4().hex, email=somebody.email) == "UNAUTHENTICATED"
    assert await abroad.code(uuid4().hex, email=somebody.email.upper()) == "UNAUTHENTICATED"

    query = "SELECT external_subject FROM users WHERE email_index = :email"
    assert await desk.sql(query, email=somebody.email) == [(None,)]


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": None, "azp": "another"},
        {"exp": datetime.now(UTC) - timedelta(minutes=5)},
        {"sub": None},
        {"kid": "unknown"},
        {"key": generate_private_key(65_537, 2_048)},
    ],
)
async def test_what_does_not_hold_lets_nobody_in(abroad: Abroad, claims: dict[str, Any]) -> None:
    assert await abroad.code(uuid4().hex, **claims) == "UNAUTHENTICATED"


async def test_an_authorised_party_may_stand_for_the_audience(abroad: Abroad) -> None:
    answer = await abroad.send(WHO, uuid4().hex, aud=None, azp=AUDIENCE)
    assert answer["data"]["viewer"]


async def test_the_public_key_is_no_shared_secret(abroad: Abroad) -> None:
    public = abroad.provider.key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header, body, _ = abroad.provider.token(uuid4().hex, algorithm="RS256").split(".")
    header = base64url_encode(b'{"alg":"HS256","typ":"JWT","kid":"one"}').decode()
    signature = hmac.digest(pem, f"{header}.{body}".encode(), "sha256")
    token = f"{header}.{body}.{base64url_encode(signature).decode()}"

    async with Client(abroad.url, token) as client:
        answer = await client.send(WHO)

    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_unknown_keys_do_not_make_it_fetch_without_end(abroad: Abroad) -> None:
    await abroad.send(WHO, uuid4().hex)
    before = abroad.provider.fetched

    await asyncio.gather(*(abroad.code(uuid4().hex, kid=uuid4().hex) for _ in range(30)))

    assert abroad.provider.fetched - before <= 1


async def test_a_providers_session_ends_like_any_other(abroad: Abroad, desk: Desk) -> None:
    subject = uuid4().hex
    first = await abroad.send(SESSIONS, subject)
    (session,) = first["data"]["viewer"]["sessions"]["nodes"]
    assert session["isCurrent"]

    async with Client(abroad.url, abroad.provider.token(subject)) as client:
        await client.mutate(REVOKE_ALL, others=False)
    assert await abroad.code(subject) == "SESSION_REVOKED"

    assert "data" in await abroad.send(WHO, subject, sid="after signing in again")
    await desk.sql(
        "UPDATE users SET is_active = false WHERE external_subject = :subject", subject=subject
    )
    async with asyncio.timeout(20):
        while "errors" not in await abroad.send(WHO, subject, sid="after signing in again"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert await abroad.code(subject, sid="one more") == "UNAUTHENTICATED"


async def test_users_are_not_made_unless_that_is_allowed(
    settings: Settings, provider: Provider
) -> None:
    oidc = {"oidc_issuer": provider.issuer, "oidc_audience": AUDIENCE}
    async with serve(settings.model_copy(update=oidc)) as (_, url):
        assert await Abroad(provider, url).code(uuid4().hex) == "UNAUTHENTICATED"


async def test_a_provider_that_is_away_is_no_fault_of_the_token(settings: Settings) -> None:
    with open_provider() as gone:
        pass
    oidc = {"oidc_issuer": gone.issuer, "oidc_audience": AUDIENCE}
    async with serve(settings.model_copy(update=oidc)) as (_, url):
        assert await Abroad(gone, url).code(uuid4().hex) == "UNAVAILABLE"


def test_a_provider_without_an_audience_is_refused() -> None:
    with pytest.raises(ValidationError, match="OIDC_AUDIENCE"):
        Settings(oidc_issuer="https://issuer.example")


def test_production_takes_no_keys_over_plain_http() -> None:
    issuer = "http://issuer.example"
    with pytest.raises(ValidationError, match="https alone"):
        Settings(environment="production", oidc_issuer=issuer, oidc_audience=AUDIENCE)
