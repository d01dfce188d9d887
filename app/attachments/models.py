"""The table of uploaded files; their bytes are in a store of files."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.ids import new_id
from app.stores.tables import CreatedAt, MainBase, pg_enum


class AttachmentState(StrEnum):
    """How far a file is."""

    PENDING = "pending"  # its bytes are to come
    READY = "ready"  # they are there, and seen to be what was said
    ATTACHED = "attached"  # a message shows it
    DISCARDED = "discarded"  # nobody may see it; its bytes are to go


class StoredAttachment(MainBase):
    """A file that somebody uploads for a message in a conversation.

    A trigger on `messages` attaches it when the message is written that claimed it, and discards
    it when that is deleted, whoever does so. A message whose claim another one took is refused.
    """

    __tablename__ = "attachments"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[int] = mapped_column(Integer)
    conversation_id: Mapped[UUID]
    # The message that claims it; it is that message's once it is attached.
    message_id: Mapped[UUID | None] = mapped_column(index=True)
    # The message for later that keeps it: no other one has it, and nothing sweeps it away. It may
    # be named before that is written, in the same transaction.
    scheduled_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(
            "scheduled_messages.id", ondelete="SET NULL", deferrable=True, initially="DEFERRED"
        )
    )
    # When such a message let go of it: it has another day to be used in.
    freed_at: Mapped[datetime | None]
    name: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    # What the store of files calls it: another name for each attempt to upload it.
    location: Mapped[str | None] = mapped_column(Text)
    state: Mapped[AttachmentState] = mapped_column(
        pg_enum(AttachmentState, "attachment_state"), server_default=AttachmentState.PENDING
    )
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("size > 0", name="size_positive"),
        CheckConstraint(
            "state NOT IN ('ready', 'attached') OR (sha256 IS NOT NULL AND location IS NOT NULL)",
            name="ready_has_bytes",
        ),
        CheckConstraint("state <> 'attached' OR message_id IS NOT NULL", name="attached_to_one"),
        Index("ix_attachments_owner_id_created_at", "owner_id", "created_at"),
        Index(
            "ix_attachments_scheduled_id",
            "scheduled_id",
            postgresql_where="scheduled_id IS NOT NULL",
        ),
        # What is to be collected: few rows, however many are attached.
        Index(
            "ix_attachments_unattached_created_at",
            "created_at",
            postgresql_where="state <> 'attached'",
        ),
    )
