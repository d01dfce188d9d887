"""What a service account does with an answer, and who takes part may stop.

What was decided is in the table, and its row's lock lets one of several win; the text is in Redis
until the message has it, so that an answer is finished also without Redis.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.answers.backend import Backend
from app.answers.models import Answer, AnswerOutcome
from app.answers.queries import COLUMNS, AnswerNow, AnswerRecord, AnswerState, visible_answer
from app.audit.commands import record as record_change
from app.chat.content import MAX_TEXT, NewMessage, clean_message_text, clean_origin, leads
from app.chat.events import publish_entry
from app.chat.log import LogEntry, answer_id
from app.chat.metadata import clean_metadata
from app.chat.models import EntryKind, Message, MessageRole
from app.chat.postgres_changes import entry_in
from app.chat.queries import conversations_by_ids, messages_by_ids
from app.errors import ClientKeyReused, Conflict, Forbidden, Invalid, NotFound, Required, TooLong
from app.limits import Rate
from app.once import once, remember
from app.stores.postgres import Postgres
from app.text import check_characters
from app.users.models import UserRole
from app.viewer import Viewer

# Of an account in a conversation; and of an answer, by what came in a twentieth of a second.
_STARTS = Rate("answers", 60, 60)
_PIECES = Rate("pieces of an answer", 1_200, 60)

_A = Answer.__table__.c
_WHERE = ["answerId"]


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """What a service account says of an answer before it gives it."""

    reply_to: UUID | None = None
    model: str | None = None
    provider: str | None = None
    metadata: object = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """What it says in the end.

    Attributes:
        text: The whole text; None for what was appended.
        tokens: What it cost.
        metadata: What clients keep with the message; None for what was said at the start.
    """

    text: str | None
    tokens: int
    metadata: Any = None


async def start_answer(
    backend: Backend, viewer: Viewer, conversation_id: UUID, new: NewAnswer, *, client_key: str
) -> AnswerNow:
    """Begin to answer. A retry tells how much there is, and begins anew what was abandoned.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such conversation, or the viewer does not take part in it; or it has
            no such message to answer.
        Forbidden: The viewer is a person.
        Conflict: The viewer gives another answer there.
        Invalid, Required, TooLong: A value breaks its rule.
        RateLimited: They begin too often.
        ClientKeyReused: The key came before with something else.
        StoreUnavailable: A store does not answer.
    """
    me = viewer.require()
    (conversation,) = await conversations_by_ids(backend.chat, viewer, [conversation_id])
    if conversation is None:
        raise NotFound("There is no such conversation.", field=["conversationId"])
    if viewer.role != UserRole.SERVICE:
        raise Forbidden("Service accounts alone answer piece by piece.", field=["conversationId"])
    said = NewMessage(None, role=MessageRole.ASSISTANT, model=new.model, provider=new.provider)
    origin = clean_origin(viewer, said)
    metadata = clean_metadata(new.metadata, field=["input", "metadata"])
    if new.reply_to is not None:
        (answered,) = await messages_by_ids(backend.chat, viewer, [new.reply_to])
        if answered is None or answered.conversation_id != conversation_id:
            raise NotFound(
                "There is no such message in this conversation.", field=["input", "replyToId"]
            )
    await backend.limiter.hit(_STARTS, f"{me}:{conversation_id}")
    key = answer_id(conversation_id, me, client_key)
    async with backend.main.begin() as tx:
        body = [conversation_id, new]
        if await once(tx, viewer, "answerStart", client_key, body) is None:
            made = insert(Answer).values(
                id=key,
                conversation_id=conversation_id,
                sender_id=me,
                reply_to_id=new.reply_to,
                model=origin.get("model"),
                provider=origin.get("provider"),
                extra=metadata,
            )
            await tx.execute(made)
            await remember(tx, viewer, "answerStart", client_key, key)
            await _check_unsaid(tx, key)
        record = await _locked(tx, key)
        if record.outcome is not AnswerOutcome.RUNNING:
            return _now(record)
        # Before the commit: where it may not grow or cannot there is none.
        length = await backend.answers.drafts.begin(record)
    return AnswerNow(record, AnswerState.RUNNING, length)


async def append_to_answer(
    backend: Backend, viewer: Viewer, key: UUID, offset: int, text: str
) -> AnswerNow:
    """Add a piece. What is there already may be appended again; nothing keeps an answer alive.

    Args:
        backend: The stores.
        viewer: Whose answer it is.
        key: The answer.
        offset: How many characters are before the piece.
        text: The piece.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such answer, or the viewer does not take part in its conversation.
        Forbidden: It is another's.
        Conflict: It grows no more, or the piece does not fit to what there is.
        Invalid, TooLong: A value breaks its rule.
        RateLimited: They append too often.
        StoreUnavailable: A store does not answer.
    """
    record = await _own(backend, viewer, key)
    if offset < 0:
        raise Invalid("It begins at 0.", field=["input", "offset"])
    if offset + len(text) > MAX_TEXT:
        raise TooLong(f"At most {MAX_TEXT:,} characters.", field=["input", "text"])
    check_characters(text, field=["input", "text"], multiline=True)
    _check_running(record)
    await backend.limiter.hit(_PIECES, str(key))
    length = await backend.answers.drafts.append(record, offset, text)
    return AnswerNow(record, AnswerState.RUNNING, length)


async def finish_answer(
    backend: Backend, viewer: Viewer, key: UUID, final: FinalAnswer, *, client_key: str
) -> tuple[AnswerNow, LogEntry]:
    """Make an answer a message, in the transaction that decides that it is finished.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such answer, or the viewer does not take part in its conversation.
        Forbidden: It is another's.
        Conflict: It was finished or cancelled.
        Invalid, Required, TooLong: A value breaks its rule; or there is no text any more.
        ClientKeyReused: The key came before with something else.
        StoreUnavailable: Not acknowledged; retry with the same key.
    """
    seen = await _own(backend, viewer, key)
    final, origin = _clean(viewer, seen, final)
    async with backend.main.begin() as tx:
        done = await once(tx, viewer, "answerFinish", client_key, [key, final])
        record = await _locked(tx, key)
        if done is None:
            _check_running(record)
            message = LogEntry(
                record.message_id,
                record.conversation_id,
                EntryKind.MESSAGE,
                record.sender_id,
                client_key=record.client_key,
                text=final.text or await _appended(backend, record),
                metadata=record.metadata if final.metadata is None else final.metadata,
                reply_to_id=record.reply_to_id,
                **origin,
            )
            entry = await backend.chat.append(tx, message, member=record.sender_id)
            record = await _decide(tx, key, AnswerOutcome.FINISHED)
            await remember(tx, viewer, "answerFinish", client_key, entry.id)
        else:
            entry = await entry_in(tx, UUID(done))
    await backend.chat.publish([entry])
    await publish_entry(backend.bus, entry)
    await backend.answers.drafts.end(record, record.outcome)
    return _now(record), entry


async def cancel_answer(
    backend: Backend, viewer: Viewer, key: UUID, *, client_key: str
) -> AnswerNow:
    """Never make it a message: for its sender, and for who keeps the conversation's order.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such answer, or the viewer does not take part in its conversation.
        Forbidden: It is another's in a group that the viewer does not lead.
        Conflict: It was finished or cancelled.
        ClientKeyReused: The key came before with something else.
        StoreUnavailable: Not acknowledged; retry with the same key.
    """
    seen = await _visible(backend, viewer, key)
    audited = seen.sender_id != viewer.user_id and await _may_stop(backend, viewer, seen)
    async with backend.main.begin() as tx:
        if await once(tx, viewer, "answerCancel", client_key, [key]) is None:
            _check_running(await _locked(tx, key))
            record = await _decide(tx, key, AnswerOutcome.CANCELLED)
            if audited:
                before = {"sender": seen.sender_id, "outcome": seen.outcome}
                after = before | {"outcome": record.outcome}
                await record_change(
                    tx, viewer, "answerCancel", "Answer", key, before=before, after=after
                )
            await remember(tx, viewer, "answerCancel", client_key, key)
        else:
            record = await _locked(tx, key)
    await backend.answers.drafts.end(record, record.outcome)
    return _now(record)


async def forget_answers(main: Postgres, kept: timedelta) -> None:
    """Forget the answers that are older; the messages that they became stay.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    async with main.begin() as tx:
        await tx.execute(delete(Answer).where(_A.created_at < func.now() - kept))


