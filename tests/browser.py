"""A headless browser that reaches this machine only, and what its pages complain of."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    WebSocket,
    async_playwright,
    expect,
)

# In ms; what is there sooner is seen sooner, and a busy machine takes its time.
PATIENCE = 20_000
EXECUTABLES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _executable() -> str:
    for name in EXECUTABLES:
        if path := shutil.which(name):
            return path
    message = f"no browser is installed: none of {', '.join(EXECUTABLES)} is on the PATH"
    if os.environ.get("ISTHMUS_REQUIRE_BROWSER") == "1":
        pytest.fail(message)
    pytest.skip(message)


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """A browser until the block ends; the test is skipped where none is installed."""
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
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=_executable(), args=arguments, headless=True
        )
        yield chromium
        await chromium.close()


def complaints_of(tab: Page, url: str) -> list[str]:
    """What goes wrong in a tab from now on: errors in the console, and requests elsewhere.

    Args:
        tab: The tab.
        url: The server, which alone may be asked.
    """
    complaints: list[str] = []

    def note_console(message: ConsoleMessage) -> None:
        # What the page's policy refuses is an error here too.
        if message.type == "error":
            complaints.append(message.text)

    def note_address(connection: Request | WebSocket) -> None:
        # A blob is what the page itself has made.
        asked = urlsplit(connection.url.removeprefix("blob:"))
        if asked.netloc != urlsplit(url).netloc:
            complaints.append(f"asked {connection.url}")

    tab.on("console", note_console)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", note_address)
    tab.on("websocket", note_address)
    return complaints
