"""MongoDB's half of the log: what is read from, written second."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from bson import Int64
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from app.chat.log import (
    ConversationRecord,
    LogEntry,
    MemberState,
    Series,
    Window,
    activity_key,
    slot,
)
from app.chat.mongo_documents import (
    conversation_document,
    conversation_record,
    entry_of,
    message_document,
    receipt_document,
    receipt_id,
    snapshot,
)
from app.errors import StoreUnavailable
from app.stores.mongo import Document, Mongo, put_newer, unavailable

# What a reader is shown: entries that PostgreSQL has too.
_CLEAN = {"dirty": False}

# A list of values costs a server a search each, and some of them the square of its length.
_LISTED = 500
_AT_ONCE = 8  # commands of one read under way

# What a change of how a member keeps a conversation changes.
_KEPT = ("is_archived", "muted_until", "pinned_at", "settings_version")
_BEGINNING = datetime.min.replace(tzinfo=UTC)
# What a change of what a conversation says of itself changes.
_DETAILS = ("title", "summary", "tags", "context", "metadata", "updated_at", "details_version")
# What a change of members changes.
_MEMBERS = ("participant_ids", "inbox_ids", "members_seq")


class SlotTaken(StoreUnavailable):
    """MongoDB holds another entry in this place: the two stores have diverged."""

    def __init__(self, entry: LogEntry) -> None:
        super().__init__("message")
        self.place = (entry.conversation_id, entry.seq)


class MongoLog:
    """The copy that serves reads.

    Args:
        mongo: The database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._messages = mongo.database["messages"]
        self._conversations = mongo.database["conversations"]
        self._receipts = mongo.database["receipts"]

    # -- writing

    async def insert(self, entry: LogEntry) -> None:
        """Hold an entry in its place; harmless if repeated.

        Raises:
            StoreUnavailable: MongoDB does not answer.
            SlotTaken: Another entry is in its place.
        """
        with unavailable():
            try:
                await self._messages.insert_one(message_document(entry))
            except DuplicateKeyError:
                held = await self._messages.find_one({"_id": entry.id}, {"seq": 1, "dirty": 1})
                if held is None or held["seq"] != entry.seq or held["dirty"]:
                    raise SlotTaken(entry) from None

    async def advance(self, entry: LogEntry, message: LogEntry | None = None) -> bool:
        """Move a conversation's head to an entry; it never moves back, and again is harmless.

        It was changed when the last of its entries came to be visible, and not when one was carried
        over once more.

        Args:
            entry: What is visible now.
            message: The message that it sent or changed, as it is now.

        Returns:
            Whether MongoDB knows the conversation.

        Raises:
            StoreUnavailable: MongoDB does not answer.
        """
        head: Document = {
            "last_seq": entry.seq,
            "changed_at": datetime.now(UTC),
            "total_tokens": entry.total_tokens,
        }
        if entry.is_activity:
            head["activity"] = activity_key(entry.conversation_id, entry.created_at)
        if entry.msg_no is not None:
            head["message_count"] = entry.msg_no
        if message is not None:
            # `$max` compares documents field by field, so the newest stays.
            head["last_message"] = snapshot(message)
        key = {"_id": entry.conversation_id}
        with unavailable():
            newer = key | {"last_seq": {"$lt": entry.seq}}
            if (await self._conversations.update_one(newer, {"$max": head})).matched_count:
                return True
            del head["changed_at"]
            return bool((await self._conversations.update_one(key, {"$max": head})).matched_count)

    async def put_conversation(self, row: Any, participants: list[int], members_seq: int) -> None:
        """Hold a conversation with its members as of a member entry; a later one's copy stays.

        Args:
            row: The conversation's row in PostgreSQL.
            participants: Who takes part.
            members_seq: The member entry's place.

        Raises:
            StoreUnavailable: MongoDB does not answer.
        """
        document = conversation_document(row, participants, members_seq)
        key, members = document.pop("_id"), {name: document.pop(name) for name in _MEMBERS}
        await put_newer(self._conversations, key, members, document, by="members_seq")

    async def put_details(self, row: Any) -> None:
        """Let a conversation say of itself what its row in PostgreSQL does; a later copy stays.

        Raises:
            StoreUnavailable: MongoDB does not answer.
        """
        document = conversation_document(row, [], 0)
        details = {name: document[name] for name in _DETAILS}
        await put_newer(self._conversations, row["id"], details, by="details_version", upsert=False)

    async def mark_read(
        self, conversation_id: UUID, user_id: int, msg_no: int, at: datetime
    ) -> None:
        """Move a user's receipt forward; it never moves back.

        Raises:
            StoreUnavailable: MongoDB does not answer.
        """
        read = {"read_msg_no": Int64(msg_no), "read_at": at}
        document = receipt_document(conversation_id, user_id, MemberState())
        key = document.pop("_id")
        first = {name: value for name, value in document.items() if name not in read}
        await put_newer(self._receipts, key, read, first, by="read_msg_no")

    async def put_member_state(
        self, conversation_id: UUID, user_id: int, state: MemberState
    ) -> None:
        """Hold how a user keeps a conversation as of a change; a later one's state stays.

        Raises:
            StoreUnavailable: MongoDB does not answer.
        """
        document = receipt_document(conversation_id, user_id, state)
        key, kept = document.pop("_id"), {name: document.pop(name) for name in _KEPT}
        unread = document | {"read_msg_no": Int64(0)}
        await put_newer(self._receipts, key, kept, unread, by="settings_version")

    # -- reading

    async def conversations(
        self, ids: Sequence[UUID], *, participant: int
    ) -> dict[UUID, ConversationRecord]:
        """Those of the conversations in which a user takes part."""
        rows = self._conversations.find({"_id": {"$in": list(ids)}, "participant_ids": participant})
        with unavailable():
            return {row["_id"]: conversation_record(row) for row in await rows.to_list()}

    async def entries(self, conversation_id: UUID, low: int, high: int) -> list[LogEntry]:
        """The entries from place `low` to place `high`, in order; a hole is just missing."""
        places = {"$gte": low, "$lte": high}
        query = {"conversation_id": conversation_id, "seq": places, **_CLEAN}
        with unavailable():
            rows = await self._messages.find(query).sort("seq", ASCENDING).to_list()
        return [entry_of(row) for row in rows]

    async def series(self, windows: Sequence[Window], series: Series) -> list[list[LogEntry]]:
        """Each window's entries, in order; a hole is just missing.

        One command for few messages, however many windows; one for each window for many.
        """
        wanted = [w for w in windows if w.low <= w.high]
        if len(wanted) > 1 and sum(len(w.numbers) for w in wanted) <= _LISTED:
            places = [slot(w.owner, n) for w in wanted for n in w.numbers]
            rows = await self._in_slots(series, {"$in": places})
        else:
            gate = asyncio.Semaphore(_AT_ONCE)
            pages = await asyncio.gather(*(self._in_window(w, series, gate) for w in wanted))
            rows = [row for page in pages for row in page]
        found: dict[UUID, list[LogEntry]] = defaultdict(list)
        for row in sorted(rows, key=itemgetter(series.slot)):
            found[UUID(bytes=row[series.slot][:16])].append(entry_of(row))
        return [[e for e in found[w.owner] if w.low <= series.number(e) <= w.high] for w in windows]

    async def _in_window(
        self, window: Window, series: Series, gate: asyncio.Semaphore
    ) -> list[Document]:
        low, high = (slot(window.owner, n) for n in (window.low, window.high))
        async with gate:
            return await self._in_slots(series, {"$gte": low, "$lte": high})

    async def _in_slots(self, series: Series, slots: Document) -> list[Document]:
        with unavailable():
            return await self._messages.find({series.slot: slots, **_CLEAN}).to_list()

    async def entries_by_ids(self, ids: Sequence[UUID]) -> dict[UUID, LogEntry]:
        """The entries with these ids."""
        with unavailable():
            rows = await self._messages.find({"_id": {"$in": list(ids)}, **_CLEAN}).to_list()
        return {row["_id"]: entry_of(row) for row in rows}

    async def heads(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """The last place of each conversation."""
        rows = self._conversations.find({"_id": {"$in": list(ids)}}, {"last_seq": 1})
        with unavailable():
            return {row["_id"]: row["last_seq"] for row in await rows.to_list()}

    async def receipts(self, ids: Sequence[UUID]) -> dict[UUID, list[tuple[int, int]]]:
        """Pairs of user and last message read, by conversation, in the order of the users."""
        fields = {"conversation_id": 1, "user_id": 1, "read_msg_no": 1}
        rows = self._receipts.find({"conversation_id": {"$in": list(ids)}}, fields)
        found: dict[UUID, list[tuple[int, int]]] = defaultdict(list)
        with unavailable():
            for row in sorted(await rows.to_list(), key=itemgetter("user_id")):
                found[row["conversation_id"]].append((row["user_id"], row["read_msg_no"]))
        return found

    async def member_states(self, ids: Sequence[UUID], user_id: int) -> dict[UUID, MemberState]:
        """What is a user's own of each conversation, as far as there is anything."""
        keys = [receipt_id(i, user_id) for i in ids]
        with unavailable():
            rows = await self._receipts.find({"_id": {"$in": keys}}).to_list()
        names = ("read_msg_no", *_KEPT)
        return {row["conversation_id"]: MemberState(*(row[n] for n in names)) for row in rows}

    async def pinned_by(self, user_id: int) -> list[UUID]:
        """What a user has pinned, the latest first, also what they no longer take part in."""
        query = {"user_id": user_id, "pinned_at": {"$gt": _BEGINNING}}
        rows = self._receipts.find(query, {"conversation_id": 1}).sort("pinned_at", DESCENDING)
        with unavailable():
            return [row["conversation_id"] for row in await rows.to_list()]
