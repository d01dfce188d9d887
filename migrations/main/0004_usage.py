"""Usage, counted once, and the API's log by month."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "api_logs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("user_id", sa.Integer()),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("status_code", sa.SmallInteger(), nullable=False),
        sa.Column("response_time_ms", sa.Double(), nullable=False),
        sa.Column("ip_address", postgresql.INET()),
        sa.Column("user_agent", sa.Text()),
        sa.Column("error_message", sa.Text()),
        sa.CheckConstraint(
            "response_time_ms >= 0", name=op.f("ck_api_logs_response_time_not_negative")
        ),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_api_logs")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index("ix_api_logs_created_at", "api_logs", ["created_at"])
    op.create_index("ix_api_logs_endpoint", "api_logs", ["endpoint"])
    op.create_index("ix_api_logs_user_id", "api_logs", ["user_id"])
    op.create_table(
        "monthly_usage",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("month_year", sa.Text(), nullable=False),
        sa.Column("messages", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("conversations", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("tokens", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "month_year ~ '^\\d{4}-(0[1-9]|1[0-2])$'",
            name=op.f("ck_monthly_usage_month_year_format"),
        ),
        sa.PrimaryKeyConstraint("user_id", "month_year", name=op.f("pk_monthly_usage")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_monthly_usage_month_year", "monthly_usage", ["month_year"])
    op.create_table(
        "usage_ledger",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("messages", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("conversations", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("counted_at", _TIME),
        sa.CheckConstraint(
            "messages >= 0 AND conversations >= 0 AND tokens >= 0",
            name=op.f("ck_usage_ledger_counts_not_negative"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_ledger")),
    )
    op.create_index("ix_usage_ledger_conversation_id", "usage_ledger", ["conversation_id"])
    op.create_index(
        "ix_usage_ledger_uncounted",
        "usage_ledger",
        ["created_at"],
        postgresql_where=sa.text("counted_at IS NULL"),
    )
    op.create_index("ix_usage_ledger_user_id_created_at", "usage_ledger", ["user_id", "created_at"])
    op.create_table(
        "user_usage_stats",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("total_messages", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "total_conversations", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column(
            "total_tokens_used", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("monthly_messages", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("monthly_tokens", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("month_year", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "month_year ~ '^\\d{4}-(0[1-9]|1[0-2])$'",
            name=op.f("ck_user_usage_stats_month_year_format"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_usage_stats")),
        sa.UniqueConstraint("user_id", name=op.f("uq_user_usage_stats_user_id")),
        postgresql_with={"fillfactor": 70},
    )
    op.alter_column(
        "products",
        "id",
        existing_type=sa.TEXT(),
        server_default=sa.text("'IM_' || replace(gen_random_uuid()::text, '-', '')"),
        existing_nullable=False,
    )
    op.execute("CREATE TABLE api_logs_default PARTITION OF api_logs DEFAULT")


def downgrade() -> None:
    op.drop_table("user_usage_stats")
    op.drop_table("usage_ledger")
    op.drop_table("monthly_usage")
    op.drop_table("api_logs")
