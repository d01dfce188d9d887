"""What waits for a moderator, and what moderators decided."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.stores.tables import CreatedAt, MainBase, Timestamps, UuidKey, pg_enum


class SubjectKind(StrEnum):
    """What a moderator is asked to look at."""

    MESSAGE = "message"
    PRODUCT = "product"
    GROUP = "group"
    USER = "user"


class ModerationStatus(StrEnum):
    """How far the looking is."""

    PENDING = "pending"
    IN_REVIEW = "in_review"
    RESOLVED = "resolved"


class ModerationVerdict(StrEnum):
    """What a moderator decided."""

    APPROVED = "approved"
    REJECTED = "rejected"
    REMOVED = "removed"
    ESCALATED = "escalated"


class ItemEvent(StrEnum):
    """What can happen to an item; the last says that too much has happened to be told."""

    CREATED = "created"
    ASSIGNED = "assigned"
    RELEASED = "released"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"
    REFETCH_NEEDED = "refetch_needed"


class ModerationItem(Timestamps, MainBase):
    """A report, or something submitted for review; the queue is what is not resolved."""

    __tablename__ = "moderation_queue"

    id: Mapped[UuidKey]
    subject_kind: Mapped[SubjectKind] = mapped_column(pg_enum(SubjectKind, "moderation_subject"))
    subject_id: Mapped[str]
    # Where a message is to be found; None for every other kind.
    conversation_id: Mapped[UUID | None]
    reason: Mapped[str]
    # None where the system asked by itself.
    reported_by: Mapped[int | None] = mapped_column(Integer, index=True)
    status: Mapped[ModerationStatus] = mapped_column(
        pg_enum(ModerationStatus, "moderation_status"), server_default=ModerationStatus.PENDING
    )
    # The higher, the sooner.
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    # Left to the admins by a moderator.
    escalated: Mapped[bool] = mapped_column(server_default=text("false"))
    # What the subject was when it was reported: staff see no more of a conversation than this.
    snapshot: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    assigned_to: Mapped[int | None] = mapped_column(Integer, index=True)
    resolved_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "(status = 'resolved') = (resolved_at IS NOT NULL)", name="resolved_has_time"
        ),
        Index("ix_moderation_queue_status_created_at_id", "status", "created_at", "id"),
        Index("ix_moderation_queue_created_at_id", "created_at", "id"),
        Index("ix_moderation_queue_urgency", text("(- priority)"), "created_at", "id"),
        Index("ix_moderation_queue_subject", "subject_kind", "subject_id"),
        # One open report of a subject for each reporter, and one submission.
        Index(
            "uq_moderation_queue_open",
            "subject_kind",
            "subject_id",
            "reported_by",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("status <> 'resolved'::moderation_status"),
        ),
    )


class ModerationDecision(MainBase):
    """One decision about one item; the history, never changed afterwards."""

    __tablename__ = "moderation_decisions"

    id: Mapped[UuidKey]
    item_id: Mapped[UUID] = mapped_column(
        ForeignKey("moderation_queue.id", ondelete="CASCADE"), index=True
    )
    moderator_id: Mapped[int] = mapped_column(Integer)
    verdict: Mapped[ModerationVerdict] = mapped_column(
        pg_enum(ModerationVerdict, "moderation_verdict")
    )
    note: Mapped[str | None]
    created_at: Mapped[CreatedAt]

    __table_args__: Any = (
        Index("ix_moderation_decisions_created_at_id", "created_at", "id"),
        Index("ix_moderation_decisions_moderator_id_created_at", "moderator_id", "created_at"),
        {"info": {"rights": "SELECT, INSERT"}},
    )
