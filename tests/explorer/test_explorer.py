"""The explorer in a real browser, against the real application."""

import asyncio
import json
from contextlib import suppress
from typing import Any
from uuid import uuid4

from httpx import AsyncClient
from playwright.async_api import Page, WebSocket, expect

from tests.browser import PATIENCE

QUERY = ".graphiql-query-editor"
VARIABLES = "[aria-label='Variables'] .graphiql-editor:not(.hidden)"
HEADERS = "[aria-label='Headers'] .graphiql-editor:not(.hidden)"
RESPONSE = ".result-window"

INBOX = "subscription Inbox { inbox { conversation { group { name } } } }"
GROUP_CREATE = (
    "mutation ($input: GroupCreateInput!) { groupCreate(input: $input) { errors { message } } }"
)


async def paste(page: Page, editor: str, text: str) -> None:
    # Pasted, since the editor closes brackets by itself while one types.
    await page.evaluate("text => navigator.clipboard.writeText(text)", text)
    await page.locator(f"{editor} .monaco-editor").first.click()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.press("ControlOrMeta+v")


async def write(page: Page, name: str, query: str) -> None:
    await paste(page, QUERY, query)
    # GraphiQL reads a changed query a moment later, and until then sends the former one's name.
    title = page.get_by_role("tab", selected=True).get_by_role("button").first
    await expect(title).to_have_text(name)


async def set_headers(page: Page, headers: dict[str, str]) -> None:
    await page.get_by_role("button", name="Headers", exact=True).click()
    await paste(page, HEADERS, json.dumps(headers))


async def execute(page: Page) -> None:
    await page.get_by_role("button", name="Execute query").click()


async def stop(page: Page) -> None:
    await page.get_by_role("button", name="Stop query").click()
    await expect(page.get_by_role("button", name="Execute query")).to_be_visible()


async def expect_response(page: Page, text: str, patience: float = PATIENCE) -> None:
    await expect(page.locator(RESPONSE)).to_contain_text(text, timeout=patience)


class Frames:
    """What the page sends over WebSockets, in order."""

    def __init__(self, page: Page) -> None:
        self.sockets = 0
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        page.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        self.sockets += 1
        socket.on("framesent", lambda frame: self._sent.put_nowait(json.loads(frame)))

    async def next(self, kind: str) -> dict[str, Any]:
        message = await asyncio.wait_for(self._sent.get(), timeout=PATIENCE / 1_000)
        assert message["type"] == kind
        return message


async def test_first_query_answers_across_the_stores(page: Page, demo_token: str) -> None:
    await execute(page)
    await expect_response(page, '"viewer": null')

    await set_headers(page, {"Authorization": f"Bearer {demo_token}"})
    await execute(page)

    await expect_response(page, '"groups"')
    await expect(page.locator(RESPONSE)).not_to_contain_text('"errors"')


async def test_run_enters_history(page: Page) -> None:
    await write(page, "Typename", "query Typename { __typename }")
    await execute(page)
    await expect_response(page, '"__typename": "Query"')

    await page.get_by_role("button", name="Show History").click()

    await expect(page.locator(".graphiql-history-item")).to_contain_text("Typename")


async def test_docs_show_a_type(page: Page) -> None:
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    docs = page.locator(".graphiql-doc-explorer")

    await docs.get_by_role("link", name="Query", exact=True).click()
    await docs.get_by_role("link", name="User", exact=True).first.click()

    await expect(docs.locator(".graphiql-doc-explorer-title")).to_have_text("User")
    await expect(docs).to_contain_text("groups")


async def test_second_tab_keeps_its_own_query(page: Page) -> None:
    await write(page, "First", "query First { __typename }")
    await page.get_by_role("button", name="New tab").click()
    await write(page, "Second", "query Second { __typename }")

    await page.get_by_role("tab", name="First").get_by_role("button", name="First").click()

    await expect(page.locator(QUERY)).to_contain_text("query First")
    await expect(page.get_by_role("img", name="close icon")).to_be_visible()


async def test_variables_reach_the_server(page: Page) -> None:
    await page.get_by_role("button", name="Variables", exact=True).click()
    await paste(page, VARIABLES, '{"skip": true}')
    query = "query Skip($skip: Boolean!) { __typename kept: __typename @skip(if: $skip) }"
    await write(page, "Skip", query)

    await execute(page)

    await expect_response(page, '"__typename": "Query"')
    await expect(page.locator(RESPONSE)).not_to_contain_text("kept")


async def test_mistake_is_underlined(page: Page) -> None:
    await write(page, "Wrong", "query Wrong { nothingOfThatName }")

    await expect(page.locator(f"{QUERY} .squiggly-error")).to_be_visible()


async def test_prettify_tidies_query_and_headers(page: Page) -> None:
    await set_headers(page, {"X-Trace": "1"})
    await write(page, "Tidy", "query Tidy{__typename}")

    await page.get_by_role("button", name="Prettify query").click()

    await expect(page.locator(f"{QUERY} .view-line")).to_have_count(4)
    await expect(page.locator(f"{HEADERS} .view-line")).to_have_count(3)


async def test_subscription_shows_events_until_stopped(
    page: Page, server_url: str, demo_token: str
) -> None:
    authorization = {"Authorization": f"Bearer {demo_token}"}
    frames = Frames(page)
    await set_headers(page, authorization)
    await write(page, "Inbox", INBOX)
    await execute(page)

    name = f"Explorers {uuid4().hex}"
    async with AsyncClient(base_url=server_url, headers=authorization) as client:
        # More than once, since the server may have begun to listen after the first.
        for _ in range(10):
            group = {"name": name, "clientKey": uuid4().hex}
            body = {"query": GROUP_CREATE, "variables": {"input": group}}
            answer = (await client.post("/graphql", json=body)).json()
            assert answer == {"data": {"groupCreate": {"errors": []}}}
            with suppress(AssertionError):
                await expect_response(page, name, patience=500)
                break
    await expect_response(page, name)
    await stop(page)

    assert (await frames.next("connection_init"))["payload"] == authorization
    await frames.next("subscribe")
    await frames.next("complete")


async def test_changed_headers_open_a_new_socket(page: Page, demo_token: str) -> None:
    authorization = {"Authorization": f"Bearer {demo_token}"}
    frames = Frames(page)
    await write(page, "Inbox", INBOX)

    for number, headers in enumerate([authorization, authorization | {"X-Trace": "2"}], 1):
        await set_headers(page, headers)
        await execute(page)
        assert (await frames.next("connection_init"))["payload"] == headers
        await frames.next("subscribe")
        await stop(page)
        await frames.next("complete")
        assert frames.sockets == number