async def _visible(backend: Backend, viewer: Viewer, key: UUID) -> AnswerRecord:
    record = await visible_answer(backend.main, viewer, key)
    if record is None:
        raise NotFound("There is no such answer.", field=_WHERE)
    return record


async def _own(backend: Backend, viewer: Viewer, key: UUID) -> AnswerRecord:
    record = await _visible(backend, viewer, key)
    if record.sender_id != viewer.user_id:
        raise Forbidden("This answer is another's.", field=_WHERE)
    return record


async def _may_stop(backend: Backend, viewer: Viewer, record: AnswerRecord) -> bool:
    """Let whoever keeps the conversation's order go on; whether that is a group's to note."""
    (conversation,) = await conversations_by_ids(backend.chat, viewer, [record.conversation_id])
    if conversation is None:
        raise NotFound("There is no such answer.", field=_WHERE)
    if not await leads(backend, viewer, conversation):
        raise Forbidden("Owners and admins of the group stop another's answer.", field=_WHERE)
    return conversation.group_id is not None


async def _locked(tx: AsyncConnection, key: UUID) -> AnswerRecord:
    row = (await tx.execute(select(*COLUMNS).where(_A.id == key).with_for_update())).first()
    if row is None:
        raise NotFound("There is no such answer.", field=_WHERE)
    return AnswerRecord.of(row)


