"""The demo's files as a browser gets them, without a browser."""

import re
from hashlib import sha256
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from app.api.demo import PAGE_PATH, demo_routes
from app.api.pages import STATIC
from app.api.sdl import print_sdl
from app.main import create_app
from app.settings import Settings

SOURCES = Path(__file__).parents[2] / "demo"
BUILD = STATIC / "demo"
NOT_SOURCES = {"package.json", ".npmrc", "node_modules"}  # the lock says what they say


async def test_page_has_a_strict_policy_and_no_inline_code() -> None:
    transport = ASGITransport(Starlette(routes=demo_routes()))
    async with AsyncClient(transport=transport, base_url="http://demo") as client:
        response = await client.get(PAGE_PATH)
        named = re.findall(r'(?:src|href)="([^"]+)"', response.text)
        files = [(await client.get(path)).status_code for path in named]

    directives = response.headers["content-security-policy"].split("; ")
    policy = dict(directive.split(" ", 1) for directive in directives)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert re.findall(r"<script[^>]*>(.*?)</script>", response.text, re.DOTALL) == [""]
    assert "style=" not in response.text
    assert files == [200] * 3


def test_the_build_is_of_these_sources() -> None:
    present = {
        path.relative_to(SOURCES).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in [*SOURCES.iterdir(), *(SOURCES / "src").iterdir()]
        if path.is_file() and path.name not in NOT_SOURCES
    }

    lines = (BUILD / "SOURCES.sha256").read_text(encoding="utf-8").splitlines()

    assert {path: digest for digest, path in map(str.split, lines)} == present, "make demo"


@pytest.mark.parametrize(("chosen", "status"), [(True, 200), (False, 404)])
async def test_the_demo_is_served_where_the_settings_say_so(
    chosen: bool, status: int, settings: Settings
) -> None:
    app = create_app(settings.model_copy(update={"demo": chosen}))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://demo") as client:
        assert (await client.get(PAGE_PATH)).status_code == status


def test_production_serves_it_only_if_told() -> None:
    serves = Settings.model_fields["demo"].get_default(
        call_default_factory=True, validated_data={"environment": "production"}
    )

    assert serves is False


def test_what_the_page_asks_is_in_the_graph() -> None:
    source = (SOURCES / "src" / "documents.ts").read_text(encoding="utf-8")
    constants = re.findall(r'const (\w+) = (?:`(.*?)`|"(.*?)");', source, re.DOTALL)
    texts = {name: long or short for name, long, short in constants}
    for name, text in texts.items():
        # Each names only those above it.
        texts[name] = re.sub(r"\$\{(\w+)\}", lambda part: texts[part[1]], text)
    graph = build_schema(print_sdl())

    asked = {name: text for name, text in texts.items() if f"export const {name} " in source}

    assert len(asked) > 30
    for name, text in asked.items():
        assert validate(graph, parse(text)) == [], name
