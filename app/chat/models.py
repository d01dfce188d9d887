"""PostgreSQL's half of the message log: the copy that commits first, and the log's bookkeeping."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.stores.tables import (
    Counter,
    CreatedAt,
    JsonList,
    JsonObject,
    MainBase,
    Timestamps,
    UuidKey,
    pg_enum,
)


class ConversationKind(StrEnum):
    """Between whom a conversation is."""

    DIRECT = "direct"
    GROUP = "group"
    ASSISTANT = "assistant"


class EntryKind(StrEnum):
    """What an entry of the log says; `void` fills a slot whose writer died."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETE = "delete"
    REACTION = "reaction"
    MEMBER = "member"
    VOID = "void"
    PIN = "pin"
    DETAILS = "details"


class MessageRole(StrEnum):
    """Who speaks in a message."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class StoreMode(StrEnum):
    """Which stores the log is written to and read from; see the message protocol."""

    BOTH = "both"
    PG_ONLY = "pg_only"
    CATCHUP = "catchup"
    MONGO_ONLY = "mongo_only"
    DRAIN = "drain"


class Conversation(Timestamps, MainBase):
    """A conversation's metadata; its id is the same in both stores."""

    __tablename__ = "conversations"

    id: Mapped[UuidKey]
    kind: Mapped[ConversationKind] = mapped_column(pg_enum(ConversationKind, "conversation_kind"))
    group_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), unique=True
    )
    created_by: Mapped[int] = mapped_column(Integer, index=True)
    title: Mapped[str | None]
    summary: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=sql("'{}'::text[]"))
    context: Mapped[JsonObject]
    extra: Mapped[JsonObject] = mapped_column("metadata")
    # The seq of the entry as of which it says this.
    details_version: Mapped[Counter]

    __table_args__ = (
        CheckConstraint("(kind = 'group') = (group_id IS NOT NULL)", name="group_has_group"),
        Index("ix_conversations_created_at_id", "created_at", "id"),
        Index("ix_conversations_updated_at_id", "updated_at", "id"),
    )


class ConversationMember(MainBase):
    """From which entry to which a user takes part, how far they have read, and how they keep it."""

    __tablename__ = "conversation_members"

    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    joined_seq: Mapped[Counter]
    # The entry that removed them; None while they take part.
    removed_seq: Mapped[int | None] = mapped_column(BigInteger)
    read_msg_no: Mapped[Counter]
    read_at: Mapped[datetime | None]
    joined_at: Mapped[CreatedAt]
    is_archived: Mapped[bool] = mapped_column(server_default=false())
    muted_until: Mapped[datetime | None]
    pinned_at: Mapped[datetime | None]
    # Counts the changes of these three, so that the last one stays in MongoDB too.
    settings_version: Mapped[Counter]

    __table_args__ = (
        CheckConstraint("removed_seq >= joined_seq", name="removed_after_joined"),
        Index("ix_conversation_members_user_id_conversation_id", "user_id", "conversation_id"),
    )


class ConversationHead(MainBase):
    """The last numbers given out; its row lock makes them dense and commit-ordered."""

    __tablename__ = "conversation_heads"

    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    last_seq: Mapped[Counter]
    last_msg_no: Mapped[Counter]
    last_activity_at: Mapped[CreatedAt]
    total_tokens: Mapped[Counter]

    __table_args__ = (
        CheckConstraint("last_msg_no BETWEEN 0 AND last_seq", name="numbers_ordered"),
        # Rewritten by every send: room for the change on its own page.
        {"postgresql_with": {"fillfactor": 70}},
    )