async def _check_unsaid(tx: AsyncConnection, key: UUID) -> None:
    """Refuse a client key that is forgotten, but not by the log: its answer's message is there."""
    message = (await _locked(tx, key)).message_id
    if await tx.scalar(select(Message.id).where(Message.id == message)) is not None:
        raise ClientKeyReused(
            "This client key started another answer before; choose a new one.",
            field=["input", "clientKey"],
        )


async def _decide(tx: AsyncConnection, key: UUID, outcome: AnswerOutcome) -> AnswerRecord:
    # What clients keep with it is the message's now, and gone if there is none.
    decided = update(Answer).where(_A.id == key).values(outcome=outcome, extra={})
    return AnswerRecord.of((await tx.execute(decided.returning(*COLUMNS))).one())


def _clean(
    viewer: Viewer, record: AnswerRecord, final: FinalAnswer
) -> tuple[FinalAnswer, dict[str, Any]]:
    """What an answer says in the end, and who speaks in its message."""
    said = NewMessage(
        None,
        role=MessageRole.ASSISTANT,
        model=record.model,
        provider=record.provider,
        tokens=final.tokens,
    )
    text = None if final.text is None else clean_message_text(final.text, [])
    metadata = None
    if final.metadata is not None:
        metadata = clean_metadata(final.metadata, field=["input", "metadata"])
    return FinalAnswer(text, final.tokens, metadata), clean_origin(viewer, said)


async def _appended(backend: Backend, record: AnswerRecord) -> str | None:
    text = await backend.answers.drafts.seal(record)
    if text is None:
        raise Required("The answer was abandoned: give its whole text.", field=["input", "text"])
    return clean_message_text(text, [])


def _check_running(record: AnswerRecord) -> None:
    if record.outcome is not AnswerOutcome.RUNNING:
        raise Conflict(f"The answer was {record.outcome.value} before.", field=_WHERE)


def _now(record: AnswerRecord) -> AnswerNow:
    """An answer of which something was decided."""
    return AnswerNow(record, AnswerState(record.outcome.value), 0)
