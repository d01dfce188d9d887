"""An index holds all that is told of a message's reactions, which may be thousands."""

from typing import Any

from pymongo import ASCENDING
from pymongo.asynchronous.database import AsyncDatabase

_REACTED = [(name, ASCENDING) for name in ("message_id", "removed", "emoji", "user_id", "seq")]


async def up(db: AsyncDatabase[dict[str, Any]]) -> None:
    """Let it take the place of the one by message."""
    await db["reactions"].create_index(_REACTED, name="reacted")
    await _drop(db, "message_id")


async def down(db: AsyncDatabase[dict[str, Any]]) -> None:
    """Have the one by message again."""
    await db["reactions"].create_index([("message_id", ASCENDING)], name="message_id")
    await _drop(db, "reacted")


async def _drop(db: AsyncDatabase[dict[str, Any]], name: str) -> None:
    if name in await db["reactions"].index_information():
        await db["reactions"].drop_index(name)
