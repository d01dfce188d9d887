"""The documents of the live streams, and how to know that one has begun."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from app.api.ids import uuid_of
from app.chat.events import user_channel
from app.chat.live import Feed
from app.chat.queries import message_cursor
from app.presence import scripts
from app.services import Services
from app.users import guard
from tests.client import Stream
from tests.factories import Person

# What a process hears while nobody has a stream: ended sessions, and who is there.
STANDING = {guard.CHANNEL, scripts.CHANNEL}

EVENTS = """subscription($id: ID!, $after: String) {
  conversationEvents(conversationId: $id, after: $after) {
    __typename cursor seq
    ... on MessageSent { message { text sender { name } } }
    ... on MembersChanged { actor { name } added { name } removed { name } } } }"""

INBOX = """subscription($after: String) {
  inbox(after: $after) {
    cursor conversationId conversation { id messageCount unreadCount lastMessage { text } } } }"""


def start(conversation_id: str) -> str:
    """Before everything in a conversation's log."""
    return message_cursor(uuid_of(conversation_id, "Conversation", field=[]), 0, 0)


def summary(event: dict[str, Any]) -> tuple[int, str]:
    """An event's place, and what it says in a line."""
    if event["__typename"] == "MessageSent":
        return event["seq"], event["message"]["text"]
    if event["__typename"] == "MembersChanged":
        added = [f"+{user['name']}" for user in event["added"]]
        removed = [f"-{user['name']}" for user in event["removed"]]
        return event["seq"], " ".join(added + removed)
    return event["seq"], event["__typename"]


async def resumed(person: Person, conversation_id: str, after: str, count: int) -> list[Any]:
    """What a stream tells after a cursor: this many events, and then nothing."""
    async with person.client.subscribe(EVENTS, id=conversation_id, after=after) as stream:
        events = await stream.take(count)
        assert await stream.is_silent(0.05)
    return [summary(event) for event in events]


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for something that must become true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - anything may be asked for
            await asyncio.sleep(0.01)


async def is_followed(services: Services, *conversation_ids: str) -> None:
    """Wait until streams hear these conversations, and know where they stand."""
    feeds = services.live._feeds
    for conversation_id in conversation_ids:
        key = uuid_of(conversation_id, "Conversation", field=[])
        await until(partial(_is_placed, feeds, key))


def _is_placed(feeds: dict[UUID, Feed], key: UUID) -> bool:
    return key in feeds and feeds[key].last_seq > 0


async def is_inbox_open(services: Services, person: Person) -> None:
    """Wait until an inbox hears of a user's new conversations."""
    channel = user_channel(person.user_id)
    await until(lambda: services.bus._confirmed.get(channel, asyncio.Event()).is_set())


async def errors(stream: Stream) -> list[tuple[str, list[str] | None]]:
    """The codes and fields of the errors that end a stream."""
    message = await stream.end()
    assert message["type"] == "error", message
    return [
        (error["extensions"]["code"], error["extensions"].get("field"))
        for error in message["payload"]
    ]
