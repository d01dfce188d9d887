"""A seed's conversations as both stores hold them: rows for COPY, documents for MongoDB."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from bson import Int64

from app.chat.log import ENTRY_FIELDS, LogEntry, MemberState, activity_key
from app.chat.mongo_documents import (
    conversation_document,
    inbox_ids,
    message_document,
    receipt_document,
    snapshot,
)
from app.seeds.relations import Row
from app.seeds.talks import FilledTalk
from app.stores.mongo import Document

COLUMNS: dict[str, Sequence[str]] = {
    "conversations": ["id", "kind", "group_id", "created_by", "title", "created_at", "updated_at"],
    "conversation_heads": (
        ["conversation_id", "last_seq", "last_msg_no", "last_activity_at", "total_tokens"]
    ),
    "conversation_members": (
        ["conversation_id", "user_id", "joined_seq", "read_msg_no", "read_at", "joined_at"]
    ),
    "messages": [*ENTRY_FIELDS, "group_id"],
    "mirror_pending": ["conversation_id", "seq", "epoch"],
}


_JSON = ("attachments", "metadata")


@dataclass(slots=True)
class Batch:
    """Some conversations, in both stores' terms.

    Attributes:
        rows: By table, in the order in which they refer to each other.
        newest: Pairs of group and its last message.
        conversations: Documents, as are the crowds, the messages and the receipts.
    """

    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in COLUMNS})
    newest: list[Row] = field(default_factory=list)
    conversations: list[Document] = field(default_factory=list)
    crowds: list[Document] = field(default_factory=list)
    messages: list[Document] = field(default_factory=list)
    receipts: list[Document] = field(default_factory=list)

    def add(self, filled: FilledTalk) -> None:
        """Add a conversation with everything that belongs to it."""
        talk, entries, last = filled.talk, filled.entries, filled.last_message
        end = entries[-1].created_at
        self.rows["conversations"].append(
            (
                talk.id,
                talk.kind,
                talk.group_id,
                talk.members[0],
                talk.title,
                talk.started_at,
                talk.started_at,
            )
        )
        self.rows["conversation_heads"].append(
            (talk.id, len(entries), talk.messages, end, entries[-1].total_tokens)
        )
        for user, seq in filled.joined.items():
            read = filled.read.get(user, 0)
            at = entries[max(seq - 1, 0)].created_at
            self.rows["conversation_members"].append(
                (talk.id, user, seq, read, end if read else None, at)
            )
        self.rows["messages"] += [(*_entry_row(entry), talk.group_id) for entry in entries]
        self.rows["mirror_pending"] += [(talk.id, e.seq, e.epoch) for e in entries]
        if talk.group_id and last:
            self.newest.append((talk.group_id, last.id))
        self.conversations.append(_conversation(filled, end))
        if not inbox_ids(talk.members):
            self.crowds.append(_crowd(filled, end))
        self.messages += [message_document(entry) for entry in entries]
        self.receipts += [_receipt(filled, user, read, end) for user, read in filled.read.items()]


def _entry_row(entry: LogEntry) -> Row:
    return tuple(
        orjson.dumps(value).decode() if name in _JSON else value
        for name, value in ((name, getattr(entry, name)) for name in ENTRY_FIELDS)
    )


def _conversation(filled: FilledTalk, end: datetime) -> Document:
    talk, last = filled.talk, filled.last_message
    row: dict[str, Any] = {
        "id": talk.id,
        "kind": talk.kind.value,
        "group_id": talk.group_id,
        "created_by": talk.members[0],
        "title": talk.title,
        "summary": None,
        "tags": [],
        "context": {},
        "metadata": {},
        "details_version": 0,
        "created_at": talk.started_at,
        "updated_at": talk.started_at,
    }
    head = {
        "message_count": Int64(talk.messages),
        "total_tokens": Int64(filled.entries[-1].total_tokens),
        "last_seq": Int64(len(filled.entries)),
        "activity": activity_key(talk.id, end),
        "changed_at": end,
        "last_message": last and snapshot(last),
    }
    return conversation_document(row, sorted(talk.members), filled.members_seq) | head


def _crowd(filled: FilledTalk, end: datetime) -> Document:
    return {
        "_id": filled.talk.id,
        "participant_ids": sorted(filled.talk.members),
        "members_seq": filled.members_seq,
        "changed_at": end,
    }


def _receipt(filled: FilledTalk, user: int, read: int, at: datetime) -> Document:
    return receipt_document(filled.talk.id, user, MemberState(read), at)
