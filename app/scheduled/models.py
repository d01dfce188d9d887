"""The table of messages that wait for their time."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.ids import new_id
from app.stores.tables import CreatedAt, MainBase, pg_enum


class ScheduledState(StrEnum):
    """How far a scheduled message is."""

    WAITING = "waiting"
    SENDING = "sending"  # some process has begun, so that nothing changes it any more
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ScheduledMessage(MainBase):
    """What somebody says at a later time. Once it is sent the log alone has the text."""

    __tablename__ = "scheduled_messages"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    sender_id: Mapped[int] = mapped_column(Integer)
    text: Mapped[str | None]
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
            "(state IN ('sent', 'cancelled')) = (text IS NULL)", name="text_until_sent"
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
