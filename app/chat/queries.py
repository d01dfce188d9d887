"""Reads of conversations and messages, for those who take part and nobody else."""

from collections.abc import Callable, Sequence
from uuid import UUID

from app.chat.log import MESSAGES, ConversationRecord, LogEntry, MemberState, Series, Window
from app.chat.store import MessageStore
from app.paging import Page, PageArgs, decode_cursor, encode_cursor, parse_int, parse_name
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
    counts = [(parent.id, parent.message_count) for parent in parents]
    return await series_pages(
        store,
        MESSAGES,
        counts,
        args,
        lambda entry: message_cursor(entry.conversation_id, entry.seq, entry.msg_no or 0),
        lambda owner, cursor: parse_message_cursor(owner, cursor)[1],
    )


async def series_pages(  # noqa: PLR0917 - what a series' list is made of
    store: MessageStore,
    series: Series,
    counts: Sequence[tuple[UUID, int]],
    args: PageArgs,
    cursor_of: Callable[[LogEntry], str],
    number_of: Callable[[UUID, str], int],
) -> list[Page[LogEntry]]:
    """A page of each owner's series, of which the count is known.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    windows = [
        _window(owner, count, args, None if args.cursor is None else number_of(owner, args.cursor))
        for owner, count in counts
    ]
    pages = await store.series(series, windows)
    return [
        Page(
            page,
            [cursor_of(entry) for entry in page],
            has_next=bounds.high < count,
            has_previous=bounds.low > 1,
        )
        for (_, count), bounds, page in zip(counts, windows, pages, strict=True)
    ]


def _window(owner: UUID, count: int, args: PageArgs, at: int | None) -> Window:
    low, high = 1, count
    if at is not None:
        low, high = (low, min(high, at - 1)) if args.backward else (max(at, 0) + 1, high)
    if args.backward:
        low = max(low, high - args.size + 1)
    else:
        high = min(high, low + args.size - 1)
    return Window(owner, low, high)


def message_cursor(conversation_id: UUID, seq: int, number: int) -> str:
    """A place in a conversation's log: for pages a message's number, for streams an entry's seq.

    It names the conversation: a place in another would be some place or other.
    """
    return encode_cursor(conversation_id.hex, seq, number)


def parse_message_cursor(conversation_id: UUID, cursor: str) -> tuple[int, int]:
    """The seq and the message number of a cursor.

    Raises:
        InvalidCursor: Not a cursor of this conversation's messages or events.
    """
    name = parse_name(conversation_id.hex)
    _, seq, number = decode_cursor(cursor, name, parse_int, parse_int)
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
