"""What is asked, of both servers: the answers of the two must be the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, cycle
from typing import Any
from uuid import uuid4

import orjson

from app.api.ids import global_id
from bench.client import post
from bench.world import World

_USERS = "{ users(first: 50) { nodes { id name username createdAt } } }"
_CHAT = """query($id: ID!) { conversation(id: $id) { messages(last: 50) { nodes {
  id text createdAt sender { id name } readBy(first: 20) { nodes { name } } } } } }"""
_PRODUCTS = """{ products(first: 100) { nodes { id title description productUrl cause mrp
  sellingPrice publishingStatus createdAt updatedAt vendor { id name } } } }"""
_INBOX = """{ conversations(first: 50) { nodes { id messageCount unreadCount
  lastMessage { text createdAt sender { id name } } group { id name } } } }"""
_SEND = """mutation($id: ID!, $text: String!, $key: String!) {
  messageSend(conversationId: $id, input: {text: $text, clientKey: $key}) {
    message { id seq text } errors { code } } }"""

Requests = Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A task.

    Attributes:
        api: Makes the requests to the API, without end.
        by_hand: The same to the hand-written endpoints.
        writes: Whether an answer differs each time.
    """

    name: str
    title: str
    api: Callable[[], Requests]
    by_hand: Callable[[], Requests]
    writes: bool = False


def scenarios(world: World) -> list[Scenario]:
    """Everything that is measured over HTTP."""

    def read(name: str, title: str, query: str, **variables: Any) -> Scenario:
        key = str(world.chat)
        body = orjson.dumps({"query": query, "variables": variables})
        api = post("/graphql", world.token, body)
        by_hand = post(f"/{name}", world.token, orjson.dumps({"conversation": key}))
        return Scenario(name, title, lambda: cycle([api]), lambda: cycle([by_hand]))

    return [
        read("users", "50 users", _USERS),
        read(
            "chat",
            "a chat page: 50 messages, senders, readers",
            _CHAT,
            id=global_id("Conversation", world.chat),
        ),
        read("products", "100 products with vendors", _PRODUCTS),
        read("inbox", "my inbox: 50 conversations", _INBOX),
        _sends(world, "sends", "sends, to many conversations", [*world.others]),
        _sends(world, "hot", "sends, to one conversation", [world.hot]),
    ]


def _sends(world: World, name: str, title: str, ids: list[Any]) -> Scenario:
    def api() -> Requests:
        for number, conversation_id in zip(count(), cycle(ids), strict=False):
            variables = {"id": global_id("Conversation", conversation_id), **_message(number)}
            body = orjson.dumps({"query": _SEND, "variables": variables})
            yield post("/graphql", world.token, body)

    def by_hand() -> Requests:
        for number, conversation_id in zip(count(), cycle(ids), strict=False):
            body = orjson.dumps({"id": str(conversation_id), **_message(number)})
            yield post("/send", world.token, body)

    return Scenario(name, title, api, by_hand, writes=True)


def _message(number: int) -> dict[str, str]:
    return {"text": f"Message {number} of the bench.", "key": uuid4().hex}
