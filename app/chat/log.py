"""The log's vocabulary: entries, conversations, and the ids that make a retry harmless."""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from app.chat.models import ConversationKind, EntryKind, MessageRole

# Names under which ids are derived; changing one would break every retry under way.
_DIRECT = UUID("5b0f3c0e-6f0a-5a55-9d8c-0d6f0c1c7a01")
_GROUP = UUID("5b0f3c0e-6f0a-5a55-9d8c-0d6f0c1c7a02")
_ASSISTANT = UUID("5b0f3c0e-6f0a-5a55-9d8c-0d6f0c1c7a03")

_NO_TIME = datetime.min.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What moves a conversation up in its members' inboxes: lines of its own, and not what befalls one.
_MOVING = (EntryKind.MESSAGE, EntryKind.MEMBER)


@dataclass(slots=True, eq=False)
class LogEntry:
    """One entry of a conversation's log, as both stores hold it.

    Attributes:
        seq: Its place, dense over all kinds; 0 before it has one.
        msg_no: Its number among the messages; None for other kinds.
        version: The seq of the last edit or delete that was applied to it.
        epoch: The epoch in which it was written.
        target_id: The message that an edit, a delete, a reaction or a pin is about.
        metadata: For a message, what clients keep with it; for another kind, what it changed.
        thread_id: The message that a reply's thread began with; `thread_no` is its number in it.
        reply_count: The last number given out in the thread that began with this message.
        edit_no: An edit's number among those of its message, whose `edit_count` is the last.
        total_tokens: What the conversation's messages cost up to this entry, in PostgreSQL's copy.
        mention_ids: Whom it mentions; everybody else who took part, where `mentions_everyone`.
    """

    id: UUID
    conversation_id: UUID
    kind: EntryKind
    sender_id: int | None
    seq: int = 0
    msg_no: int | None = None
    client_key: str | None = None
    target_id: UUID | None = None
    role: MessageRole = MessageRole.USER
    text: str | None = None
    attachments: list[dict[str, str]] = field(default_factory=list)
    model: str | None = None
    provider: str | None = None
    tokens: int | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    deleted: bool = False
    version: int = 0
    epoch: int = 0
    created_at: datetime = _NO_TIME
    updated_at: datetime = _NO_TIME
    reply_to_id: UUID | None = None
    thread_id: UUID | None = None
    thread_no: int | None = None
    reply_count: int = 0
    edit_no: int | None = None
    edit_count: int = 0
    mention_ids: list[int] = field(default_factory=list)
    mentions_everyone: bool = False
    edited_at: datetime | None = None
    total_tokens: int = 0

    @property
    def is_message(self) -> bool:
        """Whether it is a message, rather than something that happened to one."""
        return self.kind == EntryKind.MESSAGE

    @property
    def is_activity(self) -> bool:
        """Whether it moves the conversation up in an inbox."""
        return self.kind in _MOVING


@dataclass(frozen=True, slots=True)
class Series:
    """Entries that are numbered densely below something.

    Attributes:
        owner_field: The entry's field that says below what.
        number_field: The entry's field that has its number.
        slot: Where MongoDB has both as one value; see `slot`.
    """

    owner_field: str
    number_field: str
    slot: str

    def number(self, entry: LogEntry) -> int:
        """An entry's number; 0 if it is of no such series."""
        return getattr(entry, self.number_field) or 0


