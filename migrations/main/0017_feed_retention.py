"""What is old in feeds is found by its time."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        op.f("ix_feed_entries_created_at"),
        "feed_entries",
        ["created_at"],
        postgresql_using="brin",
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_feed_entries_created_at"), table_name="feed_entries")
