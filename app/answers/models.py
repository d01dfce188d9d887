"""The table of answers: what is known of one beside its text, which Redis alone has."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.stores.tables import CreatedAt, JsonObject, MainBase, pg_enum


class AnswerOutcome(StrEnum):
    """What was decided of an answer; that it was abandoned nobody decides."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class Answer(MainBase):
    """An answer from its start on. Once it is finished the log has it."""

    __tablename__ = "answers"

    # uuid5 of conversation, sender and client key: the same wherever a start is retried.
    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    sender_id: Mapped[int] = mapped_column(Integer)
    reply_to_id: Mapped[UUID | None]
    model: Mapped[str | None]
    provider: Mapped[str | None]
    extra: Mapped[JsonObject] = mapped_column("metadata")
    outcome: Mapped[AnswerOutcome] = mapped_column(
        pg_enum(AnswerOutcome, "answer_outcome"), server_default=AnswerOutcome.RUNNING
    )
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
