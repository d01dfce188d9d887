"""What edits, deletes, reactions and pins come to in PostgreSQL, in the transaction of their entry.

The conversation's head is locked meanwhile, so that they are applied in the order of the log.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.chat.log import LogEntry
from app.chat.models import EntryKind, Message, MessagePin, MessageReaction
from app.chat.postgres_log import ENTRY_COLUMNS, entry_of

# What is left of what was said; `extra` is the metadata.
_BLANK: dict[str, Any] = {
    "text": None,
    "attachments": [],
    "extra": {},
    "mention_ids": [],
    "mentions_everyone": False,
}


async def entry_in(tx: AsyncConnection, entry_id: UUID) -> LogEntry:
    """An entry as it stands in a transaction that found its id."""
    found = await tx.execute(select(*ENTRY_COLUMNS).where(Message.id == entry_id))
    return entry_of(found.one())


async def emojis_in(tx: AsyncConnection, message_id: UUID) -> set[str]:
    """The emojis that a message has."""
    emojis = select(MessageReaction.emoji).filter_by(message_id=message_id).distinct()
    return set(await tx.scalars(emojis))


async def has_reacted(tx: AsyncConnection, message_id: UUID, user_id: int, emoji: str) -> bool:
    """Whether a user reacts to a message with an emoji."""
    key = {"message_id": message_id, "user_id": user_id, "emoji": emoji}
    return await tx.scalar(select(MessageReaction.seq).filter_by(**key)) is not None


async def pins_in(tx: AsyncConnection, conversation_id: UUID) -> set[UUID]:
    """The messages that are pinned in a conversation."""
    pinned = select(MessagePin.message_id).filter_by(conversation_id=conversation_id)
    return set(await tx.scalars(pinned))


async def apply_change(tx: AsyncConnection, change: LogEntry) -> None:
    """Let a change, which has its place, take effect on its message."""
    match change.kind:
        case EntryKind.EDIT:
            await _change_message(
                tx,
                change,
                text=change.text,
                attachments=change.attachments,
                mention_ids=change.mention_ids,
                mentions_everyone=change.mentions_everyone,
                edited_at=change.created_at,
            )
        case EntryKind.DELETE:
            await _change_message(tx, change, **_BLANK, deleted=True)
            edits = update(Message).filter_by(target_id=change.target_id, kind=EntryKind.EDIT)
            await tx.execute(edits.values(_BLANK))
            for table in (MessageReaction, MessagePin):
                await tx.execute(delete(table).where(table.message_id == change.target_id))
        case EntryKind.REACTION:
            await _react(tx, change)
        case EntryKind.PIN:
            await _pin(tx, change)


async def _change_message(tx: AsyncConnection, change: LogEntry, **values: Any) -> None:
    await tx.execute(
        update(Message)
        .where(Message.id == change.target_id, Message.version < change.seq)
        .values(version=change.seq, updated_at=change.created_at, **values)
    )


async def _react(tx: AsyncConnection, change: LogEntry) -> None:
    key = {
        "message_id": change.target_id,
        "user_id": change.sender_id,
        "emoji": change.metadata["emoji"],
    }
    if change.metadata["removed"]:
        await tx.execute(delete(MessageReaction).filter_by(**key))
    else:
        await tx.execute(insert(MessageReaction).values(**key, seq=change.seq))


async def _pin(tx: AsyncConnection, change: LogEntry) -> None:
    if change.metadata["removed"]:
        await tx.execute(delete(MessagePin).filter_by(message_id=change.target_id))
        return
    row = {"message_id": change.target_id, "conversation_id": change.conversation_id}
    await tx.execute(insert(MessagePin).values(**row, seq=change.seq))
