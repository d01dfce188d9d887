"""What a sender does with a message that is to be sent later."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachments.commands import keep, let_go
from app.chat.backend import Backend
from app.chat.content import NewMessage, clean_content
from app.chat.log import message_id
from app.chat.metadata import clean_metadata
from app.chat.queries import conversations_by_ids, messages_by_ids
from app.errors import Conflict, Invalid, NotFound
from app.ids import new_id
from app.media import Attachment
from app.once import once, remember
from app.scheduled.models import SAID_NOTHING, ScheduledMessage, ScheduledState
from app.scheduled.queries import COLUMNS, ScheduledRecord, client_key_of
from app.scheduled.streams import tell
from app.viewer import Viewer

MAX_WAITING = 100
FURTHEST = timedelta(days=366)

_S = ScheduledMessage.__table__.c
# They are counted, so that a user's are made one after the other.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('scheduled', :user_id))")


async def schedule_message(
    backend: Backend,
    viewer: Viewer,
    conversation_id: UUID,
    new: NewMessage,
    send_at: datetime,
    *,
    client_key: str,
) -> ScheduledRecord:
    """Keep a message until its time; whether it may be sent is looked at again then.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such conversation, or the viewer does not take part in it; or it has
            no such message to answer, or file to attach.
        Invalid, Required, TooLong: A value breaks its rule.
        Conflict: Too many wait already; or a file is another message's.
        ClientKeyReused: The key came before with something else.
    """
    me = viewer.require()
    (conversation,) = await conversations_by_ids(backend.chat, viewer, [conversation_id])
    if conversation is None:
        raise NotFound("There is no such conversation.", field=["conversationId"])
    clean_content(new)
    if new.reply_to is not None:
        (answered,) = await messages_by_ids(backend.chat, viewer, [new.reply_to])
        if answered is None or answered.conversation_id != conversation_id:
            raise NotFound(
                "There is no such message in this conversation.", field=["input", "replyToId"]
            )
    async with backend.main.begin() as tx:
        body = [conversation_id, new, send_at]
        earlier = await once(tx, viewer, "messageSchedule", client_key, body)
        if earlier is not None:
            return await _own(tx, me, UUID(earlier))
        _check_time(send_at)
        await _check_room(tx, me)
        key = new_id()
        made = insert(ScheduledMessage).values(
            id=key,
            conversation_id=conversation_id,
            sender_id=me,
            reply_to_id=new.reply_to,
            send_at=send_at,
            **await _said(tx, viewer, conversation_id, key, new),
        )
        record = ScheduledRecord(*(await tx.execute(made.returning(*COLUMNS))).one())
        await remember(tx, viewer, "messageSchedule", client_key, record.id)
        await tell(tx, record)
    return record


@dataclass(frozen=True, slots=True)
class ScheduledChanges:
    """What is to change; None leaves it as it is.

    Attributes:
        text: What it is to say, in a tuple of one, where None is no text beside files.
        attachments: All files by their addresses.
        files: All uploaded files.
        metadata: What clients keep with it.
        send_at: When.
    """

    text: tuple[str | None] | None = None
    attachments: Sequence[Attachment] | None = None
    files: Sequence[UUID] | None = None
    metadata: dict[str, Any] | None = None
    send_at: datetime | None = None


async def update_scheduled(
    backend: Backend, viewer: Viewer, key: UUID, changes: ScheduledChanges, *, client_key: str
) -> ScheduledRecord:
    """Say something else, or at another time; what could not be sent waits again.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: The viewer has no such scheduled message, or no such file to attach.
        Invalid, Required, TooLong: A value breaks its rule.
        Conflict: It is being sent, was sent or was cancelled; or too many wait already; or a file
            is another message's.
        ClientKeyReused: The key came before with something else.
    """
    me = viewer.require()
    if changes.metadata is not None:
        clean_metadata(changes.metadata, field=["input", "metadata"])
    async with backend.main.begin() as tx:
        body = [key, changes]
        if await once(tx, viewer, "scheduledMessageUpdate", client_key, body) is not None:
            return await _own(tx, me, key)
        record = await _changeable(tx, me, key)
        if record.state is ScheduledState.FAILED:
            await _check_room(tx, me)
        send_at = changes.send_at or record.send_at
        if changes.send_at is not None or record.state is ScheduledState.FAILED:
            _check_time(send_at)
        said = await _said(tx, viewer, record.conversation_id, key, _changed(record, changes))
        values = {"send_at": send_at, "failure": None, "claimed_until": None}
        changed = update(ScheduledMessage).where(_S.id == key)
        changed = changed.values(state=ScheduledState.WAITING, **said, **values)
        record = ScheduledRecord(*(await tx.execute(changed.returning(*COLUMNS))).one())
        await remember(tx, viewer, "scheduledMessageUpdate", client_key, key)
        await tell(tx, record)
    return record


async def cancel_scheduled(
    backend: Backend, viewer: Viewer, key: UUID, *, client_key: str
) -> ScheduledRecord:
    """Never send it.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: The viewer has no such scheduled message.
        Conflict: It is being sent, was sent or was cancelled.
        ClientKeyReused: The key came before with something else.
    """
    me = viewer.require()
    async with backend.main.begin() as tx:
        if await once(tx, viewer, "scheduledMessageCancel", client_key, [key]) is not None:
            return await _own(tx, me, key)
        await _changeable(tx, me, key)
        cancelled = update(ScheduledMessage).where(_S.id == key)
        values = {"state": ScheduledState.CANCELLED, "failure": None, **SAID_NOTHING}
        await let_go(tx, key)
        cancelled = cancelled.values(**values)
        record = ScheduledRecord(*(await tx.execute(cancelled.returning(*COLUMNS))).one())
        await remember(tx, viewer, "scheduledMessageCancel", client_key, key)
        await tell(tx, record)
    return record


def _changed(record: ScheduledRecord, changes: ScheduledChanges) -> NewMessage:
    said = record.said
    return replace(
        said,
        text=said.text if changes.text is None else changes.text[0],
        attachments=said.attachments if changes.attachments is None else changes.attachments,
        files=said.files if changes.files is None else changes.files,
        metadata=said.metadata if changes.metadata is None else changes.metadata,
    )


async def _said(
    tx: AsyncConnection, viewer: Viewer, conversation_id: UUID, key: UUID, new: NewMessage
) -> dict[str, Any]:
    """The columns of what it is to say; its files are kept for it, and no others."""
    text, attachments, metadata = clean_content(new)
    sent = message_id(conversation_id, viewer.require(), client_key_of(key))
    attachments += await keep(
        tx, viewer, conversation_id, new.files, scheduled_id=key, message_id=sent
    )
    return {"text": text, "attachments": attachments, "extra": metadata}


def _check_time(send_at: datetime) -> None:
    now, where = datetime.now(UTC), ["input", "sendAt"]
    if send_at <= now:
        raise Invalid("It cannot be sent at a time that has passed.", field=where)
    if send_at > now + FURTHEST:
        raise Invalid("It can be sent within a year.", field=where)


async def _check_room(tx: AsyncConnection, me: int) -> None:
    await tx.execute(_LOCK, {"user_id": me})
    waiting = select(func.count()).where(_S.sender_id == me, _S.state == ScheduledState.WAITING)
    if (await tx.execute(waiting)).scalar_one() >= MAX_WAITING:
        raise Conflict(f"At most {MAX_WAITING} messages wait; cancel another first.")


async def _own(tx: AsyncConnection, me: int, key: UUID) -> ScheduledRecord:
    found = select(*COLUMNS).where(_S.id == key, _S.sender_id == me).with_for_update()
    row = (await tx.execute(found)).first()
    if row is None:
        raise NotFound("There is no such scheduled message.", field=["scheduledMessageId"])
    return ScheduledRecord(*row)


async def _changeable(tx: AsyncConnection, me: int, key: UUID) -> ScheduledRecord:
    record = await _own(tx, me, key)
    if record.state not in {ScheduledState.WAITING, ScheduledState.FAILED}:
        raise Conflict(
            f"It can no longer be changed: it is {record.state}.", field=["scheduledMessageId"]
        )
    return record
