"""Full-text search over messages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")  # trusted: the database's owner may
    op.add_column(
        "messages",
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, COALESCE(text, ''::text))", persisted=True
            ),
            nullable=False,
        ),
    )
    op.create_index(
        "ix_messages_conversation_id_search",
        "messages",
        ["conversation_id", "search"],
        postgresql_using="gin",
        postgresql_where=sa.text("kind = 'message'"),
    )


def downgrade() -> None:
    op.drop_index("ix_messages_conversation_id_search", table_name="messages")
    op.drop_column("messages", "search")
    op.execute("DROP EXTENSION IF EXISTS btree_gin")
