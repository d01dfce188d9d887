"""PostgreSQL's half of the log: it commits first, and its row lock gives out the numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    Integer,
    Interval,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    func,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from app.chat.log import EDITS, ENTRY_FIELDS, MESSAGES, REPLIES, LogEntry, Series, Window
from app.chat.models import (
    Conversation,
    ConversationHead,
    ConversationMember,
    EntryKind,
    Message,
    MessageRole,
    MirrorPending,
    StoreMode,
    StoreState,
)
from app.errors import Conflict, Invalid, NotFound, StoreUnavailable
from app.stores.postgres import Postgres, Read

# The advisory lock between sends (shared) and a change of the stores' mode (exclusive).
MODE_LOCK = 0x697374686D7573  # "isthmus"

# Held to the end of the transaction: the numbers are dense and in commit order, and the next
# statement, with a snapshot of its own, sees every membership and every send before this one.
_LOCK = text(
    """
    SELECT pg_advisory_xact_lock_shared(:mode_lock)
    FROM conversation_heads WHERE conversation_id = :conversation_id FOR UPDATE
    """
)

_COLUMNS = ", ".join(ENTRY_FIELDS)

# What a caller gives; the rest of an entry is given out by the statement.
_GIVEN = (
    "id",
    "conversation_id",
    "kind",
    "sender_id",
    "client_key",
    "target_id",
    "role",
    "text",
    "attachments",
    "model",
    "provider",
    "tokens",
    "metadata",
    "reply_to_id",
    "mention_ids",
    "mentions_everyone",
)

_APPEND = text(
    f"""
    WITH gate AS (
      SELECT FROM store_state WHERE epoch = :epoch AND mode = CAST(:mode AS store_mode)
    ), members AS (
      SELECT user_id FROM conversation_members
      WHERE conversation_id = :conversation_id AND removed_seq IS NULL
        AND (:mentions_everyone OR user_id = :member OR user_id = ANY(:mention_ids))
    ), closed AS (
      SELECT FROM conversations JOIN groups ON groups.id = conversations.group_id
      WHERE conversations.id = :conversation_id AND groups.deleted_at IS NOT NULL
    ), done AS (
      SELECT {_COLUMNS} FROM messages WHERE id = :id
    ), answered AS (
      SELECT COALESCE(thread_id, id) AS thread_id FROM messages
      WHERE id = :reply_to_id AND conversation_id = :conversation_id AND kind = 'message'
    ), checks AS (
      SELECT EXISTS (SELECT FROM gate) AS is_current,
        :member IS NULL OR EXISTS (SELECT FROM members WHERE user_id = :member) AS is_member,
        :member IS NULL OR NOT EXISTS (SELECT FROM closed) AS is_open,
        :reply_to_id IS NULL OR EXISTS (SELECT FROM answered) AS has_answered,
        :mentions_everyone OR ARRAY(SELECT user_id FROM members UNION ALL
          SELECT unnest(mention_ids) FROM messages WHERE id = :target_id
        ) @> :mention_ids AS has_mentioned
    ), clock AS (
      -- To the millisecond, as MongoDB keeps it: both stores then say the same.
      SELECT date_trunc('milliseconds', clock_timestamp()) AS now
    ), head AS (
      UPDATE conversation_heads
      SET last_seq = last_seq + 1, last_msg_no = last_msg_no + :is_message,
          last_activity_at = CASE WHEN :is_activity = 1
            THEN greatest(last_activity_at, now) ELSE last_activity_at END,
          total_tokens = total_tokens + coalesce(:tokens, 0)
      FROM checks, clock
      WHERE conversation_id = :conversation_id AND NOT EXISTS (SELECT FROM done)
        AND is_current AND is_member AND is_open AND has_answered AND has_mentioned
      RETURNING last_seq, last_msg_no, now, total_tokens
    ), counted AS (
      UPDATE messages SET reply_count = reply_count + :is_message,
        edit_count = edit_count + :is_edit
      FROM head
      WHERE messages.id = CASE WHEN :is_edit = 1 THEN :target_id
        WHEN :is_message = 1 THEN (SELECT thread_id FROM answered) END
      RETURNING reply_count, edit_count
    ), entry AS (
      INSERT INTO messages ({_COLUMNS}, group_id)
      SELECT :id, :conversation_id, CAST(:kind AS entry_kind), :sender_id, last_seq,
        CASE WHEN :is_message = 1 THEN last_msg_no END, :client_key, :target_id,
        CAST(:role AS message_role), :text,
        :attachments, :model, :provider, :tokens, :metadata, false, last_seq, :epoch,
        now, now,
        :reply_to_id, (SELECT thread_id FROM answered),
        CASE WHEN :is_message = 1 THEN (SELECT reply_count FROM counted) END, 0,
        CASE WHEN :is_edit = 1 THEN (SELECT edit_count FROM counted) END, 0,
        CASE WHEN :mentions_everyone THEN ARRAY(
          SELECT user_id FROM members WHERE user_id IS DISTINCT FROM :sender_id ORDER BY user_id
        ) ELSE :mention_ids END, :mentions_everyone, NULL, total_tokens,
        (SELECT group_id FROM conversations WHERE id = :conversation_id)
      FROM head
      RETURNING {_COLUMNS}
    ), pending AS (
      INSERT INTO mirror_pending (conversation_id, seq, epoch)
      SELECT :conversation_id, last_seq, :epoch FROM head
    ), own_read AS (
      UPDATE conversation_members SET read_msg_no = last_msg_no, read_at = now
      FROM head
      WHERE conversation_id = :conversation_id AND user_id = :sender_id AND :is_message = 1
    ), newest AS (
      UPDATE groups SET last_message_id = :id FROM head
      WHERE groups.id = (SELECT group_id FROM conversations WHERE id = :conversation_id)
        AND :is_message = 1
    ), used AS (
      -- An answer is used by whose conversation it is in; what the system says by nobody.
      INSERT INTO usage_ledger (id, user_id, conversation_id, messages, tokens, created_at)
      SELECT e.id, u.user_id, e.conversation_id, 1, coalesce(e.tokens, 0), e.created_at
      FROM entry AS e, LATERAL (
        SELECT CASE e.role WHEN 'assistant'
          THEN (SELECT created_by FROM conversations WHERE id = e.conversation_id)
          ELSE e.sender_id END AS user_id
      ) AS u
      WHERE :is_message = 1 AND u.user_id IS NOT NULL
    )
    SELECT c.*, e.*
    FROM checks AS c LEFT JOIN (TABLE entry UNION ALL TABLE done) AS e ON true
    """  # noqa: S608 - column names of our own
).bindparams(
    *(bindparam(name, type_=Uuid) for name in ("id", "conversation_id", "target_id")),
    bindparam("reply_to_id", type_=Uuid),
    bindparam("mention_ids", type_=ARRAY(Integer)),
    bindparam("mentions_everyone", type_=Boolean),
    *(
        bindparam(name, type_=BigInteger)
        for name in ("epoch", "is_message", "is_edit", "is_activity")
    ),
    *(bindparam(name, type_=Integer) for name in ("member", "sender_id", "tokens")),
    *(
        bindparam(name, type_=Text)
        for name in ("mode", "kind", "role", "client_key", "text", "model", "provider")
    ),
    *(bindparam(name, type_=JSONB) for name in ("attachments", "metadata")),
)


@dataclass(frozen=True, slots=True)
class StoresMode:
    """Which stores are written and read, and since which epoch."""

    epoch: int
    mode: StoreMode
    era: int


class StaleMode(StoreUnavailable):
    """The mode that a process has cached is no longer the stores'; read it again, and restart."""

    def __init__(self) -> None:
        super().__init__("message")


