"""How somebody keeps a conversation: put away, silenced, on top. Nobody else is told."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.chat.backend import Backend
from app.chat.events import publish_own_change
from app.chat.log import ConversationRecord, MemberState
from app.chat.models import ConversationMember
from app.chat.queries import conversations_by_ids
from app.errors import Conflict, Invalid, NotFound
from app.once import once, remember
from app.viewer import Viewer

MAX_PINNED = 50
# What BSON, PostgreSQL and JSON all hold, and nobody lives to see.
FOR_GOOD = datetime(9999, 12, 31, tzinfo=UTC)

_OPERATION = "conversationSettingsUpdate"
_M = ConversationMember
_STATE = (_M.read_msg_no, _M.is_archived, _M.muted_until, _M.pinned_at, _M.settings_version)
# To the millisecond, as both stores keep it.
_NOW = func.date_trunc("milliseconds", func.now())
# Pins are counted, so that a user's are made one after the other.
_LOCK_PINS = text("SELECT pg_advisory_xact_lock(hashtextextended('pins', :user_id))")


@dataclass(frozen=True, slots=True)
class SettingsChanges:
    """What is to change; None leaves it as it is.

    Attributes:
        muted_until: When it is to be heard again, if it is muted; for good without it.
    """

    is_archived: bool | None = None
    is_muted: bool | None = None
    muted_until: datetime | None = None
    is_pinned: bool | None = None


async def update_settings(
    backend: Backend,
    viewer: Viewer,
    conversation_id: UUID,
    changes: SettingsChanges,
    *,
    client_key: str,
) -> ConversationRecord:
    """Change how the viewer keeps a conversation; of concurrent changes the last commit stays.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such conversation, or the viewer does not take part in it.
        Invalid: It is to be muted until a time that has passed, or not muted until a time.
        Conflict: So many are pinned that this one cannot be.
        ClientKeyReused: The key came before with other changes.
        StoreUnavailable: A store does not answer; retry with the same key.
    """
    me = viewer.require()
    async with backend.main.begin() as tx:
        done = await once(tx, viewer, _OPERATION, client_key, [conversation_id, changes])
        if done is None:
            state = await _change(tx, me, conversation_id, _values(changes))
            await remember(tx, viewer, _OPERATION, client_key, conversation_id)
        else:
            state = await _state(tx, me, conversation_id)
    await backend.chat.put_member_state(conversation_id, me, state)
    await publish_own_change(backend.bus, me, conversation_id)
    (conversation,) = await conversations_by_ids(backend.chat, viewer, [conversation_id])
    if conversation is None:  # left meanwhile
        raise _none()
    return conversation


def _values(changes: SettingsChanges) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if changes.is_archived is not None:
        values["is_archived"] = changes.is_archived
    if changes.is_pinned is not None:
        values["pinned_at"] = func.coalesce(_M.pinned_at, _NOW) if changes.is_pinned else None
    if changes.muted_until is not None:
        where = ["input", "mutedUntil"]
        if changes.is_muted is False:
            raise Invalid("What is not muted is not muted until a time.", field=where)
        if changes.muted_until <= datetime.now(UTC):
            raise Invalid("It cannot be muted until a time that has passed.", field=where)
        until = min(changes.muted_until, FOR_GOOD)
        values["muted_until"] = until.replace(microsecond=until.microsecond // 1_000 * 1_000)
    elif changes.is_muted is not None:
        values["muted_until"] = FOR_GOOD if changes.is_muted else None
    return values


async def _change(
    tx: AsyncConnection, me: int, conversation_id: UUID, values: dict[str, Any]
) -> MemberState:
    if values.get("pinned_at") is not None:
        await _check_pins(tx, me, conversation_id)
    statement = (
        update(_M)
        .where(*_takes_part(me, conversation_id))
        .values(settings_version=_M.settings_version + 1, **values)
        .returning(*_STATE)
    )
    row = (await tx.execute(statement)).first()
    if row is None:
        raise _none()
    return MemberState(*row)


async def _check_pins(tx: AsyncConnection, me: int, conversation_id: UUID) -> None:
    await tx.execute(_LOCK_PINS, {"user_id": me})
    others = (
        select(func.count())
        .where(_M.user_id == me, _M.removed_seq.is_(None), _M.pinned_at.is_not(None))
        .where(_M.conversation_id != conversation_id)
    )
    if (await tx.execute(others)).scalar_one() >= MAX_PINNED:
        raise Conflict(
            f"At most {MAX_PINNED} conversations are pinned; unpin another first.",
            field=["input", "isPinned"],
        )


async def _state(tx: AsyncConnection, me: int, conversation_id: UUID) -> MemberState:
    row = (await tx.execute(select(*_STATE).where(*_takes_part(me, conversation_id)))).first()
    if row is None:
        raise _none()
    return MemberState(*row)


def _takes_part(me: int, conversation_id: UUID) -> tuple[Any, ...]:
    return _M.conversation_id == conversation_id, _M.user_id == me, _M.removed_seq.is_(None)


def _none() -> NotFound:
    return NotFound("There is no such conversation.", field=["conversationId"])
