"""The live streams: first what the log holds beyond a cursor, then what is heard, no seam between.

A stream listens before it reads, and orders by the log's own dense numbers: what comes by both
ways comes once.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.chat.conversation_events import (
    ConversationEvent,
    MembersChanged,
    ReceiptChanged,
    RefetchNeeded,
    event_of,
)
from app.chat.events import Receipt
from app.chat.live import OVERLAP, Feed, Live
from app.chat.log import ConversationRecord, LogEntry, milliseconds
from app.chat.queries import conversations_by_ids, message_cursor, parse_message_cursor
from app.chat.store import MessageStore
from app.errors import InvalidCursor, NotFound
from app.paging import decode_cursor, encode_cursor, parse_int
from app.viewer import Viewer

_BATCH = 200  # entries read at once
_BACKLOG = 10_000  # entries beyond which a client should rather fetch anew
_INBOX = 1_000  # conversations followed
_RETRY = 0.2  # seconds until a place that is taken but not readable yet is read again
_OVERLAP = OVERLAP // timedelta(milliseconds=1)  # within which conversations change out of order
_CURSOR_PLACES = 100  # conversations that an inbox cursor names


@dataclass(slots=True, eq=False)
class InboxEvent:
    """A conversation of the viewer has changed; None if it is no longer theirs."""

    conversation_id: UUID
    conversation: ConversationRecord | None
    cursor: str


async def conversation_events(
    store: MessageStore, live: Live, viewer: Viewer, conversation_id: UUID, after: str | None
) -> AsyncGenerator[ConversationEvent, None]:
    """Every event after a cursor, or from now on, exactly once and in order.

    The stream ends when the viewer no longer takes part.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such conversation, or the viewer does not take part in it.
        InvalidCursor: The cursor is of another list, or of a place that is not taken yet.
    """
    me = viewer.require()
    grown = asyncio.Event()
    read: dict[int, int] = {}  # by whom, up to which message: the latest alone

    def wake(_: UUID) -> None:
        grown.set()

    def tell(receipt: Receipt) -> None:
        read[receipt.user_id] = max(receipt.msg_no, read.get(receipt.user_id, 0))
        grown.set()

    try:
        await live.follow([conversation_id], wake, tell)
        (conversation,) = await conversations_by_ids(store, viewer, [conversation_id])
        if conversation is None:
            raise NotFound("There is no such conversation.", field=["conversationId"])
        feed = live.feed(conversation_id)
        feed.advance(conversation.last_seq)
        at, number = _start(conversation, after)
        if conversation.last_seq - at > _BACKLOG:
            at, number = conversation.last_seq, conversation.message_count
            yield RefetchNeeded(conversation_id, at, message_cursor(conversation_id, at, number))
        while True:
            await _news_beyond(feed, at, read, grown)
            for entry in await _grown(feed, store, at, since=conversation.last_seq):
                at, number = entry.seq, entry.msg_no or number
                event = event_of(entry, message_cursor(conversation_id, at, number))
                if event is not None:
                    yield event
                if _ends(event, me) and at > conversation.members_seq:
                    return
            # After the messages that were read.
            while read and at >= feed.last_seq:
                cursor = message_cursor(conversation_id, at, number)
                yield ReceiptChanged(conversation_id, at, cursor, *read.popitem())
    finally:
        await live.unfollow([conversation_id], wake)


def _start(conversation: ConversationRecord, after: str | None) -> tuple[int, int]:
    if after is None:
        return conversation.last_seq, conversation.message_count
    at, number = parse_message_cursor(conversation.id, after)
    if at > conversation.last_seq:
        raise InvalidCursor("This cursor lies beyond the conversation's end.", field=["after"])
    return at, number


async def _news_beyond(feed: Feed, at: int, read: dict[int, int], grown: asyncio.Event) -> None:
    while feed.last_seq <= at and not read:
        grown.clear()
        await grown.wait()


async def _grown(feed: Feed, store: MessageStore, at: int, *, since: int) -> list[LogEntry]:
    """The entries after a place, if there are any.

    What was there before somebody followed says in the store what it says now. The feed may hold
    what it said: it hears of no erasure, and a hint can be lost.
    """
    if feed.last_seq <= at:
        return []
    entries = feed.after(at) if at >= since else []
    if not entries:
        high = min(feed.last_seq, at + _BATCH)
        entries = await store.entries(feed.conversation_id, at + 1, high)
    if not entries:
        await asyncio.sleep(_RETRY)
    return entries


def _ends(event: ConversationEvent | None, user_id: int) -> bool:
    return isinstance(event, MembersChanged) and user_id in event.removed_ids


async def inbox_events(
    store: MessageStore, live: Live, viewer: Viewer, after: str | None
) -> AsyncGenerator[InboxEvent, None]:
    """The viewer's conversations as they change, after a cursor or from now on.

    Several changes of one conversation may come as one event, which shows the last of them.

    Raises:
        Unauthenticated: Nobody is signed in.
        InvalidCursor: The cursor is of another list.
    """
    me = viewer.require()
    seen = _Seen() if after is None else _Seen.parse(after)
    changed: set[UUID] = set()
    grown = asyncio.Event()
    followed: set[UUID] = set()

    def wake(conversation_id: UUID) -> None:
        changed.add(conversation_id)
        grown.set()

    def wake_own(conversation_id: UUID) -> None:
        seen.own.add(conversation_id)
        wake(conversation_id)

    async with live.inbox(me, wake, wake_own):
        try:
            mine = await store.inbox([me], {}, limit=_INBOX)
            followed.update(row.id for row in mine)
            await live.follow(followed, wake)
            if after is None:
                for row in mine:
                    seen.add(row)
            missed = await _missed(store, live, mine, seen, left_by=None if after is None else me)
            changed |= missed
            followed |= missed
            while True:
                news, left = await _news(store, viewer, changed, seen, followed)
                joined = {row.id for row in news} - followed
                followed |= joined
                await live.follow(joined, wake)
                changed |= joined  # what was said between their reading and their following
                followed -= left
                await live.unfollow(left, wake)
                for row in news:
                    seen.add(row)
                    yield InboxEvent(row.id, row, seen.cursor())
                for conversation_id in left:
                    yield InboxEvent(conversation_id, None, seen.cursor())
                if not changed:
                    grown.clear()
                    await grown.wait()
        finally:
            await live.unfollow(followed, wake)


async def _missed(
    store: MessageStore,
    live: Live,
    mine: list[ConversationRecord],
    seen: "_Seen",
    *,
    left_by: int | None,
) -> set[UUID]:
    """What changed between reading and listening, and what did while nobody listened.

    Args:
        store: The truth.
        live: Follows the conversations already.
        mine: The viewer's conversations, as they were read.
        seen: What the subscriber knows.
        left_by: The viewer, if they are to be told also of what they have left.
    """
    for conversation_id, seq in (await store.heads([row.id for row in mine])).items():
        live.feed(conversation_id).advance(seq)
    missed = {row.id for row in mine if seen.is_news(row)}
    if left_by is not None:
        missed.update(await store.left_since(left_by, seen.since()))
    return missed


async def _news(
    store: MessageStore, viewer: Viewer, changed: set[UUID], seen: "_Seen", followed: set[UUID]
) -> tuple[list[ConversationRecord], set[UUID]]:
    ids = list(changed)[:_BATCH]
    changed.difference_update(ids)
    if not ids:
        return [], set()
    rows = await conversations_by_ids(store, viewer, ids)
    left = {i for i, row in zip(ids, rows, strict=True) if row is None} & followed
    news = [row for row in rows if row is not None and seen.is_news(row)]
    return sorted(news, key=lambda row: row.changed_at), left


@dataclass(slots=True)
class _Seen:
    """What a subscriber knows: everything up to a time, and what lately changed, by place.

    Attributes:
        until: Milliseconds; every change that is `_OVERLAP` older is known.
        lately: The last known place of each conversation that changed since then.
        own: What the subscriber has read on or keeps otherwise, which no place tells.
    """

    until: int = 0
    lately: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    own: set[UUID] = field(default_factory=set)

    @classmethod
    def parse(cls, cursor: str) -> "_Seen":
        until, lately = decode_cursor(cursor, _parse_milliseconds, _parse_places)
        return cls(until, {i: (until, seq) for i, seq in lately.items()})

    def since(self) -> datetime:
        """From when on anything may be unknown."""
        return datetime.fromtimestamp(max(0, self.until - _OVERLAP) / 1000, UTC)

    def is_news(self, row: ConversationRecord) -> bool:
        if row.id in self.own:
            return True
        if row.id in self.lately:
            return row.last_seq > self.lately[row.id][1]
        return milliseconds(row.changed_at) > self.until - _OVERLAP

    def add(self, row: ConversationRecord) -> None:
        self.own.discard(row.id)
        at = milliseconds(row.changed_at)
        self.until = max(self.until, at)
        self.lately[row.id] = (at, row.last_seq)
        floor = self.until - _OVERLAP
        self.lately = {i: known for i, known in self.lately.items() if known[0] > floor}

    def cursor(self) -> str:
        newest = sorted(self.lately.items(), key=lambda item: item[1])[-_CURSOR_PLACES:]
        return encode_cursor(self.until, {i.hex: seq for i, (_, seq) in newest})


def _parse_milliseconds(part: Any) -> int:
    if type(part) is not int or part < 0:
        raise ValueError(part)
    datetime.fromtimestamp(part / 1000, UTC)  # raises for what is beyond the calendar
    return part


def _parse_places(part: Any) -> dict[UUID, int]:
    return {UUID(key): parse_int(seq) for key, seq in part.items()}
