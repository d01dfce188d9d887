"""The table of messages that wait for their time."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.ids import new_id
from app.stores.tables import CreatedAt, JsonList, JsonObject, MainBase, pg_enum


class ScheduledState(StrEnum):
    """How far a scheduled message is."""

    WAITING = "waiting"
    SENDING = "sending"  # some process has begun, so that nothing changes it any more
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


# What one says that is sent, for the log says it, or cancelled.
SAID_NOTHING: Final[Mapping[str, Any]] = {"text": None, "attachments": [], "extra": {}}


class ScheduledMessage(MainBase):
    """What somebody says at a later time. Once it is sent the log alone has what it says."""

    __tablename__ = "scheduled_messages"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    sender_id: Mapped[int] = mapped_column(Integer)
    text: Mapped[str | None]
    # As the log has them: links, and then uploaded files, which it keeps.
    attachments: Mapped[JsonList]
    extra: Mapped[JsonObject] = mapped_column("metadata")
    reply_to_id: Mapped[UUID | None]
    send_at: Mapped[datetime]
    state: Mapped[ScheduledState] = mapped_column(
        pg_enum(ScheduledState, "scheduled_state"), server_default=ScheduledState.WAITING
    )
    # Until when the process that sends it is left alone with it.
    claimed_until: Mapped[datetime | None]
    # The code of the error for which it was not sent.
    failure: Mapped[str | None]
    message_id: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint(
            "(state IN ('sent', 'cancelled')) = (text IS NULL AND attachments = '[]'::jsonb)",
            name="said_until_sent",
        ),
        CheckConstraint(
            "NOT (state IN ('sent', 'cancelled')) OR metadata = '{}'::jsonb",
            name="metadata_until_sent",
        ),
        CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name="failed_for_a_reason"),
        CheckConstraint("(state = 'sent') = (message_id IS NOT NULL)", name="sent_as_a_message"),
        Index("ix_scheduled_messages_sender_id_send_at", "sender_id", "send_at", "id"),
        Index(
            "ix_scheduled_messages_due",
            "send_at",
            postgresql_where=sql("state IN ('waiting', 'sending')"),
        ),
    )
