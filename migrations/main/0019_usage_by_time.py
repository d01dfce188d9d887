"""What was used within a time is found without reading the whole ledger."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        op.f("ix_usage_ledger_created_at"),
        "usage_ledger",
        ["created_at"],
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 32},
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_usage_ledger_created_at"), table_name="usage_ledger")
