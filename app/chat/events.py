"""What is published when the log has grown: a hint that carries the entry itself.

That somebody has read is published too. It is no entry of the log: who misses it finds it in the
store.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from app.bus import Bus
from app.chat.log import ENTRY_FIELDS, LogEntry
from app.chat.models import EntryKind, MessageRole

# After a conversation's id: that what changed is the user's own and not in the log.
OWN = b"own"


def conversation_channel(conversation_id: UUID) -> str:
    """Where a conversation's entries are published."""
    return f"conversation:{conversation_id.hex}"


def user_channel(user_id: int) -> str:
    """Where it is published how a user's inbox changes, otherwise than by a conversation's log."""
    return f"user:{user_id}"


async def publish_entry(bus: Bus, entry: LogEntry) -> None:
    """Tell every process that an entry is visible."""
    await bus.publish(conversation_channel(entry.conversation_id), encode_entry(entry))


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a user has read a conversation up to the message with a number."""

    user_id: int
    msg_no: int


async def publish_receipt(bus: Bus, conversation_id: UUID, receipt: Receipt) -> None:
    """Tell who follows a conversation that somebody has read, and the reader's own inboxes."""
    await bus.publish(conversation_channel(conversation_id), orjson.dumps(receipt))
    await publish_own_change(bus, receipt.user_id, conversation_id)


async def publish_membership(bus: Bus, user_id: int, conversation_id: UUID) -> None:
    """Tell a user's streams that a conversation is theirs, or no longer."""
    await bus.publish(user_channel(user_id), conversation_id.bytes)


async def publish_own_change(bus: Bus, user_id: int, conversation_id: UUID) -> None:
    """Tell a user's streams that they have read a conversation on, or keep it otherwise."""
    await bus.publish(user_channel(user_id), conversation_id.bytes + OWN)


def encode_entry(entry: LogEntry) -> bytes:
    """An entry as a JSON object."""
    # asyncpg has a UUID type of its own, which orjson gives to `default`.
    return orjson.dumps({name: getattr(entry, name) for name in ENTRY_FIELDS}, default=str)


def decode_hint(payload: bytes) -> LogEntry | Receipt:
    """The entry or the receipt that was published.

    Raises:
        ValueError, TypeError, KeyError: Neither, or one of another release.
    """
    values: dict[str, Any] = orjson.loads(payload)
    if values.keys() == {"user_id", "msg_no"}:
        return Receipt(**values)
    for name in ("id", "conversation_id", "target_id", "reply_to_id", "thread_id"):
        values[name] = UUID(values[name]) if values[name] else None
    for name in ("created_at", "updated_at", "edited_at"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    return LogEntry(
        **values | {"kind": EntryKind(values["kind"]), "role": MessageRole(values["role"])}
    )
