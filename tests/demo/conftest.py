"""Two people, each in a browser window of their own, who share a group."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pytest
from playwright.async_api import Browser, FilePayload, Locator, Page

from tests.accounts.conftest import (  # noqa: F401 - fixtures
    Desk,
    desk,
    desk_server,
    desk_settings,
    mailbox,
)
from tests.accounts.mailbox import Mailbox
from tests.browser import PATIENCE, complaints_of, open_browser
from tests.factories import Person
from tests.outage.proxy import Proxy

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
GROUP = "Clay and memory"


@dataclass
class Window:
    """Somebody's window, with the chat in it."""

    person: Person
    email: str
    tab: Page
    network: Proxy
    mailbox: Mailbox
    complaints: list[str]

    @property
    def url(self) -> str:
        """The page, by way of this window's own network."""
        return f"{self.network.url}/demo"

    @property
    def room(self) -> str:
        """The id of the open conversation."""
        return unquote(urlsplit(self.tab.url).fragment)

    @property
    def row(self) -> Locator:
        """The group in the inbox."""
        return self.tab.locator(".row", has_text=GROUP)

    @property
    def composer(self) -> Locator:
        """Where one writes."""
        return self.tab.get_by_label("Write a message")

    def message(self, text: str) -> Locator:
        """A message that the server has."""
        return self.tab.locator("li[id].message", has_text=text)

    @property
    def thread(self) -> Locator:
        """The thread that is open."""
        return self.tab.get_by_role("complementary", name="Thread")

    @property
    def uploads(self) -> Locator:
        """What is to go with the next message."""
        return self.tab.get_by_role("list", name="Files to send")

    async def choose(self, file: Path | FilePayload) -> None:
        """Choose a file to send."""
        await self.tab.get_by_label("Add files").first.set_input_files(file)

    async def act(self, text: str, action: str) -> None:
        """Do something with a message that the server has."""
        await self.message(text).first.hover()
        await self.message(text).get_by_role("button", name=action, exact=True).click()

    async def sign_in(self) -> None:
        """Sign in by a code, as everybody does."""
        await self.tab.goto(self.url)
        await self.tab.get_by_label("E-mail address").fill(self.email)
        await self.tab.get_by_role("button", name="Send me a code").click()
        await self.tab.get_by_label("Code").fill(await self.mailbox.code(self.email))
        await self.tab.get_by_role("button", name="Sign in").click()
        await self.tab.get_by_role("navigation", name="Conversations").wait_for()

    async def violations(self) -> list[str]:
        """What keeps people from using the page as it is now, as axe-core finds it."""
        # Not by an element of the page, whose policy refuses foreign scripts.
        await self.tab.evaluate(AXE)
        found: list[str] = await self.tab.evaluate(
            "axe.run().then(({violations}) => violations.flatMap(({id, nodes}) =>"
            " nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`)))"
        )
        return found

    async def say(self, text: str) -> None:
        """Write a message and send it."""
        await self.composer.fill(text)
        await self.composer.press("Enter")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as chromium:
        yield chromium


@pytest.fixture
async def windows(browser: Browser, desk: Desk) -> AsyncIterator[tuple[Window, Window]]:  # noqa: F811
    """Ada's and Lucas's; the test fails on what either complains of at the end."""
    opened = []
    for name in ("Ada Lindqvist", "Lucas Meyer"):
        email = f"{uuid4().hex}@example.org"
        person = await desk.world.user(name=name, email=email)
        network = Proxy(desk.url)
        await network.open()
        context = await browser.new_context(viewport={"width": 1200, "height": 800})
        tab = await context.new_page()
        tab.set_default_timeout(PATIENCE)
        opened.append(
            Window(person, email, tab, network, desk.mailbox, complaints_of(tab, network.url))
        )
    ada, lucas = opened
    await desk.world.group(ada.person, lucas.person, name=GROUP)

    yield ada, lucas

    for window in opened:
        await window.tab.context.close()
        await window.network.cut()
    assert ada.complaints + lucas.complaints == []
