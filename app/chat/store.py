"""The message store: what queries and commands ask of the log, whichever stores are up."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.chat.log import (
    ConversationRecord,
    LogEntry,
    MemberState,
    Mention,
    Reaction,
    Series,
    Window,
)


class MessageStore(Protocol):
    """One log over two stores. Every method raises `StoreUnavailable` where it cannot answer."""

    async def append(
        self, tx: AsyncConnection, entry: LogEntry, *, member: int | None = None
    ) -> LogEntry:
        """Give an entry its place within a transaction; it is not visible before `publish`."""

    async def publish(self, entries: Sequence[LogEntry]) -> None:
        """Make committed entries visible to every reader; harmless if repeated."""

    async def send(self, entry: LogEntry, *, member: int) -> LogEntry:
        """Append in a transaction of its own and make it visible: acknowledged when it returns."""

    async def mark_read(self, conversation_id: UUID, user_id: int, msg_no: int) -> bool:
        """Move a user's read position forward, in both stores; False if it was there already."""

    async def conversations(
        self, ids: Sequence[UUID], *, participant: int
    ) -> dict[UUID, ConversationRecord]:
        """Those of the conversations in which a user takes part."""

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
        """The first participant's conversations with the others, in the order of activity."""

    async def entries(self, conversation_id: UUID, low: int, high: int) -> list[LogEntry]:
        """The visible entries from place `low` to `high`, without a hole from `low` on."""

    async def series(self, series: Series, windows: Sequence[Window]) -> list[list[LogEntry]]:
        """Each window's visible entries, in order, without a hole from its start on."""

    async def entries_by_ids(self, ids: Sequence[UUID]) -> dict[UUID, LogEntry]:
        """The visible entries with these ids."""

    async def heads(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """The last visible place of each conversation."""

    async def active_since(
        self, participants: Sequence[int], since: datetime
    ) -> list[tuple[UUID, list[int]]]:
        """Conversations in which something happened, each with all who take part."""

    async def left_since(self, user_id: int, since: datetime) -> list[UUID]:
        """Conversations that a user has left since a time, as far as PostgreSQL can say."""

    async def receipts(self, ids: Sequence[UUID]) -> dict[UUID, list[tuple[int, int]]]:
        """Pairs of user and last message read, by conversation, in the order of the users."""

    async def member_states(self, ids: Sequence[UUID], user_id: int) -> dict[UUID, MemberState]:
        """What is a user's own of each conversation, as far as there is anything."""

    async def put_member_state(
        self, conversation_id: UUID, user_id: int, state: MemberState
    ) -> None:
        """Make visible how a user keeps a conversation; a later change of it stays."""

    async def pinned_by(self, user_id: int) -> list[UUID]:
        """What a user has pinned, the latest first, also what they no longer take part in."""

    async def reactions(
        self, message_ids: Sequence[UUID], viewer: int | None
    ) -> dict[UUID, list[Reaction]]:
        """The reactions to messages, in the order in which each emoji first came."""

    async def reactors(
        self,
        message_ids: Sequence[UUID],
        *,
        limit: int,
        descending: bool = False,
        beyond: int | None = None,
    ) -> dict[tuple[UUID, str], list[int]]:
        """So many who reacted, beyond a number and in that order, by message and emoji."""

    async def pins(self, ids: Sequence[UUID]) -> dict[UUID, list[tuple[int, UUID]]]:
        """Pairs of place and pinned message, by conversation, the last pinned first."""

    async def mentions(
        self, user_id: int, *, limit: int, descending: bool = True, beyond: str | None = None
    ) -> list[Mention]:
        """Messages that mention a user in the order of their time, beyond a place."""

    async def mention_numbers(
        self, ids: Sequence[UUID], user_id: int, after: int
    ) -> dict[UUID, list[int]]:
        """The numbers, beyond one, of the messages that mention a user, by conversation."""
