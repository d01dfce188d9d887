"""What may be done to a message once it is sent: edit, delete, react, pin.

Each is an entry of the log, with a client key of its own, and takes effect on the message in the
same transaction; what changes nothing leaves no entry.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from emoji import demojize, emojize, is_emoji
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.chat.backend import Backend
from app.chat.content import (
    check_mentions_everyone,
    clean_message_text,
    leads,
    mentioned,
)
from app.chat.events import publish_entry
from app.chat.log import ConversationRecord, LogEntry
from app.chat.models import EntryKind, MessageRole
from app.chat.postgres_changes import (
    apply_change,
    emojis_in,
    entry_in,
    has_reacted,
    pins_in,
)
from app.chat.postgres_log import lock_head
from app.chat.queries import conversations_by_ids, messages_by_ids
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.ids import new_id
from app.media import Attachment, clean_attachments
from app.once import once, remember
from app.viewer import Viewer

MAX_EMOJIS = 20  # different ones of a message
MAX_PINS = 100  # of a conversation
_UNCHANGED = "unchanged"

# What a change adds to the log, if anything, given the message as it is under the head's lock.
Decide = Callable[[AsyncConnection, LogEntry], Awaitable[LogEntry | None]]


@dataclass(frozen=True, slots=True)
class MessageEdits:
    """What is to be different; None leaves it as it is.

    Attributes:
        text: What it says, in a tuple of one, where None is no text beside attachments.
        attachments: All of them.
        mentions: All whom it mentions, by public ids.
        everyone: Whether it mentions everybody who takes part.
    """

    text: tuple[str | None] | None = None
    attachments: Sequence[Attachment] | None = None
    mentions: Sequence[UUID] | None = None
    everyone: bool | None = None


def is_own(viewer: Viewer, message: LogEntry) -> bool:
    """Whether the viewer said it, and neither an assistant nor the system for them."""
    return message.sender_id == viewer.user_id and message.role is MessageRole.USER


def may_delete(viewer: Viewer, message: LogEntry, *, leads_group: bool) -> bool:
    """Whether a message is the viewer's own, or theirs to take away: as staff, or in a group."""
    return is_own(viewer, message) or viewer.is_staff or leads_group


async def edit_message(
    backend: Backend, viewer: Viewer, message_id: UUID, edits: MessageEdits, *, client_key: str
) -> None:
    """Let a message of the viewer's say something else; what it said stays in its history.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such message that the viewer may see, or no user who is mentioned.
        Forbidden: Somebody else sent it; or it is to mention everybody, which only owners and
            admins of a group do.
        Conflict: It was deleted.
        Invalid, Required, TooLong: A value breaks its rule.
        ClientKeyReused: The key came before with something else.
    """
    seen, conversation = await _visible(backend, viewer, message_id)
    if edits.everyone and not seen.mentions_everyone:
        await check_mentions_everyone(backend, viewer, conversation)
    mentions = None
    if edits.mentions is not None:
        mentions = await mentioned(backend, viewer, edits.mentions)
    attachments = None
    if edits.attachments is not None:
        attachments = clean_attachments(edits.attachments, field=["input", "attachments"])

    async def decide(_: AsyncConnection, message: LogEntry) -> LogEntry | None:
        if not is_own(viewer, message):
            raise Forbidden("Only who sent a message edits it.", field=["messageId"])
        _check_not_deleted(message)
        change = _change(EntryKind.EDIT, message, viewer, client_key)
        change.attachments = message.attachments if attachments is None else attachments
        text = message.text if edits.text is None else edits.text[0]
        change.text = clean_message_text(text, change.attachments)
        everyone = message.mentions_everyone if edits.everyone is None else edits.everyone
        change.mentions_everyone = everyone
        if not everyone:
            kept = [] if message.mentions_everyone else message.mention_ids
            change.mention_ids = kept if mentions is None else mentions
        said = [(_said(entry), entry.mentions_everyone) for entry in (change, message)]
        if said[0] == said[1]:
            return None
        change.metadata = {"text": message.text, "attachments": message.attachments}
        return change

    body = [message_id, edits.text, attachments, mentions, edits.everyone]
    await _make(
        backend, viewer, seen, decide, operation="messageEdit", client_key=client_key, body=body
    )


def _said(entry: LogEntry) -> tuple[Any, ...]:
    # Everybody is whoever takes part.
    return entry.text, entry.attachments, None if entry.mentions_everyone else entry.mention_ids


async def delete_message(
    backend: Backend, viewer: Viewer, message_id: UUID, *, client_key: str
) -> None:
    """Take away what a message said, now and before; its place stays. Again is harmless.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such message that the viewer may see.
        Forbidden: The viewer neither sent it, nor leads its group, nor is a moderator.
        ClientKeyReused: The key came before for another message.
    """
    seen, conversation = await _visible(backend, viewer, message_id)
    leads_group = conversation.group_id is not None and await leads(backend, viewer, conversation)
    if not may_delete(viewer, seen, leads_group=leads_group):
        raise Forbidden("Only who sent a message deletes it.", field=["messageId"])

    await _delete(backend, viewer, seen, client_key, own=is_own(viewer, seen))


async def remove_message(backend: Backend, viewer: Viewer, message_id: UUID) -> None:
    """Delete a message by a decision of the staff, who need not take part. Again is harmless.

    Raises:
        Unauthenticated: Nobody is signed in.
        Forbidden: The viewer is not staff.
    """
    viewer.require()
    if not viewer.is_staff:
        raise Forbidden("Only staff remove messages.")
    seen = (await backend.chat.entries_by_ids([message_id])).get(message_id)
    if seen is not None:
        await _delete(backend, viewer, seen, new_id().hex, own=False, takes_part=False)


