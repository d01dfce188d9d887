"""The audit of accounts, by month."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "auth_audit_events",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("actor_id", sa.Integer()),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity_type", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB()),
        sa.Column("after", postgresql.JSONB()),
        sa.Column("request_id", sa.Text()),
        sa.Column("ip_address", postgresql.INET()),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_auth_audit_events")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        "ix_auth_audit_events_actor_id_created_at", "auth_audit_events", ["actor_id", "created_at"]
    )
    op.create_index("ix_auth_audit_events_created_at", "auth_audit_events", ["created_at"])
    op.create_index(
        "ix_auth_audit_events_entity",
        "auth_audit_events",
        ["entity_type", "entity_id", "created_at"],
    )
    op.execute("CREATE TABLE auth_audit_events_default PARTITION OF auth_audit_events DEFAULT")


def downgrade() -> None:
    op.drop_table("auth_audit_events")
