"""Reads of conversations and messages, for those who take part and nobody else."""

from collections.abc import Sequence
from uuid import UUID

from app.chat.log import MESSAGES, ConversationRecord, LogEntry, MemberState, Window
from app.chat.store import MessageStore
from app.paging import Page, PageArgs, decode_cursor, encode_cursor, parse_int
from app.viewer import Viewer


async def conversations_by_ids(
    store: MessageStore, viewer: Viewer, ids: Sequence[UUID]
) -> list[ConversationRecord | None]:
    """These conversations, in order; None where the viewer does not take part."""
    if viewer.user_id is None:
        return [None] * len(ids)
    found = await store.conversations(ids, participant=viewer.user_id)
    return [found.get(i) for i in ids]


async def messages_by_ids(
    store: MessageStore, viewer: Viewer, ids: Sequence[UUID]
) -> list[LogEntry | None]:
    """These messages, in order; None where the viewer does not take part in the conversation."""
    if viewer.user_id is None:
        return [None] * len(ids)
    entries = await store.entries_by_ids(ids)
    conversations = {e.conversation_id for e in entries.values() if e.is_message}
    visible = await store.conversations(list(conversations), participant=viewer.user_id)
    return [
        entry if entry and entry.is_message and entry.conversation_id in visible else None
        for entry in map(entries.get, ids)
    ]


async def messages_by_conversations(
    store: MessageStore, _viewer: Viewer, parents: Sequence[ConversationRecord], args: PageArgs
) -> list[Page[LogEntry]]:
    """A page of the messages of each conversation, which the viewer was shown.

    Message numbers are dense, so the page's bounds are known before anything is read, and the
    oldest page costs what the newest does.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    windows = [_window(parent, args) for parent in parents]
    pages = await store.series(MESSAGES, windows)
    return [
        Page(
            page,
            [message_cursor(entry) for entry in page],
            has_next=bounds.high < parent.message_count,
            has_previous=bounds.low > 1,
        )
        for parent, bounds, page in zip(parents, windows, pages, strict=True)
    ]


def _window(parent: ConversationRecord, args: PageArgs) -> Window:
    low, high = 1, parent.message_count
    if args.cursor is not None:
        number = parse_message_cursor(args.cursor)[1]
        low, high = (low, min(high, number - 1)) if args.backward else (number + 1, high)
    if args.backward:
        low = max(low, high - args.size + 1)
    else:
        high = min(high, low + args.size - 1)
    return Window(parent.id, low, high)


def message_cursor(entry: LogEntry) -> str:
    """A place in a conversation's log: for pages its message number, for streams its seq."""
    return encode_cursor(entry.seq, entry.msg_no or 0)


def parse_message_cursor(cursor: str) -> tuple[int, int]:
    """The seq and the message number of a cursor.

    Raises:
        InvalidCursor: Not a cursor of a conversation's messages or events.
    """
    seq, number = decode_cursor(cursor, parse_int, parse_int)
    return max(seq, 0), max(number, 0)


async def member_states(
    store: MessageStore, viewer: Viewer, ids: Sequence[UUID]
) -> list[MemberState]:
    """What is the viewer's own of each conversation, in order."""
    found = await store.member_states(ids, viewer.require())
    return [found.get(i, MemberState()) for i in ids]


async def receipts_by_conversations(
    store: MessageStore, _viewer: Viewer, ids: Sequence[UUID]
) -> list[Sequence[tuple[int, int]]]:
    """Pairs of user and last message read, by conversation, which the viewer was shown."""
    found = await store.receipts(ids)
    return [found.get(i, ()) for i in ids]
