"""The moderation queue is worked on: snapshots, escalation, and decisions that only grow."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NEVER_LEFT_OPEN = """
    UPDATE moderation_queue AS later SET status = 'resolved', resolved_at = now()
    FROM moderation_queue AS earlier
    WHERE later.status <> 'resolved' AND earlier.status <> 'resolved' AND earlier.id < later.id
      AND (earlier.subject_kind, earlier.subject_id) = (later.subject_kind, later.subject_id)
      AND earlier.reported_by IS NOT DISTINCT FROM later.reported_by
"""
_WAITING = """
    INSERT INTO moderation_queue (subject_kind, subject_id, reason, created_at)
    SELECT 'product', id, 'Submitted by its vendor.', updated_at FROM products
    WHERE publishing_status = 'suggestion' AND deleted_at IS NULL
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    op.add_column(
        "moderation_queue",
        sa.Column("escalated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("moderation_queue", sa.Column("snapshot", postgresql.JSONB()))
    op.create_index("ix_moderation_queue_created_at_id", "moderation_queue", ["created_at", "id"])
    op.create_index(
        "ix_moderation_queue_urgency",
        "moderation_queue",
        [sa.text("(- priority)"), "created_at", "id"],
    )
    op.execute(_NEVER_LEFT_OPEN)
    op.create_index(
        "uq_moderation_queue_open",
        "moderation_queue",
        ["subject_kind", "subject_id", "reported_by"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("status <> 'resolved'::moderation_status"),
    )
    op.execute(_WAITING)
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON moderation_decisions"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER refuse_change ON moderation_decisions")
    op.drop_index("uq_moderation_queue_open", "moderation_queue")
    op.drop_index("ix_moderation_queue_urgency", "moderation_queue")
    op.drop_index("ix_moderation_queue_created_at_id", "moderation_queue")
    op.drop_column("moderation_queue", "snapshot")
    op.drop_column("moderation_queue", "escalated")
