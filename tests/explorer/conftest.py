"""The explorer in a browser, and a page that must raise no complaint."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import BrowserContext, Page

from tests.browser import PATIENCE, complaints_of, open_browser


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[BrowserContext]:
    async with open_browser() as chromium:
        # One context for all, so that after the first test the files come from its cache.
        yield await chromium.new_context(
            viewport={"width": 1280, "height": 800},
            permissions=["clipboard-read", "clipboard-write"],
        )


@pytest.fixture
async def page(browser: BrowserContext, server_url: str) -> AsyncIterator[Page]:
    """The explorer as at a first visit; the test fails on an error in the console or a request
    elsewhere."""
    tab = await browser.new_page()
    tab.set_default_timeout(PATIENCE)
    complaints = complaints_of(tab, server_url)
    await tab.add_init_script("localStorage.clear()")
    await tab.goto(f"{server_url}/graphiql")
    await tab.locator(".graphiql-query-editor .view-line").first.wait_for()

    yield tab

    await tab.close()
    assert complaints == []
