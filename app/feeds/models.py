"""A feed's entries, dense in the order of their commits, and where each feed ends."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.stores.tables import CreatedAt, MainBase


class FeedHead(MainBase):
    """The end of a feed; its lock gives entries their order."""

    __tablename__ = "feed_heads"

    feed: Mapped[str] = mapped_column(primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger)


class FeedEntry(MainBase):
    """That something happened to a subject: what it is now stands elsewhere."""

    __tablename__ = "feed_entries"
    # They come in the order of time, and what is old is looked for once a day.
    __table_args__: Any = (
        Index("ix_feed_entries_created_at", "created_at", postgresql_using="brin"),
    )

    feed: Mapped[str] = mapped_column(ForeignKey("feed_heads.feed"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    subject_id: Mapped[str]
    actor_id: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[CreatedAt]
