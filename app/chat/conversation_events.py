"""What happened in a conversation, as its stream tells it: read off the entries of its log."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from app.chat.log import LogEntry
from app.chat.models import EntryKind


@dataclass(slots=True, eq=False)
class ConversationEvent:
    """Something that happened in a conversation, at a place in its log."""

    conversation_id: UUID
    seq: int
    cursor: str


@dataclass(slots=True, eq=False)
class MessageSent(ConversationEvent):
    """A message was sent."""

    message: LogEntry


@dataclass(slots=True, eq=False)
class MessageEdited(ConversationEvent):
    """A message says something else."""

    message_id: UUID


@dataclass(slots=True, eq=False)
class MessageDeleted(ConversationEvent):
    """A message says nothing any more."""

    message_id: UUID
    actor_id: int | None


@dataclass(slots=True, eq=False)
class ReactionChanged(ConversationEvent):
    """A user reacts to a message with an emoji, or no longer does."""

    message_id: UUID
    actor_id: int | None
    emoji: str
    is_removed: bool


@dataclass(slots=True, eq=False)
class PinChanged(ConversationEvent):
    """A message was pinned or unpinned."""

    message_id: UUID
    actor_id: int | None
    is_pinned: bool


@dataclass(slots=True, eq=False)
class ReceiptChanged(ConversationEvent):
    """A user has read up to a message. It is no entry of the log: the stream stays where it is."""

    user_id: int
    msg_no: int


@dataclass(slots=True, eq=False)
class MembersChanged(ConversationEvent):
    """Users joined or left."""

    actor_id: int | None
    added_ids: list[int]
    removed_ids: list[int]


@dataclass(slots=True, eq=False)
class ConversationChanged(ConversationEvent):
    """Its title, summary, tags, context or metadata were changed: those that `changed` names."""

    actor_id: int | None
    changed: list[str]


@dataclass(slots=True, eq=False)
class RefetchNeeded(ConversationEvent):
    """Too much has happened since the cursor, or somebody was erased with all that they said.

    The conversation is to be fetched anew; the stream goes on from here.
    """


def event_of(entry: LogEntry, cursor: str) -> ConversationEvent | None:
    """The event that an entry is; None for one that only fills its place."""
    if entry.target_id is not None:
        return _OF_MESSAGES[entry.kind](entry, cursor, entry.target_id)
    make = _OF_CONVERSATIONS.get(entry.kind)
    return None if make is None else make(entry, cursor)


def _sent(entry: LogEntry, cursor: str) -> ConversationEvent:
    return MessageSent(entry.conversation_id, entry.seq, cursor, entry)


def _members_changed(entry: LogEntry, cursor: str) -> ConversationEvent:
    if entry.metadata.get("erased"):
        return RefetchNeeded(entry.conversation_id, entry.seq, cursor)
    added, removed = (entry.metadata.get(name, []) for name in ("added", "removed"))
    place = (entry.conversation_id, entry.seq, cursor)
    return MembersChanged(*place, entry.sender_id, added, removed)


def _details_changed(entry: LogEntry, cursor: str) -> ConversationEvent:
    place = (entry.conversation_id, entry.seq, cursor)
    return ConversationChanged(*place, entry.sender_id, list(entry.metadata))


def _edited(entry: LogEntry, cursor: str, message_id: UUID) -> ConversationEvent:
    return MessageEdited(entry.conversation_id, entry.seq, cursor, message_id)


def _deleted(entry: LogEntry, cursor: str, message_id: UUID) -> ConversationEvent:
    place = (entry.conversation_id, entry.seq, cursor)
    return MessageDeleted(*place, message_id, entry.sender_id)


def _reacted(entry: LogEntry, cursor: str, message_id: UUID) -> ConversationEvent:
    place, said = (entry.conversation_id, entry.seq, cursor), entry.metadata
    return ReactionChanged(*place, message_id, entry.sender_id, said["emoji"], said["removed"])


def _pinned(entry: LogEntry, cursor: str, message_id: UUID) -> ConversationEvent:
    place = (entry.conversation_id, entry.seq, cursor)
    return PinChanged(*place, message_id, entry.sender_id, not entry.metadata["removed"])


_OF_CONVERSATIONS: dict[EntryKind, Callable[[LogEntry, str], ConversationEvent]] = {
    EntryKind.MESSAGE: _sent,
    EntryKind.MEMBER: _members_changed,
    EntryKind.DETAILS: _details_changed,
}
_OF_MESSAGES: dict[EntryKind, Callable[[LogEntry, str, UUID], ConversationEvent]] = {
    EntryKind.EDIT: _edited,
    EntryKind.DELETE: _deleted,
    EntryKind.REACTION: _reacted,
    EntryKind.PIN: _pinned,
}
