"""What each user used, counted once, and a log of the API's calls."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, SmallInteger, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from app.stores.tables import Counter, CreatedAt, MainBase, Timestamps, UuidKey

# A month as the sources write it: "2026-07".
_MONTH = r"month_year ~ '^\d{4}-(0[1-9]|1[0-2])$'"


class UserUsageStats(Timestamps, MainBase):
    """A user's totals, and those of the month that `month_year` names."""

    __tablename__ = "user_usage_stats"

    id: Mapped[UuidKey]
    user_id: Mapped[int] = mapped_column(Integer, unique=True)
    total_messages: Mapped[Counter]
    total_conversations: Mapped[Counter]
    total_tokens_used: Mapped[Counter]
    monthly_messages: Mapped[Counter]
    monthly_tokens: Mapped[Counter]
    month_year: Mapped[str]

    __table_args__ = (
        CheckConstraint(_MONTH, name="month_year_format"),
        # Every row changes with every batch of messages: room for the change on its own page.
        {"postgresql_with": {"fillfactor": 70}},
    )


class MonthlyUsage(Timestamps, MainBase):
    """What a user used in one month; kept when the month is over."""

    __tablename__ = "monthly_usage"

    user_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    month_year: Mapped[str] = mapped_column(primary_key=True)
    messages: Mapped[Counter]
    conversations: Mapped[Counter]
    tokens: Mapped[Counter]

    __table_args__ = (
        CheckConstraint(_MONTH, name="month_year_format"),
        Index("ix_monthly_usage_month_year", "month_year"),
        {"postgresql_with": {"fillfactor": 70}},
    )


class UsageEntry(MainBase):
    """One thing to count: a message, or a conversation that was started.

    Its id is that message's or conversation's id, so that a retry counts once; its conversation
    joins usage to the content in MongoDB. Written in the transaction of what it counts; added to
    the totals in batches, so that busy users are not one locked row.
    """

    __tablename__ = "usage_ledger"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer)
    conversation_id: Mapped[UUID]
    messages: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    conversations: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    tokens: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[CreatedAt]
    counted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "messages >= 0 AND conversations >= 0 AND tokens >= 0", name="counts_not_negative"
        ),
        Index("ix_usage_ledger_conversation_id", "conversation_id"),
        Index("ix_usage_ledger_user_id_created_at", "user_id", "created_at"),
        # Reports are of a time, and rows come in its order: a small index finds their pages.
        Index(
            "ix_usage_ledger_created_at",
            "created_at",
            postgresql_using="brin",
            postgresql_with={"pages_per_range": 32},
        ),
        Index(
            "ix_usage_ledger_uncounted",
            "created_at",
            postgresql_where=text("counted_at IS NULL"),
        ),
    )


class ApiLog(MainBase):
    """One request, by operation. Partitioned by month: old months are dropped, not deleted."""

    __tablename__ = "api_logs"

    id: Mapped[UuidKey]
    created_at: Mapped[CreatedAt] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(Integer)
    # The operation's name for GraphQL, the path for everything else.
    endpoint: Mapped[str]
    method: Mapped[str]
    status_code: Mapped[int] = mapped_column(SmallInteger)
    response_time_ms: Mapped[float]
    ip_address: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    error_message: Mapped[str | None]

    __table_args__: Any = (
        CheckConstraint("response_time_ms >= 0", name="response_time_not_negative"),
        Index("ix_api_logs_user_id", "user_id"),
        Index("ix_api_logs_endpoint", "endpoint"),
        Index("ix_api_logs_created_at", "created_at"),
        # The application only adds to it.
        {
            "postgresql_partition_by": "RANGE (created_at)",
            "info": {"rights": "SELECT, INSERT"},
        },
    )
