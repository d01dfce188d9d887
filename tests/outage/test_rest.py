"""REST while a store is away: what can be read is read; what cannot says 503, soon."""

import asyncio

import pytest

from tests.outage.conftest import Break, Frail
from tests.outage.test_stores_away import SOON, town


@pytest.mark.covers("D12", "D14")
async def test_without_postgresql_messages_are_read_and_not_sent(
    frail: Frail, break_: Break
) -> None:
    me, ids = await town(frail.world)
    url = f"/api/rooms/{ids['group']}/messages"
    (before,) = (await me.client.http.get(url)).json()["items"]
    await frail.take_away(break_, "main", "auth")

    async with asyncio.timeout(SOON):
        (item,) = (await me.client.http.get(url)).json()["items"]
        sent = await me.client.http.post(url, json={"content": "x", "clientKey": "k"})

    assert item == before | {"member": None}
    assert (sent.status_code, sent.json()["code"]) == (503, "UNAVAILABLE")
    await frail.give_back()
    again = await me.client.http.post(url, json={"content": "x", "clientKey": "k"})
    assert again.status_code == 201
    items = (await me.client.http.get(url)).json()["items"]
    assert [item["content"] for item in items] == ["x", "hello"]


async def test_without_mongodb_both_are_refused(frail: Frail, break_: Break) -> None:
    me, ids = await town(frail.world)
    url = f"/api/rooms/{ids['conversation']}/messages"
    await frail.take_away(break_, "mongo")
    async with asyncio.timeout(2 * SOON):
        answers = [
            await me.client.http.get(url),
            await me.client.http.post(url, json={"content": "x", "clientKey": "k"}),
        ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