class Message(Timestamps, MainBase):
    """One entry of the log; `seq` numbers every entry of a conversation, `msg_no` its messages."""

    __tablename__ = "messages"

    # uuid5 of conversation, sender and client key: the same wherever a send is retried.
    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE")
    )
    seq: Mapped[int] = mapped_column(BigInteger)
    msg_no: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[EntryKind] = mapped_column(
        pg_enum(EntryKind, "entry_kind"), server_default=EntryKind.MESSAGE
    )
    # The message that an edit, a delete, a reaction or a pin is about.
    target_id: Mapped[UUID | None]
    sender_id: Mapped[int | None] = mapped_column(Integer)
    group_id: Mapped[UUID | None] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    client_key: Mapped[str | None]
    role: Mapped[MessageRole] = mapped_column(
        pg_enum(MessageRole, "message_role"), server_default=MessageRole.USER
    )
    text: Mapped[str | None]
    attachments: Mapped[JsonList]
    model: Mapped[str | None]
    provider: Mapped[str | None]
    tokens: Mapped[int | None] = mapped_column(Integer)
    extra: Mapped[JsonObject] = mapped_column("metadata")
    # The message that a reply answers, the one its thread began with, and its number in it: dense.
    reply_to_id: Mapped[UUID | None]
    thread_id: Mapped[UUID | None]
    thread_no: Mapped[int | None] = mapped_column(BigInteger)
    # The last numbers given out to this message's replies and edits: dense, so they are counts.
    reply_count: Mapped[Counter]
    edit_count: Mapped[Counter]
    # An edit's number among those of its message: dense.
    edit_no: Mapped[int | None] = mapped_column(BigInteger)
    # Whom it mentions: everybody who took part when it was sent, where it mentions everybody.
    mention_ids: Mapped[list[int]] = mapped_column(
        ARRAY(Integer), server_default=sql("'{}'::integer[]")
    )
    mentions_everyone: Mapped[bool] = mapped_column(server_default=false())
    edited_at: Mapped[datetime | None]
    # Of the conversation, up to this entry.
    total_tokens: Mapped[Counter]
    deleted: Mapped[bool] = mapped_column(server_default=false())
    # The seq of the last edit or delete applied: applying `where version < seq` is idempotent.
    version: Mapped[Counter]
    epoch: Mapped[int] = mapped_column(BigInteger)
    # Words as they are: people write in more languages than one.
    search: Mapped[Any] = mapped_column(
        TSVECTOR,
        Computed("to_tsvector('simple'::regconfig, COALESCE(text, ''::text))", persisted=True),
    )

    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        CheckConstraint("seq > 0", name="seq_positive"),
        CheckConstraint("(kind = 'message') = (msg_no IS NOT NULL)", name="messages_numbered"),
        CheckConstraint("msg_no BETWEEN 1 AND seq", name="msg_no_range"),
        CheckConstraint(
            "kind = 'void' OR role <> 'user' OR sender_id IS NOT NULL", name="sender_known"
        ),
        CheckConstraint("tokens >= 0", name="tokens_not_negative"),
        CheckConstraint("jsonb_typeof(attachments) = 'array'", name="attachments_array"),
        CheckConstraint("(thread_id IS NULL) = (thread_no IS NULL)", name="replies_numbered"),
        CheckConstraint("(kind = 'edit') = (edit_no IS NOT NULL)", name="edits_numbered"),
        Index("ix_messages_conversation_id_msg_no", "conversation_id", "msg_no"),
        Index("ix_messages_created_at", "created_at"),
        Index("ix_messages_sender_id_created_at", "sender_id", "created_at"),
        Index(
            "ix_messages_group_id_seq",
            "group_id",
            "seq",
            postgresql_where=sql("group_id IS NOT NULL"),
        ),
        Index("ix_messages_target_id", "target_id", postgresql_where=sql("target_id IS NOT NULL")),
        Index(
            "ix_messages_thread_id_thread_no",
            "thread_id",
            "thread_no",
            unique=True,
            postgresql_where=sql("thread_id IS NOT NULL"),
        ),
        # Both in one index, of btree_gin: a conversation's hits alone are read.
        Index(
            "ix_messages_conversation_id_search",
            "conversation_id",
            "search",
            postgresql_using="gin",
            postgresql_where=sql("kind = 'message'"),
        ),
    )


class MessageReaction(MainBase):
    """That a user reacts to a message with an emoji, since the entry `seq`."""

    __tablename__ = "message_reactions"

    message_id: Mapped[UUID] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    emoji: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)


class MessagePin(MainBase):
    """That a message is pinned in its conversation, since the entry `seq`."""

    __tablename__ = "message_pins"

    message_id: Mapped[UUID] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE")
    )
    seq: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_message_pins_conversation_id_seq", "conversation_id", "seq"),)


class MirrorPending(MainBase):
    """An entry that PostgreSQL has and MongoDB may not have yet."""

    __tablename__ = "mirror_pending"

    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    epoch: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index("ix_mirror_pending_created_at", "created_at"),)


class QuarantinedMessage(MainBase):
    """An unacknowledged entry that a failover displaced: kept for people, read by nothing."""

    __tablename__ = "message_quarantine"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(index=True)
    conversation_id: Mapped[UUID]
    seq: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    entry: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index("ix_message_quarantine_conversation_id_seq", "conversation_id", "seq"),)


class StoreState(MainBase):
    """The one row that says which mode the stores are in, so that a stale process is refused."""

    __tablename__ = "store_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    epoch: Mapped[int] = mapped_column(BigInteger)
    mode: Mapped[StoreMode] = mapped_column(pg_enum(StoreMode, "store_mode"))
    era: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())

    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("era <= epoch", name="era_at_most_epoch"),
    )
