"""What browsers are told, and which pages of other origins may use the API."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from app.api.security_headers import internal_error, protection, security_headers
from app.settings import Settings
from tests.client import NO_TLS
from tests.security.conftest import Serving

FRIEND, STRANGER = "https://app.example", "https://evil.example"
PATHS = ("/graphql", "/graphql?query={viewer{id}}", "/graphiql", "/", "/nowhere", "/healthz/live")
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, content-type",
}


@pytest.fixture
async def friendly(serving: Serving) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that one other origin may use."""
    async with (
        serving(allowed_origins=(FRIEND,)) as url,
        httpx.AsyncClient(base_url=url, verify=NO_TLS) as client,
    ):
        yield client


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_every_response_has_the_headers(path: str, method: str, server_url: str) -> None:
    async with httpx.AsyncClient(base_url=server_url, verify=NO_TLS) as client:
        response = await client.request(method, path)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert response.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert "server" not in response.headers
    assert "strict-transport-security" not in response.headers  # no TLS in tests
    assert all(len(response.headers.get_list(name)) == 1 for name in response.headers)


async def test_a_failure_of_the_application_tells_nothing_and_has_the_headers(
    settings: Settings,
) -> None:
    def failing(_: Request) -> None:
        raise RuntimeError("secret of the route")

    app = Starlette(
        routes=[Route("/", failing)],
        middleware=protection(settings),
        exception_handlers={Exception: partial(internal_error, settings)},
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/")
    assert (response.status_code, response.text) == (500, "Internal error")
    assert response.headers["x-content-type-options"] == "nosniff"


def test_production_insists_on_tls(production: dict[str, Any]) -> None:
    headers = security_headers(Settings(**production))
    assert headers["strict-transport-security"] == "max-age=31536000"


async def test_a_friend_may_ask_and_read(friendly: httpx.AsyncClient) -> None:
    asked = await friendly.options("/graphql", headers={"origin": FRIEND, **PREFLIGHT})
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == FRIEND
    assert "POST" in asked.headers["access-control-allow-methods"]
    allowed = asked.headers["access-control-allow-headers"].lower()
    assert "authorization" in allowed
    assert "content-type" in allowed
    assert "access-control-allow-credentials" not in asked.headers
    query = {"query": "{ viewer { id } }"}
    answer = await friendly.post("/graphql", json=query, headers={"origin": FRIEND})
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert "retry-after" in answer.headers["access-control-expose-headers"].lower()
    assert "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", [STRANGER, "null", "https://app.example.evil.example", "http://app.example"]
)
async def test_a_stranger_may_neither_ask_nor_read(
    origin: str, friendly: httpx.AsyncClient
) -> None:
    asked = await friendly.options("/graphql", headers={"origin": origin, **PREFLIGHT})
    assert asked.status_code == 400
    assert "access-control-allow-origin" not in asked.headers
    query = {"query": "{ viewer { id } }"}
    answer = await friendly.post("/graphql", json=query, headers={"origin": origin})
    assert "access-control-allow-origin" not in answer.headers


async def test_without_friends_no_other_origin_may(server_url: str) -> None:
    async with httpx.AsyncClient(base_url=server_url, verify=NO_TLS) as client:
        asked = await client.options("/graphql", headers={"origin": FRIEND, **PREFLIGHT})
    assert asked.status_code == 405
    assert not [name for name in asked.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "origin", ["*", "https://*", "app.example", "https://app.example/chat", "null", "", "file://x"]
)
def test_what_is_no_exact_origin_is_no_setting(origin: str) -> None:
    with pytest.raises(ValidationError, match="not an origin"):
        Settings(environment="test", allowed_origins=(origin,))


def test_an_origin_is_kept_as_browsers_write_it() -> None:
    settings = Settings(environment="test", allowed_origins=("HTTPS://App.Example:8443/",))
    assert settings.allowed_origins == ("https://app.example:8443",)
