"""The log's terms and MongoDB's documents: what is written, and how it is read back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bson import Int64

from app.chat.log import (
    ConversationRecord,
    LogEntry,
    MemberState,
    activity_key,
    place_of,
    slot,
    slot_of,
)
from app.chat.models import ConversationKind, EntryKind, MessageRole
from app.stores.mongo import Document

# With more members than these, a conversation is a crowd, which no index follows through its sends.
_FEW = 32


def snapshot(message: LogEntry) -> Document:
    """A message as its conversation holds the last one: the fields of `LastMessage`, in order."""
    return {
        "seq": Int64(message.seq),
        "version": Int64(message.version),
        "id": message.id,
        "msg_no": message.msg_no,
        "sender_id": message.sender_id,
        "text": message.text,
        "created_at": message.created_at,
    }


def message_document(entry: LogEntry) -> Document:
    """An entry as its collection holds it: the fields of `MessageDocument`."""
    document = {
        "_id": entry.id,
        "conversation_id": entry.conversation_id,
        "seq": Int64(entry.seq),
        "msg_no": None if entry.msg_no is None else Int64(entry.msg_no),
        "slot": None if entry.msg_no is None else slot(entry.conversation_id, entry.msg_no),
        "kind": entry.kind.value,
        "target_id": entry.target_id,
        "sender_id": entry.sender_id,
        "client_key": entry.client_key,
        "role": entry.role.value,
        "text": entry.text,
        "attachments": entry.attachments,
        "model": entry.model,
        "provider": entry.provider,
        "tokens": entry.tokens,
        "metadata": entry.metadata,
        "deleted": entry.deleted,
        "version": Int64(entry.version),
        "dirty": False,
        "era": Int64(entry.epoch),
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
    }
    optional = {
        "reply_to_id": entry.reply_to_id,
        "thread_slot": slot_of(entry.thread_id, entry.thread_no),
        "edit_slot": slot_of(entry.target_id, entry.edit_no),
        "reply_count": Int64(entry.reply_count),
        "edit_count": Int64(entry.edit_count),
        "mention_ids": entry.mention_ids,
        "mentions_everyone": entry.mentions_everyone,
        "edited_at": entry.edited_at,
    }
    return document | {name: value for name, value in optional.items() if value}


def inbox_ids(participants: list[int]) -> list[int]:
    """By whom a conversation is found in the order of its activity: all, or none of a crowd."""
    return participants if len(participants) <= _FEW else []


def conversation_document(row: Any, participants: list[int], members_seq: int) -> Document:
    """A conversation as its collection holds it: the fields of `ConversationDocument`."""
    return {
        "_id": row["id"],
        "kind": row["kind"],
        "group_id": row["group_id"],
        "user_id": row["created_by"],
        "participant_ids": participants,
        "inbox_ids": inbox_ids(participants),
        "title": row["title"],
        "summary": row["summary"],
        "tags": list(row["tags"]),
        "context": row["context"],
        "metadata": row["metadata"],
        "details_version": Int64(row["details_version"]),
        "message_count": Int64(0),
        "total_tokens": Int64(0),
        "last_seq": Int64(0),
        "last_message": None,
        "activity": activity_key(row["id"], row["created_at"]),
        "changed_at": datetime.now(UTC),
        "members_seq": Int64(members_seq),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def receipt_document(
    conversation_id: UUID, user_id: int, state: MemberState, read_at: datetime | None = None
) -> Document:
    """What is a user's own, as its collection holds it: the fields of `ReceiptDocument`."""
    return {
        "_id": receipt_id(conversation_id, user_id),
        "conversation_id": conversation_id,
        "user_id": user_id,
        "read_msg_no": Int64(state.read_msg_no),
        "read_at": read_at,
        "is_archived": state.is_archived,
        "muted_until": state.muted_until,
        "pinned_at": state.pinned_at,
        "settings_version": Int64(state.settings_version),
    }


def entry_of(row: Document) -> LogEntry:
    """An entry as its collection holds it, in the log's terms."""
    thread_id, thread_no = place_of(row.get("thread_slot"))
    _, edit_no = place_of(row.get("edit_slot"))
    return LogEntry(
        row["_id"],
        row["conversation_id"],
        EntryKind(row["kind"]),
        row["sender_id"],
        row["seq"],
        row["msg_no"],
        row["client_key"],
        row["target_id"],
        MessageRole(row["role"]),
        row["text"],
        row["attachments"],
        row["model"],
        row["provider"],
        row["tokens"],
        row["metadata"],
        row["deleted"],
        row["version"],
        row["era"],
        row["created_at"],
        row["updated_at"],
        row.get("reply_to_id"),
        thread_id,
        thread_no,
        row.get("reply_count", 0),
        edit_no,
        row.get("edit_count", 0),
        row.get("mention_ids", []),
        row.get("mentions_everyone", False),
        row.get("edited_at"),
    )


def conversation_record(row: Document) -> ConversationRecord:
    """A conversation as its collection holds it, in the log's terms."""
    last = row["last_message"]
    return ConversationRecord(
        row["_id"],
        ConversationKind(row["kind"]),
        row["group_id"],
        row["user_id"],
        row["participant_ids"],
        row["title"],
        row["summary"],
        row["tags"],
        row["context"],
        row["metadata"],
        row["message_count"],
        row["total_tokens"],
        row["last_seq"],
        last["id"] if last else None,
        row["members_seq"],
        row["details_version"],
        row["activity"],
        row["changed_at"],
        row["created_at"],
        row["updated_at"],
    )


def receipt_id(conversation_id: UUID, user_id: int) -> str:
    """The id of how far a user has read a conversation."""
    return f"{conversation_id.hex}:{user_id}"
