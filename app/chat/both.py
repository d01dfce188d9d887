"""The message store while both databases are up: PostgreSQL first, MongoDB read from.

What is visible is in both. A place that MongoDB misses is in PostgreSQL, and whoever needs it
carries it over; the sweeper carries over what nobody asks for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.chat import postgres_log
from app.chat.log import (
    ConversationRecord,
    LogEntry,
    MemberState,
    Mention,
    Reaction,
    Series,
    Window,
)
from app.chat.mirror import Mirror
from app.chat.models import ConversationMember, EntryKind, StoreMode
from app.chat.mongo_changes import MongoChanges
from app.chat.mongo_inbox import MongoInbox
from app.chat.mongo_log import MongoLog, SlotTaken
from app.chat.postgres_log import PostgresLog, StaleMode, StoresMode
from app.errors import StoreUnavailable
from app.stores.mongo import Mongo
from app.stores.postgres import Postgres
from app.tasks import stop

_log = logging.getLogger(__name__)

_ATTEMPTS = 3
_CHANGING = (EntryKind.EDIT, EntryKind.DELETE)
# How many of this process's sends are in PostgreSQL for one conversation: one writes and one waits
# for the head's lock. More would wait on connections that other conversations need.
_AT_ONCE = 2
_FORGET_EVERY = 0.1  # seconds: pending rows are deleted in batches
_SWEEP_EVERY = 2.0  # seconds
_SWEEP_AGE = timedelta(seconds=2)
_SWEEP_BATCH = 500


class BothStores:
    """A `MessageStore` in the protocol's BOTH mode.

    Args:
        main: PostgreSQL's main database.
        mongo: MongoDB.
    """

    def __init__(self, main: Postgres, mongo: Mongo) -> None:
        self._main = main
        self._postgres = PostgresLog(main)
        self._mongo = MongoLog(mongo)
        self._inboxes = MongoInbox(mongo)
        self._changes = MongoChanges(mongo)
        self._mirror = Mirror(self._postgres, self._mongo, mongo)
        self._mode: StoresMode | None = None
        self._mirrored: list[tuple[UUID, int]] = []
        self._turns: WeakValueDictionary[UUID, asyncio.Semaphore] = WeakValueDictionary()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to delete pending rows and to sweep, in the background."""
        self._tasks = [
            asyncio.create_task(_every(_FORGET_EVERY, self._forget)),
            asyncio.create_task(_every(_SWEEP_EVERY, self.sweep)),
        ]

    async def close(self) -> None:
        """Stop the background work, and delete the pending rows that remain."""
        await stop(self._tasks)
        try:
            await self._forget()
        except StoreUnavailable:
            _log.warning("pending rows remain: PostgreSQL does not answer")

    # -- writing

    async def append(
        self, tx: AsyncConnection, entry: LogEntry, *, member: int | None = None
    ) -> LogEntry:
        """See `MessageStore`.

        Raises:
            NotFound: There is no such conversation, or `member` does not take part in it.
        """
        try:
            return await postgres_log.append(tx, entry, await self._current_mode(), member=member)
        except StaleMode:
            self._mode = None
            raise

    async def publish(self, entries: Sequence[LogEntry]) -> None:
        """See `MessageStore`."""
        for entry in entries:
            await self._show(entry)

    async def send(self, entry: LogEntry, *, member: int) -> LogEntry:
        """See `MessageStore`.

        Raises:
            NotFound: There is no such conversation, or `member` does not take part in it.
            StoreUnavailable: Not acknowledged: it may or may not be stored, and a retry with the
                same id makes it one.
        """
        turns = self._turns.setdefault(entry.conversation_id, asyncio.Semaphore(_AT_ONCE))
        for _ in range(_ATTEMPTS):
            try:
                async with turns, self._main.begin() as tx:
                    placed = await self.append(tx, entry, member=member)
            except StaleMode:
                continue
            await self._show(placed)
            return placed
        raise StoreUnavailable("message")

    async def mark_read(self, conversation_id: UUID, user_id: int, msg_no: int) -> bool:
        """See `MessageStore`."""
        row, now = ConversationMember, datetime.now(UTC)
        async with self._main.begin() as tx:
            moved = await tx.execute(
                update(row)
                .where(row.conversation_id == conversation_id, row.user_id == user_id)
                .where(row.read_msg_no < msg_no)
                .values(read_msg_no=msg_no, read_at=now)
            )
        await self._mongo.mark_read(conversation_id, user_id, msg_no, now)
        return moved.rowcount > 0

    async def _current_mode(self) -> StoresMode:
        if self._mode is None:
            mode = await self._postgres.mode()
            if mode.mode is not StoreMode.BOTH:
                raise StoreUnavailable("message")
            self._mode = mode
        return self._mode

    async def _show(self, entry: LogEntry) -> None:
        await self._mirror.carry(entry)
        self._mirrored.append((entry.conversation_id, entry.seq))

    async def _forget(self) -> None:
        places, self._mirrored = self._mirrored, []
        if not places:
            return
        try:
            await self._postgres.mirrored(places)
        except StoreUnavailable:
            self._mirrored += places
            raise

    async def sweep(self) -> None:
        """Carry over what has waited: its writer died, or MongoDB did."""
        places = await self._postgres.pending(older_than=_SWEEP_AGE, limit=_SWEEP_BATCH)
        for conversation_id, seq in places:
            for entry in await self._postgres.entries(conversation_id, [seq]):
                try:
                    await self._show(entry)
                except SlotTaken:
                    _log.exception("%s at %d differs between the stores", conversation_id, seq)
                except StoreUnavailable:
                    raise
                except Exception:  # noqa: BLE001 - logged, and the later ones do not wait for it
                    _log.exception("%s at %d cannot be carried over", conversation_id, seq)
        if places:
            _log.info("carried %d pending entries over to MongoDB", len(places))

    # -- reading

    async def conversations(
        self, ids: Sequence[UUID], *, participant: int
    ) -> dict[UUID, ConversationRecord]:
        """See `MessageStore`."""
        return await self._mongo.conversations(ids, participant=participant)

    async def inbox(
        self,
        participants: Sequence[int],
        filters: Mapping[str, Any],
        *,
        limit: int,
        among: Sequence[UUID] | None = None,
        descending: bool = True,
        beyond: str | None = None,
    ) -> list[ConversationRecord]:
        """See `MessageStore`."""
        return await self._inboxes.page(
            participants, filters, limit=limit, among=among, descending=descending, beyond=beyond
        )

    async def entries(self, conversation_id: UUID, low: int, high: int) -> list[LogEntry]:
        """See `MessageStore`."""
        held = await self._mongo.entries(conversation_id, low, high)
        ahead = await self._ahead(held)
        found = {entry.seq: entry for entry in held if entry.seq not in ahead}
        missing = [seq for seq in range(low, high + 1) if seq not in found]
        if missing:
            with suppress(StoreUnavailable):  # then what is read ends at the hole
                for entry in await self._postgres.entries(conversation_id, missing):
                    await self._show(entry)
                    found[entry.seq] = entry
        whole = takewhile(found.__contains__, range(low, high + 1))
        return [found[seq] for seq in whole]

    async def _ahead(self, entries: Sequence[LogEntry]) -> set[int]:
        """The places of edits and deletes that their messages do not show yet."""
        targets = {e.seq: e.target_id for e in entries if e.kind in _CHANGING and e.target_id}
        if not targets:
            return set()
        shown = await self._changes.versions(list(set(targets.values())))
        return {seq for seq, target in targets.items() if shown.get(target, 0) < seq}

    async def series(self, series: Series, windows: Sequence[Window]) -> list[list[LogEntry]]:
        """See `MessageStore`."""
        pages = await self._mongo.series(windows, series)
        return [
            page if len(page) == len(w.numbers) else await self._complete(series, w, page)
            for w, page in zip(windows, pages, strict=True)
        ]

    async def _complete(
        self, series: Series, window: Window, page: list[LogEntry]
    ) -> list[LogEntry]:
        found = {series.number(entry): entry for entry in page}
        numbers = [n for n in window.numbers if n not in found]
        missing = Window(window.owner, min(numbers), max(numbers))
        with suppress(StoreUnavailable):  # then what is read ends at the hole
            for entry in await self._postgres.series(missing, series):
                if series.number(entry) not in found:
                    await self._show(entry)
                    found[series.number(entry)] = entry
        return [found[n] for n in takewhile(found.__contains__, window.numbers)]

    async def entries_by_ids(self, ids: Sequence[UUID]) -> dict[UUID, LogEntry]:
        """See `MessageStore`."""
        found = await self._mongo.entries_by_ids(ids)
        missing = [i for i in ids if i not in found]
        if missing:
            # A conversation's head may name a message a moment before MongoDB holds it.
            with suppress(StoreUnavailable):
                for entry in await self._postgres.entries_by_ids(missing):
                    await self._show(entry)
                    found[entry.id] = entry
        return found

    async def heads(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """See `MessageStore`."""
        return await self._mongo.heads(ids)

    async def active_since(
        self, participants: Sequence[int], since: datetime
    ) -> list[tuple[UUID, list[int]]]:
        """See `MessageStore`."""
        return await self._inboxes.active_since(participants, since)

    async def left_since(self, user_id: int, since: datetime) -> list[UUID]:
        """See `MessageStore`."""
        with suppress(StoreUnavailable):
            return await self._postgres.left_since(user_id, since)
        return []

    async def receipts(self, ids: Sequence[UUID]) -> dict[UUID, list[tuple[int, int]]]:
        """See `MessageStore`."""
        return await self._mongo.receipts(ids)

    async def member_states(self, ids: Sequence[UUID], user_id: int) -> dict[UUID, MemberState]:
        """See `MessageStore`."""
        return await self._mongo.member_states(ids, user_id)

    async def put_member_state(
        self, conversation_id: UUID, user_id: int, state: MemberState
    ) -> None:
        """See `MessageStore`."""
        await self._mongo.put_member_state(conversation_id, user_id, state)

    async def pinned_by(self, user_id: int) -> list[UUID]:
        """See `MessageStore`."""
        return await self._mongo.pinned_by(user_id)

    async def reactions(
        self, message_ids: Sequence[UUID], viewer: int | None
    ) -> dict[UUID, list[Reaction]]:
        """See `MessageStore`."""
        return await self._changes.reactions(message_ids, viewer)

    async def reactors(
        self,
        message_ids: Sequence[UUID],
        *,
        limit: int,
        descending: bool = False,
        beyond: int | None = None,
    ) -> dict[tuple[UUID, str], list[int]]:
        """See `MessageStore`."""
        return await self._changes.reactors(
            message_ids, limit=limit, descending=descending, beyond=beyond
        )

    async def pins(self, ids: Sequence[UUID]) -> dict[UUID, list[tuple[int, UUID]]]:
        """See `MessageStore`."""
        return await self._changes.pins(ids)

    async def mentions(
        self, user_id: int, *, limit: int, descending: bool = True, beyond: str | None = None
    ) -> list[Mention]:
        """See `MessageStore`."""
        return await self._changes.mentions(
            user_id, limit=limit, descending=descending, beyond=beyond
        )

    async def mention_numbers(
        self, ids: Sequence[UUID], user_id: int, after: int
    ) -> dict[UUID, list[int]]:
        """See `MessageStore`."""
        return await self._changes.mention_numbers(ids, user_id, after)


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except StoreUnavailable as error:
            _log.warning("%s; it is tried again", error)
        except Exception:  # noqa: BLE001 - logged, and the others go on
            _log.exception("background work failed; it is tried again")
