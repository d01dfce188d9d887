"""Full-text search over what the viewer may read, in PostgreSQL's copy of the log, newest first.

A word in every third message and one in a thousand want different plans. The newest messages are
looked at first, which fills the page for a common word. Where a reader's own are few among them,
these are read through, one conversation after the other; a rare word's hits are few enough for the
index to give them all, and to be sorted.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    column,
    func,
    literal_column,
    select,
    true,
)

from app.chat.log import ENTRY_FIELDS, LogEntry
from app.chat.models import ConversationHead, ConversationMember, EntryKind, Message
from app.chat.postgres_log import entry_of
from app.errors import Invalid, NotFound
from app.paging import (
    Page,
    PageArgs,
    decode_cursor,
    encode_cursor,
    parse_int,
    parse_time,
    parse_uuid,
    window,
)
from app.stores.keyset import keyset
from app.stores.postgres import Postgres, Read
from app.text import clean_text
from app.viewer import Viewer

MAX_QUERY = 200  # characters

_NEAREST = 2_000  # messages looked at first
# Where as many do not fill a page, the word is rare enough for the index.
_AT_MOST = 40_000

_ROWS = Message.__table__.c
_SIMPLE: ColumnElement[Any] = literal_column("'simple'::regconfig")
_WANTED = func.websearch_to_tsquery(_SIMPLE, bindparam("query", type_=Text))
_READABLE = any_(bindparam("readable", type_=ARRAY(Uuid)))
_FILTERS: dict[str, ColumnElement[bool]] = {
    "conversation": _ROWS.conversation_id == bindparam("conversation", type_=Uuid),
    "sender": _ROWS.sender_id == bindparam("sender", type_=Integer),
    "since": _ROWS.created_at >= bindparam("since", type_=DateTime(timezone=True)),
    "until": _ROWS.created_at < bindparam("until", type_=DateTime(timezone=True)),
}


@dataclass(frozen=True, slots=True)
class MessageSearch:
    """What to look for, and where.

    Attributes:
        query: Words; `"a phrase"`, `or` and `-without` as in a web search.
        conversation: In this one alone.
        sender: By this user alone.
        since: Sent then or later.
        until: Sent before then.
    """

    query: str
    conversation: UUID | None = None
    sender: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def filters(self) -> dict[str, Any]:
        """The conditions that are given."""
        given = {name: getattr(self, name) for name in _FILTERS}
        return {name: value for name, value in given.items() if value is not None}


async def search_messages(
    main: Postgres, viewer: Viewer, search: MessageSearch, args: PageArgs
) -> Page[LogEntry]:
    """A page of the messages that a search finds, the newest first.

    It costs one to four commands, whatever the number of messages.

    Raises:
        Unauthenticated: Nobody is signed in.
        Required, TooLong, Invalid: The query breaks a rule, or names nothing to look for.
        NotFound: The viewer does not take part in that conversation.
        InvalidCursor: The cursor is of another list.
    """
    me = viewer.require()
    query = clean_text(search.query, field=["query"], max_length=MAX_QUERY)
    (found,) = await main.fetch(_PREPARE, query=query, viewer=me)
    if found["wanted"] in ("", "T"):
        raise Invalid("Say at least one word to look for.", field=["query"])
    sizes = dict(zip(found["readable"] or (), found["messages"] or (), strict=True))
    if search.conversation is not None:
        if search.conversation not in sizes:
            raise NotFound("There is no such conversation.", field=["filter", "conversationId"])
        sizes = {search.conversation: sizes[search.conversation]}
    key = _Key.of(search)
    values = search.filters | {"query": query, "readable": list(sizes), "limit": args.size + 1}
    if args.cursor is not None:
        parts = decode_cursor(args.cursor, *key.parsers)
        values |= {f"cursor_{place}": part for place, part in enumerate(parts)}
    shape = (tuple(search.filters), args.cursor is not None, not args.backward)
    rows = await _hits(main, shape, values, messages=sum(sizes.values()))
    hits = [entry_of(row[: len(ENTRY_FIELDS)]) for row in rows]
    return window(hits, args, lambda hit: encode_cursor(*(getattr(hit, n) for n in key.names)))


async def _hits(main: Postgres, shape: Any, values: dict[str, Any], *, messages: int) -> list[Any]:
    """A page of hits among so many messages that the viewer may read, by the least work."""
    scan, wanted = _NEAREST, values["limit"]
    rows = await main.fetch(_scan(*shape), **values, scan=scan)
    if len(rows) >= wanted or (rows and rows[0]["looked_at"] < scan):
        return rows
    if rows:
        scan = 3 * scan * wanted // (2 * len(rows))
        if messages <= min(scan, _AT_MOST):
            return await main.fetch(_read_through(*shape), **values)
        if scan <= _AT_MOST:
            rows = await main.fetch(_scan(*shape), **values, scan=scan)
            if len(rows) >= wanted:
                return rows
    return await main.fetch(_indexed(*shape), **values)


@dataclass(frozen=True, slots=True)
class _Key:
    """By what the hits are ordered: within one conversation its own dense numbers."""

    names: tuple[str, ...]
    parsers: tuple[Any, ...]

    @classmethod
    def of(cls, search: MessageSearch) -> "_Key":
        return _WITHIN if search.conversation is not None else _ACROSS


_WITHIN = _Key(("msg_no",), (parse_int,))
_ACROSS = _Key(("created_at", "id"), (parse_time, parse_uuid))

_PREPARE = Read(
    select(
        func.querytree(_WANTED).label("wanted"),
        func.array_agg(ConversationHead.conversation_id).label("readable"),
        func.array_agg(ConversationHead.last_msg_no).label("messages"),
    )
    .join(
        ConversationMember, ConversationMember.conversation_id == ConversationHead.conversation_id
    )
    .where(
        ConversationMember.user_id == bindparam("viewer", type_=Integer),
        ConversationMember.removed_seq.is_(None),
    )
)


def _messages(filters: tuple[str, ...]) -> Select[Any]:
    kept = (_FILTERS[name] for name in filters)
    return select(Message.__table__).where(_ROWS.kind == EntryKind.MESSAGE, *kept)


def _key(filters: tuple[str, ...]) -> tuple[str, ...]:
    return (_WITHIN if "conversation" in filters else _ACROSS).names


@cache
def _scan(filters: tuple[str, ...], after: bool, descending: bool) -> Read:  # noqa: FBT001
    names = _key(filters)
    nearest = keyset(
        _messages(filters), [_ROWS[n] for n in names], descending=descending, after=after
    )
    looked_at = nearest.limit(bindparam("scan", type_=BigInteger)).cte("nearest")
    rows, count = looked_at.c, select(func.count()).select_from(looked_at).scalar_subquery()
    hits = select(*(rows[n] for n in ENTRY_FIELDS), count.label("looked_at")).where(
        rows.conversation_id == _READABLE, rows.search.op("@@")(_WANTED)
    )
    return Read(keyset(hits, [rows[n] for n in names], descending=descending, after=False))


@cache
def _indexed(filters: tuple[str, ...], after: bool, descending: bool) -> Read:  # noqa: FBT001
    keys = _keys(filters, after=after, descending=descending)
    return _sorted(keys.where(_ROWS.conversation_id == _READABLE), filters, descending=descending)


@cache
def _read_through(filters: tuple[str, ...], after: bool, descending: bool) -> Read:  # noqa: FBT001
    talks = (
        func.unnest(bindparam("readable", type_=ARRAY(Uuid)))
        .table_valued(column("id", Uuid), name="talks")
        .render_derived()
    )
    keys = _keys(filters, after=after, descending=descending)
    # The offset keeps the planner from turning it inside out, to ask the index for every hit of
    # all conversations.
    found = keys.where(_ROWS.conversation_id == talks.c.id).offset(0).lateral("found")
    every = select(*found.c).select_from(talks.join(found, true()))
    return _sorted(every, filters, descending=descending)


def _keys(filters: tuple[str, ...], *, after: bool, descending: bool) -> Select[Any]:
    key = [_ROWS[n] for n in _key(filters)]
    hits = _messages(filters).where(_ROWS.search.op("@@")(_WANTED))
    page = keyset(hits, key, descending=descending, after=after)
    # All of them: else the planner may walk through every message in order, hoping for early hits.
    return (
        page.order_by(None)
        .limit(None)
        .with_only_columns(*{c.name: c for c in (_ROWS.id, *key)}.values())
    )


def _sorted(keys: Select[Any], filters: tuple[str, ...], *, descending: bool) -> Read:
    every = keys.cte("every").prefix_with("MATERIALIZED")
    names = _key(filters)
    page = keyset(select(*every.c), [every.c[n] for n in names], descending=descending, after=False)
    found = page.cte("page")
    hits = select(*(_ROWS[n] for n in ENTRY_FIELDS)).join(found, found.c.id == _ROWS.id)
    order = (_ROWS[n].desc() if descending else _ROWS[n].asc() for n in names)
    return Read(hits.order_by(*order))
