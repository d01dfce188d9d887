"""MongoDB's half of the message log: what a document of each collection holds.

The documents validate what is written; hot reads take raw documents. The collections' own
`$jsonSchema` validators, in `migrations/mongo`, say the same, and a test compares the two.
"""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from beanie import Document
from pydantic import BaseModel, ConfigDict, Field, Strict
from pymongo import ASCENDING, DESCENDING, IndexModel

from app.chat.models import ConversationKind, EntryKind, MessageRole, StoreMode
from app.media import AttachmentType

_LONG = 2**63 - 1

# Strict, as the server is: "1" is no number, and "2026-07-01" no moment.
Id = Annotated[UUID, Strict()]
Flag = Annotated[bool, Strict()]
Moment = Annotated[datetime, Strict()]
UserId = Annotated[int, Strict(), Field(gt=0, lt=2**31)]
Number = Annotated[int, Strict(), Field(ge=0, le=_LONG)]
Ordinal = Annotated[int, Strict(), Field(gt=0, le=_LONG)]

Place = Annotated[bytes, Strict(), Field(min_length=24, max_length=24)]

# A wrong name is a bug, on assignment too.
_STRICT = ConfigDict(extra="forbid", validate_assignment=True)


class Attachment(BaseModel):
    """A file beside a message's text."""

    model_config = _STRICT

    url: str
    type: AttachmentType


class LastMessage(BaseModel):
    """The snapshot of a conversation's last message, so that an inbox reads one collection.

    `seq` and `version` stand first: `$max` compares embedded documents field by field, so that
    the newest message's newest version stays.
    """

    model_config = _STRICT

    seq: Ordinal
    version: Number
    id: Id
    msg_no: Ordinal
    sender_id: UserId | None
    text: str | None
    created_at: Moment


class ConversationDocument(Document):
    """A conversation with the copy of its members that sends are checked against.

    `activity` sorts an inbox: the milliseconds of the last message or change of members in 16 hex
    digits, then the conversation id's 32, so that it is unique and in order as a string.
    """

    model_config = _STRICT

    id: Id  # type: ignore[assignment]  # Beanie's own default is an ObjectId
    kind: ConversationKind
    group_id: Id | None = None
    # Who started it.
    user_id: UserId
    participant_ids: list[UserId]
    # The same while they are few, by whom it is found in the order of its activity; else empty.
    inbox_ids: list[UserId]
    title: str | None = None
    summary: str | None = None
    tags: list[str] = Field(default_factory=list)
    context: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, Any] = Field(default_factory=dict)
    # The seq of the entry as of which it says this.
    details_version: Number = 0
    # The last msg_no given out: numbers are dense, so it is the count.
    message_count: Number = 0
    total_tokens: Number = 0
    last_seq: Number = 0
    last_message: LastMessage | None = None
    activity: Annotated[str, Field(pattern=r"^[0-9a-f]{48}$")]
    # When the head was last written, for whatever entry.
    changed_at: Moment
    # The seq of the member entry that `participant_ids` stands at.
    members_seq: Number = 0
    created_at: Moment
    updated_at: Moment

    class Settings:
        """Collection and indexes."""

        name = "conversations"
        use_revision = False
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("inbox_ids", ASCENDING), ("activity", DESCENDING)], name="inbox_ids_activity"
            ),
            IndexModel([("user_id", ASCENDING)], name="user_id"),
            IndexModel([("created_at", ASCENDING)], name="created_at"),
            IndexModel([("updated_at", ASCENDING)], name="updated_at"),
            IndexModel([("user_id", ASCENDING), ("updated_at", DESCENDING)], name="user_updated"),
            IndexModel([("group_id", ASCENDING)], name="group_id"),
        ]


class CrowdDocument(Document):
    """Who takes part in a conversation of many, apart from its head.

    A send would have to move the index entry of every participant.
    """

    model_config = _STRICT

    id: Id  # type: ignore[assignment]
    participant_ids: list[UserId]
    # The seq of the member entry that `participant_ids` stands at.
    members_seq: Number
    changed_at: Moment

    class Settings:
        """Collection and indexes."""

        name = "crowds"
        use_revision = False
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("participant_ids", ASCENDING), ("changed_at", DESCENDING)],
                name="participant_ids_changed_at",
            ),
        ]


