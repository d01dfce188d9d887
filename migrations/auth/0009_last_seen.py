"""When somebody was last online."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("last_seen_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_users_is_online", "users", ["is_online"], postgresql_where=sa.text("is_online")
    )


def downgrade() -> None:
    op.drop_index("ix_users_is_online", "users")
    op.drop_column("users", "last_seen_at")
