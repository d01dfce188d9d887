"""Legal queries that are made to cost as much as one may; and values as long as one may send."""

import time

import pytest

from app.chat import mongo_log
from tests.factories import SEND, World

PAGES = """{ conversations(first: 100) { nodes { messages(last: 100) { nodes {
  %s } } } } }"""


@pytest.mark.parametrize("edges", [3, 10])
async def test_edges_of_every_message_of_every_conversation_are_too_much(
    world: World, edges: int
) -> None:
    ada = await world.user()
    asked = " ".join(f"a{n}: sender {{ id }}" for n in range(edges))
    (error,) = (await ada.client.send(PAGES % asked))["errors"]
    assert error["extensions"]["code"] == "MAX_COST_LIMIT"


@pytest.mark.parametrize(
    "asked",
    [
        'productSearch(query: "lamp #", first: 1) { nodes { id } }',
        'messageSearch(query: "lamp #", first: 1) { nodes { id } }',
        'products(first: 1, filter: {titleContains: "#"}) { nodes { id } }',
        'groups(first: 1, filter: {nameContains: "#"}) { nodes { id } }',
        "conversations(first: 1, filter: {isArchived: true}) { nodes { id } }",
        'conversations(first: 1, filter: {titleContains: "#"}) { nodes { id } }',
        "conversations(first: 1, filter: $v) { nodes { id } }",
    ],
)
async def test_one_request_reads_through_so_many_rows_and_no_more(world: World, asked: str) -> None:
    ada = await world.user()
    declared = "query($v: ConversationFilter) " if "$v" in asked else ""

    def document(times: int) -> str:
        fields = (f"a{n}: {asked.replace('#', str(n))}" for n in range(times))
        return f"{declared}{{ {' '.join(fields)} }}"

    given = {"v": {"isUnread": False}}
    assert "errors" not in await ada.client.send(document(2), **given)
    (error,) = (await ada.client.send(document(26), **given))["errors"]
    assert error["extensions"]["code"] == "MAX_COST_LIMIT"


@pytest.mark.parametrize(
    "asked",
    [
        "reactions { users(first: 100) { nodes { name } } }",
        "readBy(first: 100) { nodes { isOnline lastSeenAt } }",
    ],
)
async def test_what_others_lengthen_counts_in_full(world: World, asked: str) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    document = (
        f'{{ conversation(id: "{conversation}") {{ '
        f"messages(last: %d) {{ nodes {{ {asked} }} }} }} }}"
    )
    assert "errors" not in await ada.client.send(document % 2)
    (error,) = (await ada.client.send(document % 100))["errors"]
    assert error["extensions"]["code"] == "MAX_COST_LIMIT"


@pytest.mark.parametrize("listed", [3, 250], ids=["ranges", "one list"])
async def test_many_windows_of_messages_are_each_whole(
    world: World, monkeypatch: pytest.MonkeyPatch, listed: int
) -> None:
    monkeypatch.setattr(mongo_log, "_LISTED", listed)
    ada, *others = await world.users(8)
    for other in others:
        conversation = await world.direct(ada, other)
        for number in range(2):
            await ada.client.mutate(SEND, id=conversation, text=f"{number}", key=str(number))
    found = await ada.client.run(PAGES % "text seq")
    pages = [node["messages"]["nodes"] for node in found["conversations"]["nodes"]]
    assert pages == [[{"text": "0", "seq": 2}, {"text": "1", "seq": 3}]] * len(others)


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("$v: ProductFilter", {"causes": ["GRIEF_CARE"] * 40_000}),
        ("$v: ProductFilter", {"causes": ["A" * 500_000]}),
        ("$v: ProductFilter", {"causes": [1] * 100_000}),
        ("$v: ProductFilter", {"titleContains": "\u0958" * 100_000}),
        ("$v: ProductFilter", {"minSellingPrice": "1" * 500_000}),
        ("$v: ProductFilter", {"vendorId": "V" * 500_000}),
    ],
)
async def test_long_value_is_answered_at_once(
    world: World, declared: str, value: dict[str, object]
) -> None:
    ada = await world.user()
    query = f"query({declared}) {{ products(first: 1, filter: $v) {{ nodes {{ id }} }} }}"
    begun = time.process_time()
    answer = await ada.client.send(query, v=value)
    assert time.process_time() - begun < 1.5
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    assert codes <= {"BAD_USER_INPUT", "INVALID", "TOO_LONG", "NOT_FOUND"}
