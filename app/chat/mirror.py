"""Carries entries over from PostgreSQL to MongoDB, with all that follows from them.

Any process may carry any entry, in any order and more than once: what comes out is the same. A
change stands in its place before anything follows from it, and the conversation's head comes to it
last.
"""

import asyncio
from uuid import UUID

from app.chat.log import LogEntry
from app.chat.models import EntryKind
from app.chat.mongo_changes import MongoChanges
from app.chat.mongo_inbox import MongoInbox
from app.chat.mongo_log import MongoLog
from app.chat.postgres_log import PostgresLog
from app.stores.mongo import Mongo


class Mirror:
    """What makes an entry visible.

    Args:
        postgres: Where entries come from.
        log: Where they go.
        mongo: The database for what follows from them.
    """

    def __init__(self, postgres: PostgresLog, log: MongoLog, mongo: Mongo) -> None:
        self._postgres = postgres
        self._log = log
        self._changes = MongoChanges(mongo)
        self._inboxes = MongoInbox(mongo)

    async def carry(self, entry: LogEntry) -> None:
        """Let MongoDB show an entry that is committed in PostgreSQL.

        Raises:
            StoreUnavailable: A store does not answer; it is safe to try again.
            SlotTaken: MongoDB has another entry in its place.
        """
        if entry.kind is EntryKind.MEMBER:
            await self._carry_conversation(entry.conversation_id, entry.seq)
        message: LogEntry | None = None
        if entry.is_message:
            message = entry
            _, _, known = await asyncio.gather(
                self._log.insert(entry), self._read_own(entry), self._log.advance(entry, message)
            )
            await self._follow_message(entry)
        else:
            await self._log.insert(entry)
            message = await self._follow_change(entry)
            known = await self._log.advance(entry, message)
        if not known:
            await self._carry_conversation(entry.conversation_id, 0)
            await self._log.advance(entry, message)

    async def _follow_message(self, message: LogEntry) -> None:
        if message.mention_ids:
            await self._changes.mention(message)
        if message.thread_id is not None and not await self._changes.count_reply(message):
            await self._carry_by_id(message.thread_id)
            await self._changes.count_reply(message)

    async def _follow_change(self, change: LogEntry) -> LogEntry | None:
        """The message that was changed, as it is then; None where none was."""
        if change.kind is EntryKind.DETAILS:
            found = await self._postgres.conversation(change.conversation_id)
            if found is not None:
                await self._log.put_details(found[0])
        target = change.target_id
        if target is None:
            return None
        if change.kind is EntryKind.REACTION:
            await self._changes.react(target, change)
        elif change.kind is EntryKind.PIN:
            await self._changes.pin(target, change)
        elif change.kind in (EntryKind.EDIT, EntryKind.DELETE):
            message = await self._changes.change(change)
            if message is None:
                await self._carry_by_id(target)
                message = await self._changes.change(change)
            if message is not None:
                await self._changes.mention(message)
            return message
        return None

    async def _carry_by_id(self, entry_id: UUID) -> None:
        for entry in await self._postgres.entries_by_ids([entry_id]):
            await self.carry(entry)

    async def _read_own(self, entry: LogEntry) -> None:
        # Sending marks one's own as read; PostgreSQL has done so with the entry.
        if entry.msg_no is not None and entry.sender_id is not None:
            await self._log.mark_read(
                entry.conversation_id, entry.sender_id, entry.msg_no, entry.created_at
            )

    async def _carry_conversation(self, conversation_id: UUID, members_seq: int) -> None:
        found = await self._postgres.conversation(conversation_id)
        if found is not None:
            await self._inboxes.put_members(conversation_id, found[1], members_seq)
            await self._log.put_conversation(*found, members_seq)
