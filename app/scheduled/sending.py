"""Sends what is due, in whichever process comes first; each message once, whoever dies.

A row is claimed and committed before it is sent, so that what may have been sent is not changed any
more. Its message's id follows from the row: a claim that ran out is taken up by another process,
which finds what the log has, or sends the same.
"""

import asyncio
import logging
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update

from app.attachments.commands import let_go
from app.chat.backend import Backend
from app.chat.commands import send_message
from app.chat.log import message_id
from app.chat.models import Message
from app.errors import DomainError, ErrorCode, StoreUnavailable
from app.scheduled.models import SAID_NOTHING, ScheduledMessage, ScheduledState
from app.scheduled.queries import COLUMNS, ScheduledRecord, client_key_of
from app.scheduled.streams import tell
from app.users.models import UserStatus
from app.users.queries import users_by_ids
from app.viewer import Viewer

_log = logging.getLogger(__name__)

# How long a process may take to send what it claimed, before another one does.
_CLAIM = timedelta(seconds=30)
_BATCH = 20

_S = ScheduledMessage.__table__.c
_FREE = or_(
    _S.state == ScheduledState.WAITING,
    (_S.state == ScheduledState.SENDING) & (_S.claimed_until < func.now()),
)


async def keep_sending(backend: Backend, interval: float) -> None:
    """Send what is due until cancelled; while a store is down it waits.

    Args:
        backend: The stores.
        interval: Seconds between looks, and so the most that a message is late.
    """
    while True:
        try:
            while await send_due(backend) == _BATCH:
                pass
        except StoreUnavailable as error:
            _log.warning("%s; scheduled messages wait", error)
        except Exception:  # noqa: BLE001 - logged, and tried again
            _log.exception("scheduled messages were not sent")
        await asyncio.sleep(interval)


async def send_due(backend: Backend) -> int:
    """Send a batch of what is due; how many were claimed.

    Raises:
        StoreUnavailable: PostgreSQL does not answer.
    """
    claimed = await _claim(backend)
    for record in claimed:
        await _deliver(backend, record)
    return len(claimed)


async def _claim(backend: Backend) -> list[ScheduledRecord]:
    due = (
        select(_S.id)
        .where(_S.state.in_([ScheduledState.WAITING, ScheduledState.SENDING]))
        .where(_S.send_at <= func.now(), _FREE)
        .order_by(_S.send_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    claim = (
        update(ScheduledMessage)
        .where(_S.id.in_(due.scalar_subquery()))
        .values(state=ScheduledState.SENDING, claimed_until=func.now() + _CLAIM)
        .returning(*COLUMNS)
    )
    async with backend.main.begin() as tx:
        rows = [ScheduledRecord(*row) for row in await tx.execute(claim)]
        # In one order: another process may claim others of the same senders'.
        for record in sorted(rows, key=lambda record: record.sender_id):
            await tell(tx, record)
    return sorted(rows, key=lambda record: record.send_at)


async def _deliver(backend: Backend, record: ScheduledRecord) -> None:
    """Send one, and note what came of it; after an outcome that is not known it stays claimed."""
    key = client_key_of(record.id)
    sent = message_id(record.conversation_id, record.sender_id, key)
    try:
        if not await _is_sent(backend, sent):
            viewer = await _sender(backend, record)
            if viewer is None:
                await _note(backend, record, failure=ErrorCode.FORBIDDEN)
                return
            talk = record.conversation_id
            await send_message(backend, viewer, talk, record.said, client_key=key)
    except StoreUnavailable as error:
        _log.warning("%s; a scheduled message waits", error)
    except DomainError as error:
        await _note(backend, record, failure=error.code)
    else:
        await _note(backend, record, message=sent)


async def _is_sent(backend: Backend, key: UUID) -> bool:
    async with backend.main.begin() as tx:
        return await tx.scalar(select(Message.id).where(Message.id == key)) is not None


async def _sender(backend: Backend, record: ScheduledRecord) -> Viewer | None:
    """Whoever sends it, with the rights of now; None if the account is closed."""
    (user,) = await users_by_ids(backend.auth, Viewer(record.sender_id), [record.sender_id])
    if user is None or not user.is_active or user.status == UserStatus.INACTIVE:
        return None
    return Viewer(user.id, user.public_id, user.role)


async def _note(
    backend: Backend,
    record: ScheduledRecord,
    *,
    message: UUID | None = None,
    failure: ErrorCode | None = None,
) -> None:
    values = (
        {"state": ScheduledState.FAILED, "failure": failure}
        if message is None
        else {"state": ScheduledState.SENT, "message_id": message, **SAID_NOTHING}
    )
    noted = update(ScheduledMessage).where(_S.id == record.id, _S.state == ScheduledState.SENDING)
    async with backend.main.begin() as tx:
        done = noted.values(claimed_until=None, **values).returning(*COLUMNS)
        for row in (await tx.execute(done)).all():
            if message is not None:
                await let_go(tx, record.id)  # what a message of the same key does not show
            await tell(tx, ScheduledRecord(*row))
