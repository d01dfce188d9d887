"""The ledger of erasures: who asked for one, and how far it is. It is kept for ever."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.stores.tables import AuthBase, CreatedAt, UuidKey


class Erasure(AuthBase):
    """An account that was erased: numbers and times, and nothing of whom it was.

    No foreign key: an older backup may not have the user.
    """

    __tablename__ = "erasures"

    id: Mapped[UuidKey]
    user_id: Mapped[int] = mapped_column(Integer)
    # Numbers may be given out again after a restore; this one never is.
    public_id: Mapped[UUID] = mapped_column(unique=True)
    requested_at: Mapped[CreatedAt]
    # The names of the steps that are done.
    steps: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    # Until when a process has said that it works on it.
    claimed_until: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_erasures_unfinished",
            "requested_at",
            postgresql_where=text("completed_at IS NULL"),
        ),
    )