class MessageDocument(Document):
    """One entry of the log, as a projection: edits and deletes are applied to it.

    `slot` is the conversation id's 16 bytes and `msg_no` in 8, big-endian: one index then serves
    single messages of many conversations (`$in`) and pages of one (a range). `thread_slot` is that
    of a reply in its thread, `edit_slot` that of an edit in its message's history. The fields with
    a default, from `reply_to_id` on, are only there where they say something else.
    """

    model_config = _STRICT

    id: Id  # type: ignore[assignment]
    conversation_id: Id
    seq: Ordinal
    msg_no: Ordinal | None
    slot: Place | None
    kind: EntryKind
    target_id: Id | None = None
    sender_id: UserId | None
    client_key: str | None
    role: MessageRole = MessageRole.USER
    text: str | None
    attachments: list[Attachment] = Field(default_factory=list)
    model: str | None = None
    provider: str | None = None
    tokens: Annotated[int, Strict(), Field(ge=0, lt=2**31)] | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    deleted: Flag = False
    version: Number = 0
    # Written while PostgreSQL was away and not yet copied there; `era` says in which outage.
    dirty: Flag = False
    era: Number
    created_at: Moment
    updated_at: Moment
    reply_to_id: Id | None = None
    thread_slot: Place | None = None
    edit_slot: Place | None = None
    reply_count: Number = 0
    edit_count: Number = 0
    mention_ids: list[UserId] = Field(default_factory=list)
    mentions_everyone: Flag = False
    edited_at: Moment | None = None

    class Settings:
        """Collection and indexes."""

        name = "messages"
        use_revision = False
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("conversation_id", ASCENDING), ("seq", ASCENDING)],
                name="conversation_id_seq",
                unique=True,
            ),
            IndexModel([("slot", ASCENDING)], name="slot"),
            IndexModel([("created_at", ASCENDING)], name="created_at"),
            IndexModel([("sender_id", ASCENDING)], name="sender_id"),
            IndexModel([("thread_slot", ASCENDING)], name="thread_slot", sparse=True),
            IndexModel([("edit_slot", ASCENDING)], name="edit_slot", sparse=True),
        ]


class ReactionDocument(Document):
    """That a user reacts to a message, or no longer does, as of the entry `seq`.

    Its id is `<message id in hex>:<user id>:<emoji>`.
    """

    model_config = _STRICT

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}:[1-9][0-9]*:.")]  # type: ignore[assignment]
    message_id: Id
    user_id: UserId
    emoji: str
    seq: Ordinal
    removed: Flag

    class Settings:
        """Collection and indexes."""

        name = "reactions"
        use_revision = False
        indexes: ClassVar[list[IndexModel]] = [
            # All that is told of the reactions to a message, which may be thousands.
            IndexModel(
                [
                    (name, ASCENDING)
                    for name in ("message_id", "removed", "emoji", "user_id", "seq")
                ],
                name="reacted",
            )
        ]


class PinDocument(Document):
    """That the message with this id is pinned, or no longer is, as of the entry `seq`."""

    model_config = _STRICT

    id: Id  # type: ignore[assignment]
    conversation_id: Id
    seq: Ordinal
    removed: Flag

    class Settings:
        """Collection and indexes."""

        name = "pins"
        use_revision = False
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("conversation_id", ASCENDING)], name="conversation_id")
        ]


class MentionDocument(Document):
    """Whom the message with this id mentions, as of its `version`; nobody once it is deleted.

    `members` are the ids of their receipts, so that one index counts by user and conversation;
    `place` is the message's milliseconds in 16 hex digits, then its id's 32.
    """

    model_config = _STRICT

    id: Id  # type: ignore[assignment]
    conversation_id: Id
    msg_no: Ordinal
    user_ids: list[UserId]
    members: list[Annotated[str, Field(pattern=r"^[0-9a-f]{32}:[1-9][0-9]*$")]]
    place: Annotated[str, Field(pattern=r"^[0-9a-f]{48}$")]
    version: Number

    class Settings:
        """Collection and indexes."""

        name = "mentions"
        use_revision = False
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("members", ASCENDING)], name="members"),
            IndexModel([("user_ids", ASCENDING), ("place", DESCENDING)], name="user_ids_place"),
        ]


class ReceiptDocument(Document):
    """What is one user's own of one conversation.

    How far they have read it only grows; of how they keep it the last change stays.

    Its id is `<conversation id in hex>:<user id>`.
    """

    model_config = _STRICT

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}:[1-9][0-9]*$")]  # type: ignore[assignment]
    conversation_id: Id
    user_id: UserId
    read_msg_no: Number
    # None before anything was read.
    read_at: Moment | None
    is_archived: Flag = False
    muted_until: Moment | None = None
    pinned_at: Moment | None = None
    settings_version: Number = 0

    class Settings:
        """Collection and indexes."""

        name = "receipts"
        use_revision = False
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("conversation_id", ASCENDING)], name="conversation_id"),
            IndexModel(
                [("user_id", ASCENDING), ("pinned_at", DESCENDING)], name="user_id_pinned_at"
            ),
        ]


class StoreStateDocument(Document):
    """The one document, `mode`, that says which mode the stores are in."""

    model_config = _STRICT

    id: str  # type: ignore[assignment]
    epoch: Ordinal
    mode: StoreMode
    era: Ordinal

    class Settings:
        """Collection; read by id alone."""

        name = "store_state"
        use_revision = False


DOCUMENTS: tuple[type[Document], ...] = (
    ConversationDocument,
    CrowdDocument,
    MessageDocument,
    ReactionDocument,
    PinDocument,
    MentionDocument,
    ReceiptDocument,
    StoreStateDocument,
)
