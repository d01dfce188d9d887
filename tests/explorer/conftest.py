"""A headless browser that reaches this machine only, and a page that must raise no complaint."""

import os
import shutil
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebSocket,
    async_playwright,
)

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _executable() -> str:
    for name in EXECUTABLES:
        if path := shutil.which(name):
            return path
    message = f"no browser is installed: none of {', '.join(EXECUTABLES)} is on the PATH"
    if os.environ.get("ISTHMUS_REQUIRE_BROWSER") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[BrowserContext]:
    arguments = [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        # Nothing but the server under test can be reached: what works here works without a network.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=_executable(), args=arguments, headless=True
        )
        # One context for all, so that after the first test the files come from its cache.
        yield await chromium.new_context(
            viewport={"width": 1280, "height": 800},
            permissions=["clipboard-read", "clipboard-write"],
        )
        await chromium.close()


@pytest.fixture
async def page(browser: BrowserContext, server_url: str) -> AsyncIterator[Page]:
    """The explorer as at a first visit; the test fails on an error in the console or a request
    elsewhere."""
    complaints: list[str] = []
    elsewhere: list[str] = []

    def note_console(message: ConsoleMessage) -> None:
        # What the page's policy refuses is an error here too.
        if message.type == "error":
            complaints.append(message.text)

    def note_address(connection: Request | WebSocket) -> None:
        if urlsplit(connection.url).netloc != urlsplit(server_url).netloc:
            elsewhere.append(connection.url)

    tab = await browser.new_page()
    tab.set_default_timeout(10_000)
    tab.on("console", note_console)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", note_address)
    tab.on("websocket", note_address)
    await tab.add_init_script("localStorage.clear()")
    await tab.goto(f"{server_url}/graphiql")
    await tab.locator(".graphiql-query-editor .view-line").first.wait_for()

    yield tab

    await tab.close()
    assert complaints == []
    assert elsewhere == []
