"""What may be done in a conversation: start it, send, read. Each acknowledges what is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachments.commands import claim
from app.chat.backend import Backend
from app.chat.content import (
    NewMessage,
    check_mentions_everyone,
    clean_content,
    clean_origin,
    mentioned,
)
from app.chat.events import Receipt, publish_entry, publish_membership, publish_receipt
from app.chat.log import (
    ConversationRecord,
    LogEntry,
    assistant_conversation_id,
    direct_conversation_id,
    member_entry_id,
    message_id,
)
from app.chat.metadata import clean_metadata
from app.chat.models import (
    Conversation,
    ConversationHead,
    ConversationKind,
    ConversationMember,
    EntryKind,
    MessageRole,
)
from app.chat.queries import conversations_by_ids
from app.errors import ClientKeyReused, Conflict, Invalid, NotFound, StoreUnavailable
from app.once import check_client_key
from app.text import clean_text
from app.usage.models import UsageEntry
from app.users.models import UserRole
from app.users.queries import users_by_public_ids
from app.viewer import Viewer

MAX_TITLE = 200  # characters


async def send_message(
    backend: Backend,
    viewer: Viewer,
    conversation_id: UUID,
    new: NewMessage,
    *,
    client_key: str,
) -> LogEntry:
    """Send a message; the same client key gives the same message, wherever it is retried.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such conversation, or the viewer does not take part in it; or no such
            message to answer, user to mention, or file to attach.
        Conflict: A file is another message's.
        Forbidden: It mentions everybody, which only owners and admins of a group do; or it is not
            said as a user, which only service accounts do.
        Invalid, Required, TooLong: A value breaks its rule.
        ClientKeyReused: The key came before with another message.
        StoreUnavailable: Not acknowledged; retry with the same key.
    """
    me = viewer.require()
    key = check_client_key(client_key)
    if new.everyone or new.role is not MessageRole.USER:
        (conversation,) = await conversations_by_ids(backend.chat, viewer, [conversation_id])
        if conversation is None:
            raise NotFound("There is no such conversation.", field=["conversationId"])
        if new.everyone:
            await check_mentions_everyone(backend, viewer, conversation)
    text, attachments, metadata = clean_content(new)
    entry = LogEntry(
        message_id(conversation_id, me, key),
        conversation_id,
        EntryKind.MESSAGE,
        me,
        client_key=key,
        text=text,
        attachments=attachments,
        metadata=metadata,
        reply_to_id=new.reply_to,
        mention_ids=await mentioned(backend, viewer, new.mentions),
        mentions_everyone=new.everyone,
        **clean_origin(viewer, new),
    )
    entry.attachments += await claim(backend.main, viewer, conversation_id, entry.id, new.files)
    try:
        sent = await backend.chat.send(entry, member=me)
    except IntegrityError as error:
        if not new.files:
            raise
        gone = "A file has gone to another message, or is no longer there."
        raise Conflict(gone, field=["input", "attachmentIds"]) from error
    if _content(sent) != _content(entry) and sent.version == sent.seq:
        raise ClientKeyReused(
            "This client key sent another message before; choose a new one.",
            field=["input", "clientKey"],
        )
    await publish_entry(backend.bus, sent)
    return sent


def _content(entry: LogEntry) -> tuple[Any, ...]:
    # Everybody is whoever took part then.
    mentions = None if entry.mentions_everyone else entry.mention_ids
    origin = entry.role, entry.model, entry.provider, entry.tokens
    return entry.text, entry.attachments, entry.metadata, entry.reply_to_id, mentions, origin


async def start_direct(backend: Backend, viewer: Viewer, other: UUID) -> ConversationRecord:
    """The viewer's conversation with a user, by public id: there is one for each pair.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such user.
        Invalid: The user is the viewer.
    """
    me = viewer.require()
    where = ["input", "userId"]
    (user,) = await users_by_public_ids(backend.auth, viewer, [other])
    if user is None:
        raise NotFound("There is no such user.", field=where)
    if user.id == me:
        raise Invalid("A direct conversation is with somebody else.", field=where)
    values = {"id": direct_conversation_id(me, user.id), "kind": ConversationKind.DIRECT}
    return await _start(backend, viewer, values, [me, user.id])


@dataclass(frozen=True, slots=True)
class NewAssistantConversation:
    """What a user says of a conversation with an assistant.

    Attributes:
        title: What to call it.
        assistant: The public id of the service account that is to answer.
        context: What it should know.
        metadata: What clients keep with it.
    """

    title: str | None = None
    assistant: UUID | None = None
    context: object = field(default_factory=dict)
    metadata: object = field(default_factory=dict)


async def start_assistant(
    backend: Backend, viewer: Viewer, new: NewAssistantConversation, *, client_key: str
) -> ConversationRecord:
    """A new conversation of the viewer with an assistant.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such service account.
        Invalid, Required, TooLong: A value breaks its rule; a user who is to answer is a person.
        ClientKeyReused: The key came before with something else.
    """
    me = viewer.require()
    title = new.title
    if title is not None:
        title = clean_text(title, field=["input", "title"], max_length=MAX_TITLE)
    context = clean_metadata(new.context, field=["input", "context"])
    metadata = clean_metadata(new.metadata, field=["input", "metadata"])
    members = [me]
    if new.assistant is not None:
        members.append(await _assistant(backend, viewer, new.assistant))
    values = {
        "id": assistant_conversation_id(me, check_client_key(client_key)),
        "kind": ConversationKind.ASSISTANT,
        "title": title,
        "context": context,
        "extra": metadata,
    }
    conversation = await _start(backend, viewer, values, members)
    said = conversation.title, conversation.context, conversation.metadata
    is_other = said != (title, context, metadata) and not conversation.details_version
    if is_other or set(conversation.participant_ids) != set(members):
        raise ClientKeyReused(
            "This client key started another conversation before; choose a new one.",
            field=["input", "clientKey"],
        )
    return conversation


async def _assistant(backend: Backend, viewer: Viewer, public_id: UUID) -> int:
    where = ["input", "userId"]
    (user,) = await users_by_public_ids(backend.auth, viewer, [public_id])
    if user is None:
        raise NotFound("There is no such user.", field=where)
    if user.role != UserRole.SERVICE or not user.is_active or user.id == viewer.user_id:
        raise Invalid("Only a service account that is in use answers as assistant.", field=where)
    return user.id


async def _start(
    backend: Backend, viewer: Viewer, values: dict[str, Any], members: Sequence[int]
) -> ConversationRecord:
    me = viewer.require()
    (conversation,) = await conversations_by_ids(backend.chat, viewer, [values["id"]])
    if conversation is not None:
        return conversation
    async with backend.main.begin() as tx:
        entry = await create_conversation(tx, backend, me, values, members)
    await announce(backend, [entry], members)
    (conversation,) = await conversations_by_ids(backend.chat, viewer, [values["id"]])
    if conversation is None:
        raise StoreUnavailable("mongodb")
    return conversation


async def create_conversation(
    tx: AsyncConnection,
    backend: Backend,
    creator: int,
    values: dict[str, Any],
    members: Sequence[int],
) -> LogEntry:
    """Make a conversation and its first entry, or find them, in the caller's transaction.

    Args:
        tx: The transaction.
        backend: Its log gives the entry its place.
        creator: Who starts it.
        values: The conversation's columns; its id follows from what makes it one.
        members: Who takes part from the first.

    Returns:
        The entry, which the caller announces after its commit.
    """
    conversation_id = values["id"]
    # To the millisecond, as both stores keep it.
    now = func.date_trunc("milliseconds", func.now())
    made = insert(Conversation).values(created_by=creator, created_at=now, updated_at=now, **values)
    found = await tx.execute(made.on_conflict_do_nothing().returning(Conversation.id))
    if found.first() is not None:
        await tx.execute(
            insert(ConversationHead).values(conversation_id=conversation_id, last_activity_at=now)
        )
        await tx.execute(
            insert(ConversationMember),
            [{"conversation_id": conversation_id, "user_id": user} for user in members],
        )
        await tx.execute(
            insert(UsageEntry).values(
                id=conversation_id,
                user_id=creator,
                conversation_id=conversation_id,
                conversations=1,
            )
        )
    entry = member_entry(conversation_id, creator, "start", added=members)
    return await backend.chat.append(tx, entry)


def member_entry(
    conversation_id: UUID,
    actor: int,
    occasion: str,
    *,
    added: Sequence[int] = (),
    removed: Sequence[int] = (),
) -> LogEntry:
    """The log's entry of a change of members.

    Args:
        conversation_id: Whose members.
        actor: Who changed them.
        occasion: What made the change; the same one gives the same entry.
        added: Who joined.
        removed: Who left.
    """
    return LogEntry(
        member_entry_id(conversation_id, occasion),
        conversation_id,
        EntryKind.MEMBER,
        actor,
        client_key=occasion,
        metadata={"added": list(added), "removed": list(removed)},
    )


async def announce(backend: Backend, entries: Sequence[LogEntry], members: Sequence[int]) -> None:
    """Make committed member entries visible, and tell whoever they concern."""
    await backend.chat.publish(entries)
    for entry in entries:
        await publish_entry(backend.bus, entry)
        for user_id in members:
            await publish_membership(backend.bus, user_id, entry.conversation_id)


async def mark_read(
    backend: Backend, viewer: Viewer, conversation_id: UUID, msg_no: int | None
) -> ConversationRecord:
    """Note that the viewer has read up to a message, or everything; it never goes back.

    Args:
        backend: The stores.
        viewer: Who reads.
        conversation_id: What they read.
        msg_no: The number of the last message read; None for the newest.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such conversation, or the viewer does not take part in it.
    """
    me = viewer.require()
    (conversation,) = await conversations_by_ids(backend.chat, viewer, [conversation_id])
    if conversation is None:
        raise NotFound("There is no such conversation.", field=["conversationId"])
    newest = conversation.message_count
    read = newest if msg_no is None else min(msg_no, newest)
    if await backend.chat.mark_read(conversation_id, me, read):
        await publish_receipt(backend.bus, conversation_id, Receipt(me, read))
    return conversation