_MODE = Read(select(StoreState.epoch, StoreState.mode, StoreState.era))

ENTRY_COLUMNS = [Message.__table__.c["metadata" if n == "metadata" else n] for n in ENTRY_FIELDS]
_BY_IDS = Read(
    select(*ENTRY_COLUMNS).where(Message.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
)
_BY_SEQS = Read(
    select(*ENTRY_COLUMNS)
    .where(
        Message.conversation_id == bindparam("conversation_id"),
        Message.seq == any_(bindparam("numbers", type_=ARRAY(BigInteger))),
    )
    .order_by(Message.seq)
)
_BY_NUMBERS = {
    series: Read(
        select(*ENTRY_COLUMNS).where(
            getattr(Message, series.owner_field) == bindparam("owner"),
            getattr(Message, series.number_field)
            == any_(bindparam("numbers", type_=ARRAY(BigInteger))),
        )
    )
    for series in (MESSAGES, REPLIES, EDITS)
}
_PENDING = Read(
    select(MirrorPending.conversation_id, MirrorPending.seq)
    .where(MirrorPending.created_at < func.now() - bindparam("older_than", type_=Interval))
    .order_by(MirrorPending.created_at)
    .limit(bindparam("limit", type_=BigInteger))
)
_MEMBERS = Read(
    select(ConversationMember.user_id)
    .where(
        ConversationMember.conversation_id == bindparam("conversation_id"),
        ConversationMember.removed_seq.is_(None),
    )
    .order_by(ConversationMember.user_id)
)
_LEFT = Read(
    select(ConversationMember.conversation_id)
    .join(
        Message,
        (Message.conversation_id == ConversationMember.conversation_id)
        & (Message.seq == ConversationMember.removed_seq),
    )
    .where(
        ConversationMember.user_id == bindparam("user_id"),
        Message.created_at > bindparam("since", type_=DateTime(timezone=True)),
    )
)
_CONVERSATION = Read(
    select(*Conversation.__table__.c, ConversationHead.last_seq, ConversationHead.last_msg_no)
    .join(ConversationHead, ConversationHead.conversation_id == Conversation.id)
    .where(Conversation.id == bindparam("conversation_id"))
)


def entry_of(row: Iterable[Any]) -> LogEntry:
    """An entry, from its columns in `ENTRY_COLUMNS`' order."""
    entry = LogEntry(*row)
    # The driver gives an enum as its label.
    entry.kind, entry.role = EntryKind(entry.kind), MessageRole(entry.role)
    return entry


class PostgresLog:
    """The standby copy, and the log's bookkeeping.

    Args:
        main: The main database.
    """

    def __init__(self, main: Postgres) -> None:
        self._main = main

    async def mode(self) -> StoresMode:
        """The stores' mode as PostgreSQL has it."""
        (row,) = await self._main.fetch(_MODE)
        return StoresMode(row["epoch"], StoreMode(row["mode"]), row["era"])

    async def entries(self, conversation_id: UUID, seqs: Sequence[int]) -> list[LogEntry]:
        """The entries in these places, in order."""
        rows = await self._main.fetch(_BY_SEQS, conversation_id=conversation_id, numbers=list(seqs))
        return [entry_of(row) for row in rows]

    async def series(self, window: Window, series: Series) -> list[LogEntry]:
        """A window's entries, in no order."""
        rows = await self._main.fetch(
            _BY_NUMBERS[series], owner=window.owner, numbers=list(window.numbers)
        )
        return [entry_of(row) for row in rows]

    async def entries_by_ids(self, ids: Sequence[UUID]) -> list[LogEntry]:
        """The entries with these ids, in no order."""
        return [entry_of(row) for row in await self._main.fetch(_BY_IDS, ids=list(ids))]

    async def left_since(self, user_id: int, since: datetime) -> list[UUID]:
        """Conversations that a user has left since a time, and not come back to."""
        rows = await self._main.fetch(_LEFT, user_id=user_id, since=since)
        return [row[0] for row in rows]

    async def pending(self, *, older_than: timedelta, limit: int) -> list[tuple[UUID, int]]:
        """Places that MongoDB may not have yet, oldest first."""
        rows = await self._main.fetch(_PENDING, older_than=older_than, limit=limit)
        return [(row[0], row[1]) for row in rows]

    async def mirrored(self, places: Sequence[tuple[UUID, int]]) -> None:
        """Forget pending places, which MongoDB has."""
        async with self._main.begin() as tx:
            place = tuple_(MirrorPending.conversation_id, MirrorPending.seq)
            await tx.execute(delete(MirrorPending).where(place.in_(places)))

    async def conversation(self, conversation_id: UUID) -> tuple[Any, list[int]] | None:
        """A conversation's row with its head, and who takes part, as of now."""
        rows = await self._main.fetch(_CONVERSATION, conversation_id=conversation_id)
        if not rows:
            return None
        members = await self._main.fetch(_MEMBERS, conversation_id=conversation_id)
        return rows[0], [row[0] for row in members]


async def append(
    tx: AsyncConnection, entry: LogEntry, mode: StoresMode, *, member: int | None = None
) -> LogEntry:
    """Give an entry its place, or find the place that the same id has.

    Args:
        tx: The transaction; the conversation's head stays locked to its end.
        entry: What to append.
        mode: The mode that this process believes in.
        member: Who must take part in the conversation; None where the caller has checked.

    Raises:
        StaleMode: The stores' mode has changed.
        NotFound: There is no such conversation, or `member` does not take part in it; the message
            that it answers is none of the conversation's.
        Invalid: Somebody whom it mentions does not take part.
        Conflict: `member` takes part, and the conversation is closed: its group was deleted.
    """
    await lock_head(tx, entry.conversation_id)
    result = await tx.execute(
        _APPEND,
        {
            "epoch": mode.epoch,
            "mode": mode.mode,
            "member": member,
            "is_message": int(entry.is_message),
            "is_edit": int(entry.kind is EntryKind.EDIT),
            "is_activity": int(entry.is_activity),
            **{name: getattr(entry, name) for name in _GIVEN},
        },
    )
    row = result.one()
    if not row.is_current:
        raise StaleMode
    if not row.is_member:
        raise NotFound("There is no such conversation.", field=["conversationId"])
    if row.id is None and not row.is_open:
        raise Conflict("This conversation is closed.", field=["conversationId"])
    if row.id is None and not row.has_answered:
        raise NotFound(
            "There is no such message in this conversation.", field=["input", "replyToId"]
        )
    if row.id is None and not row.has_mentioned:
        raise Invalid(
            "Somebody who is mentioned does not take part.", field=["input", "mentionIds"]
        )
    if row.id is None:
        raise NotFound("There is no such conversation.", field=["conversationId"])
    return entry_of(row[5:])


async def lock_head(tx: AsyncConnection, conversation_id: UUID) -> None:
    """Keep every other append to a conversation, and a change of mode, waiting for this one."""
    await tx.execute(_LOCK, {"mode_lock": MODE_LOCK, "conversation_id": conversation_id})
