"""The explorer's files as a browser gets them, without a browser."""

import re
from pathlib import Path, PurePath

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

import app.api.pages
from app.api.explorer import PAGE_PATH, explorer_routes

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
}
BUILD = Path(app.api.pages.__file__).parent / "static" / "explorer"
ASSETS = {path.name: path.read_bytes() for path in BUILD.iterdir() if path.suffix in MEDIA_TYPES}


def client(*, persist_headers: bool = False) -> AsyncClient:
    application = Starlette(routes=explorer_routes(persist_headers=persist_headers))
    return AsyncClient(transport=ASGITransport(application), base_url="http://explorer")


async def test_root_redirects_to_the_page() -> None:
    response = await client().get("/")

    assert response.status_code == 307
    assert response.headers["location"] == PAGE_PATH


async def test_page_has_a_strict_policy_and_no_inline_script() -> None:
    response = await client().get(PAGE_PATH)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    directives = response.headers["content-security-policy"].split("; ")
    policy = dict(directive.split(" ", 1) for directive in directives)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["worker-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert re.findall(r"<script[^>]*>(.*?)</script>", response.text, re.DOTALL) == [""]


@pytest.mark.parametrize("persist", [True, False])
async def test_page_keeps_headers_only_where_told(persist: bool) -> None:
    response = await client(persist_headers=persist).get(PAGE_PATH)

    assert f'data-persist-headers="{str(persist).lower()}"' in response.text


async def test_every_file_that_the_page_names_is_in_the_build() -> None:
    response = await client().get(PAGE_PATH)

    links = re.findall(r'(?:src|href)="([^"]+)"', response.text)

    assert len(links) > 3
    assert {link.removeprefix(f"{PAGE_PATH}/static/") for link in links} <= ASSETS.keys()


@pytest.mark.parametrize("name", sorted(ASSETS))
async def test_static_file_is_small_typed_and_cached_for_good(name: str) -> None:
    response = await client().get(f"{PAGE_PATH}/static/{name}")

    assert response.content == ASSETS[name]
    assert len(response.content) < 1_000_000
    assert response.headers["content-type"] == MEDIA_TYPES[PurePath(name).suffix]
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    ["missing.js", "index.html", "LICENSES.md", "..%2f..%2fexplorer.py", "%00", "x" * 5_000],
)
async def test_other_names_are_not_found(name: str) -> None:
    response = await client().get(f"{PAGE_PATH}/static/{name}")

    assert response.status_code == 404


async def test_page_takes_no_other_method() -> None:
    response = await client().post(PAGE_PATH)

    assert response.status_code == 405
