"""How members keep a conversation, what it says of itself as of an entry, and its tokens so far."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_ZERO, _NO = sa.text("0"), sa.text("false")


def upgrade() -> None:
    for column in (
        sa.Column("is_archived", sa.Boolean(), server_default=_NO, nullable=False),
        sa.Column("muted_until", _TIME),
        sa.Column("pinned_at", _TIME),
        sa.Column("settings_version", sa.BigInteger(), server_default=_ZERO, nullable=False),
    ):
        op.add_column("conversation_members", column)
    op.add_column(
        "conversations",
        sa.Column("details_version", sa.BigInteger(), server_default=_ZERO, nullable=False),
    )
    for table in ("conversation_heads", "messages"):
        op.add_column(
            table, sa.Column("total_tokens", sa.BigInteger(), server_default=_ZERO, nullable=False)
        )
    # Nothing ever wrote it: putting away is each member's own.
    op.drop_column("conversations", "is_archived")
    op.execute(
        "UPDATE messages SET total_tokens = s.total FROM ("
        " SELECT id, sum(coalesce(tokens, 0)) OVER"
        " (PARTITION BY conversation_id ORDER BY seq) AS total FROM messages) AS s"
        " WHERE s.id = messages.id AND s.total > 0"
    )
    op.execute(
        "UPDATE conversation_heads AS h SET total_tokens = m.total_tokens FROM messages AS m"
        " WHERE m.conversation_id = h.conversation_id AND m.seq = h.last_seq"
    )


def downgrade() -> None:
    op.add_column(
        "conversations", sa.Column("is_archived", sa.Boolean(), server_default=_NO, nullable=False)
    )
    for table in ("messages", "conversation_heads"):
        op.drop_column(table, "total_tokens")
    op.drop_column("conversations", "details_version")
    for name in ("settings_version", "pinned_at", "muted_until", "is_archived"):
        op.drop_column("conversation_members", name)
