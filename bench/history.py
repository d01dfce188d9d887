"""`python -m bench.history`: the oldest page beside the newest, a search beside a read by ids.

One connection asks one thing after the other, in turns, so that whatever else the machine does
hits all alike; what is reported is the ratio of two of them.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from statistics import median
from typing import Annotated

import asyncpg
import orjson
import typer

from app.api.ids import global_id
from bench.client import HttpConnection, post
from bench.servers import start_servers
from bench.world import Sizes, World, open_world

_MESSAGE = "id text createdAt sender { id name }"
_PAGE = (
    "query($id: ID!, $first: Int, $after: String, $last: Int) { conversation(id: $id) {"
    f" messages(first: $first, after: $after, last: $last) {{ nodes {{ {_MESSAGE} }}"
    " pageInfo { endCursor } } } }"
)
_BY_IDS = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Message {{ {_MESSAGE} }} }} }}"
_SEARCH = (
    "query($query: String!, $filter: MessageSearchFilter) {"
    " messageSearch(query: $query, filter: $filter, first: 50)"
    f" {{ nodes {{ {_MESSAGE} }} }} }}"
)

_WORDS = ("the", "kiln", "three soup", '"blue one sold"', "harbour", "zymurgy")

_READABLE = """
SELECT id FROM messages WHERE kind = 'message' AND conversation_id IN
  (SELECT conversation_id FROM conversation_members WHERE user_id = $1)
ORDER BY random() LIMIT 5000
"""


def main(
    *,
    repeats: Annotated[int, typer.Option(min=1, help="Of each task.")] = 200,
    users: int = 10_000,
    products: int = 50_000,
    groups: int = 5_000,
    messages: int = 1_000_000,
) -> None:
    """Measure deep pages and searches, on data that is seeded once."""
    with (
        open_world(Sizes(users, products, groups, messages)) as world,
        start_servers(world.settings) as (server, _),
    ):
        taken = asyncio.run(_measure(world, server.port, repeats))
    page, by_ids = taken["the newest page"], taken["50 messages by id"]
    print("\n| task | p50 ms | p99 ms | p50 ÷ newest page | p99 ÷ by id |\n|---|--:|--:|--:|--:|")
    for task, seconds in taken.items():
        print(
            f"| {task} | {median(seconds) * 1e3:.1f} | {_p99(seconds) * 1e3:.1f}"
            f" | {median(seconds) / median(page):.2f} | {_p99(seconds) / _p99(by_ids):.2f} |"
        )


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.99 * len(seconds))]


async def _measure(world: World, port: int, repeats: int) -> dict[str, list[float]]:
    connection = await HttpConnection.open(port)
    main = await asyncpg.connect(world.settings.database_url)
    rows = await main.fetch(_READABLE, world.viewer.user_id)
    await main.close()
    ids = [global_id("Message", row["id"]) for row in rows]
    chat = global_id("Conversation", world.hot)
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(repeats):
        for task, query, variables in _tasks(chat, random.sample(ids, 50)):
            body = orjson.dumps({"query": query, "variables": variables})
            began = time.perf_counter()
            answer = await connection.send(post("/graphql", world.token, body))
            taken[task].append(time.perf_counter() - began)
            assert b'"errors"' not in answer, answer
    connection.close()
    return taken


def _tasks(chat: str, some: list[str]) -> Iterator[tuple[str, str, dict[str, object]]]:
    yield "the newest page", _PAGE, {"id": chat, "last": 50}
    yield "the oldest page", _PAGE, {"id": chat, "first": 50}
    yield "50 messages by id", _BY_IDS, {"ids": some}
    for words in _WORDS:
        yield f"search: {words}", _SEARCH, {"query": words}
        where = {"conversationId": chat}
        yield f"search in a conversation: {words}", _SEARCH, {"query": words, "filter": where}


if __name__ == "__main__":
    typer.run(main)