async def _delete(
    backend: Backend,
    viewer: Viewer,
    seen: LogEntry,
    client_key: str,
    *,
    own: bool,
    takes_part: bool = True,
) -> None:
    async def decide(tx: AsyncConnection, message: LogEntry) -> LogEntry | None:
        if message.deleted:
            return None
        if not own:
            before = {"deleted": False, "sender": message.sender_id}
            after = {**before, "deleted": True}
            await record(
                tx, viewer, "messageDelete", "Message", seen.id, before=before, after=after
            )
        return _change(EntryKind.DELETE, message, viewer, client_key)

    await _make(
        backend,
        viewer,
        seen,
        decide,
        operation="messageDelete",
        client_key=client_key,
        body=[seen.id],
        takes_part=takes_part,
    )


async def react_to_message(
    backend: Backend,
    viewer: Viewer,
    message_id: UUID,
    emoji: str,
    *,
    removed: bool,
    client_key: str,
) -> None:
    """Add an emoji of the viewer's to a message, or take it away; again is harmless.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such message that the viewer may see.
        Invalid: It is not one emoji.
        Conflict: The message was deleted, or has `MAX_EMOJIS` different ones.
        ClientKeyReused: The key came before with something else.
    """
    me = viewer.require()
    if not is_emoji(emoji):
        raise Invalid("This is not one emoji.", field=["input", "emoji"])
    emoji = emojize(demojize(emoji))  # one and the same, however it was typed
    seen, _ = await _visible(backend, viewer, message_id)

    async def decide(tx: AsyncConnection, message: LogEntry) -> LogEntry | None:
        _check_not_deleted(message)
        if await has_reacted(tx, message_id, me, emoji) is not removed:
            return None
        emojis = await emojis_in(tx, message_id)
        if not removed and len(emojis | {emoji}) > MAX_EMOJIS:
            raise Conflict(
                f"A message has at most {MAX_EMOJIS} different emojis.", field=["input", "emoji"]
            )
        change = _change(EntryKind.REACTION, message, viewer, client_key)
        change.metadata = {"emoji": emoji, "removed": removed}
        return change

    operation = "messageReactionRemove" if removed else "messageReactionAdd"
    await _make(
        backend,
        viewer,
        seen,
        decide,
        operation=operation,
        client_key=client_key,
        body=[message_id, emoji],
    )


async def pin_message(
    backend: Backend, viewer: Viewer, message_id: UUID, *, removed: bool, client_key: str
) -> None:
    """Pin a message in its conversation, or unpin it; again is harmless.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such message that the viewer may see.
        Forbidden: It is a group's, and the viewer does not lead the group.
        Conflict: The message was deleted, or the conversation has `MAX_PINS`.
        ClientKeyReused: The key came before for another message.
    """
    seen, conversation = await _visible(backend, viewer, message_id)
    if not await leads(backend, viewer, conversation):
        raise Forbidden("Owners and admins of the group pin its messages.", field=["messageId"])

    async def decide(tx: AsyncConnection, message: LogEntry) -> LogEntry | None:
        _check_not_deleted(message)
        pinned = await pins_in(tx, message.conversation_id)
        if (message_id in pinned) is not removed:
            return None
        if not removed and len(pinned) >= MAX_PINS:
            raise Conflict(
                f"A conversation has at most {MAX_PINS} pinned messages.", field=["messageId"]
            )
        change = _change(EntryKind.PIN, message, viewer, client_key)
        change.metadata = {"removed": removed}
        return change

    operation = "messageUnpin" if removed else "messagePin"
    await _make(
        backend, viewer, seen, decide, operation=operation, client_key=client_key, body=[message_id]
    )


async def _visible(
    backend: Backend, viewer: Viewer, message_id: UUID
) -> tuple[LogEntry, ConversationRecord]:
    viewer.require()
    (message,) = await messages_by_ids(backend.chat, viewer, [message_id])
    if message is None:
        raise NotFound("There is no such message.", field=["messageId"])
    (conversation,) = await conversations_by_ids(backend.chat, viewer, [message.conversation_id])
    if conversation is None:
        raise NotFound("There is no such message.", field=["messageId"])
    return message, conversation


def _check_not_deleted(message: LogEntry) -> None:
    if message.deleted:
        raise Conflict("This message was deleted.", field=["messageId"])


def _change(kind: EntryKind, message: LogEntry, viewer: Viewer, key: str) -> LogEntry:
    # An id of its own, which the key leads to for as long as it is known, and then no longer.
    return LogEntry(
        new_id(),
        message.conversation_id,
        kind,
        viewer.require(),
        client_key=key,
        target_id=message.id,
    )


async def _make(
    backend: Backend,
    viewer: Viewer,
    seen: LogEntry,
    decide: Decide,
    *,
    operation: str,
    client_key: str,
    body: Sequence[object],
    takes_part: bool = True,
) -> None:
    """Decide on a change where nothing can come between, apply it, and make it visible."""
    async with backend.main.begin() as tx:
        done = await once(tx, viewer, operation, client_key, body)
        if done == _UNCHANGED:
            return
        if done is None:
            await lock_head(tx, seen.conversation_id)
            change = await decide(tx, await entry_in(tx, seen.id))
            if change is None:
                await remember(tx, viewer, operation, client_key, _UNCHANGED)
                return
            member = viewer.require() if takes_part else None
            placed = await backend.chat.append(tx, change, member=member)
            await apply_change(tx, placed)
            await remember(tx, viewer, operation, client_key, placed.id)
        else:
            placed = await entry_in(tx, UUID(done))
    await backend.chat.publish([placed])
    await publish_entry(backend.bus, placed)
