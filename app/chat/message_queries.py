"""Reads of what belongs to messages: threads, edits, reactions, pins and mentions.

Who was shown a message or a conversation is shown these too; `list_mentions` alone finds messages
by itself.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from app.chat.log import EDITS, REPLIES, LogEntry, Reaction, Series
from app.chat.queries import messages_by_ids, series_pages
from app.chat.store import MessageStore
from app.paging import (
    Page,
    PageArgs,
    decode_cursor,
    encode_cursor,
    page_of_ids,
    parse_int,
    parse_name,
    parse_text,
    window,
)
from app.viewer import Viewer


async def shown_messages(
    store: MessageStore, _viewer: Viewer, ids: Sequence[UUID]
) -> list[LogEntry | None]:
    """These messages, in order, of conversations that the viewer was shown."""
    found = await store.entries_by_ids(ids)
    return [found.get(i) for i in ids]


async def replies_by_messages(
    store: MessageStore, _viewer: Viewer, parents: Sequence[LogEntry], args: PageArgs
) -> list[Page[LogEntry]]:
    """A page of the thread that each message began, the oldest reply first.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    counts = [(parent.id, parent.reply_count) for parent in parents]
    return await series_pages(store, REPLIES, counts, args, *_cursors(REPLIES))


async def edits_by_messages(
    store: MessageStore, _viewer: Viewer, parents: Sequence[LogEntry], args: PageArgs
) -> list[Page[LogEntry]]:
    """A page of the edits of each message, the oldest first.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    counts = [(parent.id, parent.edit_count) for parent in parents]
    return await series_pages(store, EDITS, counts, args, *_cursors(EDITS))


def _cursors(series: Series) -> tuple[Callable[[LogEntry], str], Callable[[UUID, str], int]]:
    # With the series' name and its owner's, so that no list takes another's.
    def cursor_of(entry: LogEntry) -> str:
        owner: UUID = getattr(entry, series.owner_field)
        return encode_cursor(series.slot, owner.hex, series.number(entry))

    def number_of(owner: UUID, cursor: str) -> int:
        names = parse_name(series.slot), parse_name(owner.hex)
        return int(decode_cursor(cursor, *names, parse_int)[-1])

    return cursor_of, number_of


async def reactions_by_messages(
    store: MessageStore, viewer: Viewer, messages: Sequence[LogEntry]
) -> list[list[Reaction]]:
    """The reactions to each message, in the order in which each emoji first came."""
    alive = [message.id for message in messages if not message.deleted]
    found = await store.reactions(alive, viewer.user_id) if alive else {}
    return [found.get(message.id, []) for message in messages]


async def users_by_reactions(
    store: MessageStore, _viewer: Viewer, reactions: Sequence[Reaction], args: PageArgs
) -> list[Page[int]]:
    """A page of the numbers of those who reacted with each emoji, in that order.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    beyond = None if args.cursor is None else decode_cursor(args.cursor, parse_int)[0]
    is_first = beyond is None and not args.backward
    known = [is_first or len(reaction.user_ids) == reaction.count for reaction in reactions]
    asked = {r.message_id for r, is_known in zip(reactions, known, strict=True) if not is_known}
    found: dict[tuple[UUID, str], list[int]] = {}
    if asked:
        limit = args.size + 1
        found = await store.reactors(
            list(asked), limit=limit, descending=args.backward, beyond=beyond
        )
    return [
        page_of_ids(r.user_ids, args)
        if is_known
        else window(found.get((r.message_id, r.emoji), []), args, encode_cursor)
        for r, is_known in zip(reactions, known, strict=True)
    ]


async def pins_by_conversations(
    store: MessageStore, _viewer: Viewer, ids: Sequence[UUID]
) -> list[list[tuple[int, UUID]]]:
    """Pairs of place and pinned message, by conversation, the last pinned first."""
    found = await store.pins(ids)
    return [found.get(i, []) for i in ids]


def pinned_page(
    conversation_id: UUID, pins: Sequence[tuple[int, UUID]], args: PageArgs
) -> Page[UUID]:
    """A page of a conversation's pinned messages, the last pinned first.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    rows = list(pins)
    if args.cursor is not None:
        name = parse_name(conversation_id.hex)
        _, at = decode_cursor(args.cursor, name, parse_int)
        rows = [row for row in rows if (row[0] > at if args.backward else row[0] < at)]
    if args.backward:
        rows.reverse()
    page = window(
        rows[: args.size + 1], args, lambda row: encode_cursor(conversation_id.hex, row[0])
    )
    return Page([row[1] for row in page.items], page.cursors, page.has_next, page.has_previous)


async def unread_mentions_by_conversations(
    store: MessageStore, viewer: Viewer, ids: Sequence[UUID]
) -> list[int]:
    """How many messages that mention the viewer they have not read, by conversation."""
    me = viewer.require()
    states = await store.member_states(ids, me)
    read = [states[i].read_msg_no if i in states else 0 for i in ids]
    numbers = await store.mention_numbers(ids, me, min(read))
    return [
        sum(number > already for number in numbers.get(i, ()))
        for i, already in zip(ids, read, strict=True)
    ]


async def list_mentions(store: MessageStore, viewer: Viewer, args: PageArgs) -> Page[LogEntry]:
    """A page of the messages that mention the viewer, the newest first.

    Those of conversations that the viewer has left are passed over, so that a page may be short.

    Raises:
        Unauthenticated: Nobody is signed in.
        InvalidCursor: The cursor is of another list.
    """
    me = viewer.require()
    beyond = None if args.cursor is None else decode_cursor(args.cursor, parse_text)[0]
    found = await store.mentions(
        me, limit=args.size + 1, descending=not args.backward, beyond=beyond
    )
    page = window(found, args, lambda mention: encode_cursor(mention.place))
    messages = await messages_by_ids(store, viewer, [mention.message_id for mention in page.items])
    known = [(m, c) for m, c in zip(messages, page.cursors, strict=True) if m is not None]
    return Page([m for m, _ in known], [c for _, c in known], page.has_next, page.has_previous)
