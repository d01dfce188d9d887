"""The viewer's inbox: what an index knows is asked of MongoDB, the rest is looked up row by row.

Who is called what, what a group is around, what the viewer has read: these stand elsewhere. They
are looked up for a chunk of the inbox at a time, one command for each kind of fact, until the page
is full.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from app.chat.backend import Backend
from app.chat.log import ConversationRecord, MemberState
from app.chat.models import ConversationKind
from app.chat.tags import clean_tag
from app.groups.queries import GroupRecord, groups_by_ids
from app.paging import Page, PageArgs, decode_cursor, encode_cursor, parse_text, window
from app.products.queries import products_by_ids
from app.text import clean_text
from app.users.queries import users_named
from app.viewer import Viewer

MAX_TEXT = 200  # characters of a filter

# Conversations looked through at once, and for one page.
_CHUNK, _LARGEST_CHUNK = 100, 400
_LOOKED_THROUGH = 1_000

T = TypeVar("T")


class ConversationOrder(StrEnum):
    """The orders of an inbox."""

    LAST_ACTIVITY = "last_activity"


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """Conditions, of which every one that is given must hold.

    Attributes:
        title_contains: In the title or the group's name, in either case.
        participant_id: Who takes part beside the viewer.
        participant_name: In the name of somebody who does, in either case.
        product_id: What the group is around.
        causes: One of which the product has that the group is around.
    """

    kind: ConversationKind | None = None
    tag: str | None = None
    title_contains: str | None = None
    participant_id: int | None = None
    participant_name: str | None = None
    product_id: str | None = None
    causes: tuple[str, ...] | None = None
    is_unread: bool | None = None
    is_archived: bool | None = None
    is_muted: bool | None = None
    is_pinned: bool | None = None

    @property
    def asks_state(self) -> bool:
        """Whether it asks how the viewer has read and keeps a conversation."""
        asked = (self.is_unread, self.is_archived, self.is_muted, self.is_pinned)
        return any(condition is not None for condition in asked)

    @property
    def asks_group(self) -> bool:
        """Whether it asks for what a group says."""
        asked = (self.title_contains, self.product_id, self.causes)
        return any(condition is not None for condition in asked)

    @property
    def is_indexed(self) -> bool:
        """Whether MongoDB alone answers it."""
        return not (self.asks_state or self.asks_group or self.participant_name is not None)


async def list_conversations(
    backend: Backend,
    viewer: Viewer,
    wanted: InboxFilter,
    args: PageArgs,
    *,
    descending: bool = True,
) -> Page[ConversationRecord]:
    """A page of the viewer's conversations, in the order of their activity.

    A page whose conditions few conversations meet may be short, or empty, although more follow:
    after a thousand it stops, and says where.

    Raises:
        Unauthenticated: Nobody is signed in.
        Invalid, Required, TooLong: A condition breaks its rule.
        InvalidCursor: The cursor is of another list.
        StoreUnavailable: A store that a condition needs does not answer.
    """
    me = viewer.require()
    wanted = _clean(wanted)
    at = None if args.cursor is None else decode_cursor(args.cursor, parse_text)[0]
    participants = [me] if wanted.participant_id is None else [me, wanted.participant_id]
    among = await backend.chat.pinned_by(me) if wanted.is_pinned else None
    conditions, facts = _conditions(wanted), _Facts(backend, viewer, wanted)
    found: list[ConversationRecord] = []
    size = args.size + 1 if wanted.is_indexed else max(args.size + 1, _CHUNK)
    looked_through = 0
    while True:
        rows = await backend.chat.inbox(
            participants,
            conditions,
            limit=size,
            among=among,
            descending=descending is not args.backward,
            beyond=at,
        )
        found += await facts.holding(rows)
        looked_through += len(rows)
        if len(found) > args.size or len(rows) < size:
            return window(found[: args.size + 1], args, _cursor)
        at = rows[-1].activity
        if looked_through >= _LOOKED_THROUGH:
            return window(found, args, _cursor).stopped_at(
                encode_cursor(at), backward=args.backward
            )
        size = min(2 * size, _LARGEST_CHUNK)


def _cursor(row: ConversationRecord) -> str:
    return encode_cursor(row.activity)


def _clean(wanted: InboxFilter) -> InboxFilter:
    cleaned: dict[str, Any] = {}
    for name, api_name in (
        ("title_contains", "titleContains"),
        ("participant_name", "participantName"),
    ):
        part = getattr(wanted, name)
        if part is not None:
            cleaned[name] = clean_text(part, field=["filter", api_name], max_length=MAX_TEXT)
    if wanted.tag is not None:
        cleaned["tag"] = clean_tag(wanted.tag, field=["filter", "tag"])
    return replace(wanted, **cleaned)


def _conditions(wanted: InboxFilter) -> dict[str, Any]:
    conditions: dict[str, Any] = {}
    if wanted.kind is not None:
        conditions["kind"] = wanted.kind.value
    if wanted.tag is not None:
        conditions["tags"] = wanted.tag
    return conditions


@dataclass(slots=True)
class _Facts:
    """What MongoDB's conversations do not say, looked up for one page.

    Attributes:
        named: Of each user who was asked for, whether the name is one that is wanted.
    """

    backend: Backend
    viewer: Viewer
    wanted: InboxFilter
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    named: dict[int, bool] = field(default_factory=dict)

    async def holding(self, rows: list[ConversationRecord]) -> list[ConversationRecord]:
        """The conversations for which every condition holds, in order."""
        if rows and self.wanted.asks_state:
            rows = await self._kept_as_wanted(rows)
        if rows and self.wanted.asks_group:
            rows = await self._around_what_is_wanted(rows)
        if rows and self.wanted.participant_name is not None:
            rows = await self._with_whom_is_wanted(rows, self.wanted.participant_name)
        return rows

    async def _kept_as_wanted(self, rows: list[ConversationRecord]) -> list[ConversationRecord]:
        me = self.viewer.require()
        states = await self.backend.chat.member_states([row.id for row in rows], me)
        return [row for row in rows if self._is_kept(row, states.get(row.id, MemberState()))]

    def _is_kept(self, row: ConversationRecord, state: MemberState) -> bool:
        wanted = self.wanted
        pairs = (
            (wanted.is_unread, state.read_msg_no < row.message_count),
            (wanted.is_archived, state.is_archived),
            (wanted.is_muted, state.is_muted(self.now)),
            (wanted.is_pinned, state.pinned_at is not None),
        )
        return all(condition in (None, holds) for condition, holds in pairs)

    async def _around_what_is_wanted(
        self, rows: list[ConversationRecord]
    ) -> list[ConversationRecord]:
        ids = _distinct(row.group_id for row in rows)
        found = await groups_by_ids(self.backend.main, self.viewer, ids)
        groups = {group.id: group for group in found if group is not None}
        pairs = [(row, groups.get(row.group_id) if row.group_id else None) for row in rows]
        pairs = [(row, group) for row, group in pairs if self._is_around(row, group)]
        if self.wanted.causes is not None:
            products = await self._of_causes(self.wanted.causes, [group for _, group in pairs])
            pairs = [(row, group) for row, group in pairs if group and group.product_id in products]
        return [row for row, _ in pairs]

    def _is_around(self, row: ConversationRecord, group: GroupRecord | None) -> bool:
        wanted = self.wanted
        product_id = None if group is None else group.product_id
        if wanted.product_id not in (None, product_id):
            return False
        if wanted.title_contains is None:
            return True
        title = row.title if group is None else group.name
        return wanted.title_contains.casefold() in (title or "").casefold()

    async def _of_causes(
        self, causes: Collection[str], groups: Iterable[GroupRecord | None]
    ) -> set[str]:
        ids = _distinct(group.product_id for group in groups if group is not None)
        products = await products_by_ids(self.backend.main, self.viewer, ids) if ids else []
        return {product.id for product in products if product and product.cause in causes}

    async def _with_whom_is_wanted(
        self, rows: list[ConversationRecord], part: str
    ) -> list[ConversationRecord]:
        new = {user for row in rows for user in row.participant_ids} - self.named.keys()
        if new:
            fitting = await users_named(self.backend.auth, self.viewer, list(new), part)
            self.named |= {user: user in fitting for user in new}
        me = self.viewer.require()
        return [
            row
            for row in rows
            if any(self.named[user] for user in row.participant_ids if user != me)
        ]


def _distinct(values: Iterable[T | None]) -> list[T]:
    return list(dict.fromkeys(value for value in values if value is not None))
