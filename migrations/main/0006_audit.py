"""The audit of everything else, by month, and answers by client key."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "audit_events",
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
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_audit_events")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        "ix_audit_events_actor_id_created_at", "audit_events", ["actor_id", "created_at"]
    )
    op.create_index("ix_audit_events_created_at", "audit_events", ["created_at"])
    op.create_index(
        "ix_audit_events_entity", "audit_events", ["entity_type", "entity_id", "created_at"]
    )
    op.create_table(
        "client_requests",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("client_key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("result", postgresql.JSONB()),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint(
            "user_id", "operation", "client_key", name=op.f("pk_client_requests")
        ),
    )
    op.create_index("ix_client_requests_created_at", "client_requests", ["created_at"])
    op.alter_column(
        "products",
        "id",
        existing_type=sa.TEXT(),
        server_default=sa.text("'IM_' || replace(gen_random_uuid()::text, '-', '')"),
        existing_nullable=False,
    )
    op.execute("CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT")


def downgrade() -> None:
    op.drop_table("client_requests")
    op.drop_table("audit_events")
