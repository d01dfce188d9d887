"""Answers by client key to what admins do with accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "auth_client_requests",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("client_key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("result", postgresql.JSONB()),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "operation", "client_key", name=op.f("pk_auth_client_requests")
        ),
    )
    op.create_index("ix_auth_client_requests_created_at", "auth_client_requests", ["created_at"])


def downgrade() -> None:
    op.drop_table("auth_client_requests")