MESSAGES = Series("conversation_id", "msg_no", "slot")
REPLIES = Series("thread_id", "thread_no", "thread_slot")
EDITS = Series("target_id", "edit_no", "edit_slot")


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a series: what its owner has from number `low` to number `high`."""

    owner: UUID
    low: int
    high: int

    @property
    def numbers(self) -> range:
        """The numbers in the window."""
        return range(self.low, self.high + 1)


ENTRY_FIELDS = tuple(f.name for f in fields(LogEntry))


@dataclass(slots=True, eq=False)
class Reaction:
    """An emoji that a message has, as one user sees it.

    Attributes:
        count: How many reacted with it.
        user_ids: The first of them, in the order of their numbers: more than a page may have, or
            all of them.
        viewer_has_reacted: Whether that user is among them.
    """

    message_id: UUID
    emoji: str
    count: int
    user_ids: list[int]
    viewer_has_reacted: bool


@dataclass(frozen=True, slots=True)
class Mention:
    """A message that mentions somebody, and its place among all that do: ordered text."""

    message_id: UUID
    place: str


@dataclass(slots=True, eq=False)
class ConversationRecord:
    """A conversation with its members and its head, read off one document.

    Attributes:
        user_id: Who started it.
        message_count: The last message number given out; dense, so it is the count.
        last_seq: The last place given out in the log.
        members_seq: The member entry that `participant_ids` stands at.
        details_version: The entry as of which it says of itself what it does; 0 as it was started.
        activity: Its place in an inbox; see `activity_key`.
        changed_at: When its head was last written, for any entry: by the writer's clock.
    """

    id: UUID
    kind: ConversationKind
    group_id: UUID | None
    user_id: int
    participant_ids: list[int]
    title: str | None
    summary: str | None
    tags: list[str]
    context: dict[str, Any]
    metadata: dict[str, Any]
    message_count: int
    total_tokens: int
    last_seq: int
    last_message_id: UUID | None
    members_seq: int
    details_version: int
    activity: str
    changed_at: datetime
    created_at: datetime
    updated_at: datetime

    @property
    def last_activity_at(self) -> datetime:
        """When it was started, its last message was sent, or its members last changed."""
        return _EPOCH + timedelta(milliseconds=int(self.activity[:16], 16))


@dataclass(frozen=True, slots=True)
class MemberState:
    """What is one member's own: how far they have read a conversation, and how they keep it.

    Attributes:
        settings_version: Counts the changes of how they keep it.
    """

    read_msg_no: int = 0
    is_archived: bool = False
    muted_until: datetime | None = None
    pinned_at: datetime | None = None
    settings_version: int = 0

    def is_muted(self, at: datetime) -> bool:
        """Whether they want to hear nothing of it at that time."""
        return self.muted_until is not None and self.muted_until > at


def message_id(conversation_id: UUID, sender_id: int, client_key: str) -> UUID:
    """The same id wherever and however often a send is retried."""
    return uuid5(conversation_id, f"{sender_id}:{client_key}")


def member_entry_id(conversation_id: UUID, occasion: str) -> UUID:
    """The same id for the same change of members; apart from every message's."""
    return uuid5(conversation_id, f"member:{occasion}")


def direct_conversation_id(one: int, other: int) -> UUID:
    """The conversation of a pair, whoever starts it."""
    low, high = sorted((one, other))
    return uuid5(_DIRECT, f"{low}:{high}")


def group_conversation_id(group_id: UUID) -> UUID:
    """The conversation of a group."""
    return uuid5(_GROUP, group_id.hex)


def assistant_conversation_id(user_id: int, client_key: str) -> UUID:
    """The conversation that a user started with this client key."""
    return uuid5(_ASSISTANT, f"{user_id}:{client_key}")


def answer_id(conversation_id: UUID, sender_id: int, client_key: str) -> UUID:
    """The same id for the same answer, wherever its start is retried; its message has another."""
    return uuid5(conversation_id, f"answer:{sender_id}:{client_key}")


def activity_key(conversation_id: UUID, at: datetime) -> str:
    """Where a conversation stands in an inbox: milliseconds, then the id, as ordered text."""
    return f"{milliseconds(at):016x}{conversation_id.hex}"


def milliseconds(at: datetime) -> int:
    """A time in whole milliseconds since 1970, as MongoDB keeps it."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def slot(series: UUID, number: int) -> bytes:
    """A place in a dense series as one indexed value: the id's 16 bytes, then the number's 8.

    A conversation's id and a message's number, a thread's and a reply's, a message's and an edit's.
    """
    return series.bytes + number.to_bytes(8, "big")


def slot_of(series: UUID | None, number: int | None) -> bytes | None:
    """The place of what may have none."""
    return None if series is None or number is None else slot(series, number)


def place_of(found: bytes | None) -> tuple[UUID | None, int | None]:
    """The series and the number of a `slot`."""
    return (None, None) if found is None else (UUID(bytes=found[:16]), int.from_bytes(found[16:]))
