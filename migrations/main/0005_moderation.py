"""The moderation queue and its decisions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_MODERATION_SUBJECT = postgresql.ENUM(
    "message", "product", "group", "user", name="moderation_subject", create_type=False
)
_MODERATION_STATUS = postgresql.ENUM(
    "pending", "in_review", "resolved", name="moderation_status", create_type=False
)
_MODERATION_VERDICT = postgresql.ENUM(
    "approved", "rejected", "removed", "escalated", name="moderation_verdict", create_type=False
)


def upgrade() -> None:
    _MODERATION_SUBJECT.create(op.get_bind())
    _MODERATION_STATUS.create(op.get_bind())
    _MODERATION_VERDICT.create(op.get_bind())
    op.create_table(
        "moderation_queue",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("subject_kind", _MODERATION_SUBJECT, nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Uuid()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.Integer()),
        sa.Column("status", _MODERATION_STATUS, server_default="pending", nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("assigned_to", sa.Integer()),
        sa.Column("resolved_at", _TIME),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "(status = 'resolved') = (resolved_at IS NOT NULL)",
            name=op.f("ck_moderation_queue_resolved_has_time"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_queue")),
    )
    op.create_index(op.f("ix_moderation_queue_assigned_to"), "moderation_queue", ["assigned_to"])
    op.create_index(op.f("ix_moderation_queue_reported_by"), "moderation_queue", ["reported_by"])
    op.create_index(
        "ix_moderation_queue_status_created_at_id",
        "moderation_queue",
        ["status", "created_at", "id"],
    )
    op.create_index(
        "ix_moderation_queue_subject", "moderation_queue", ["subject_kind", "subject_id"]
    )
    op.create_table(
        "moderation_decisions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("moderator_id", sa.Integer(), nullable=False),
        sa.Column("verdict", _MODERATION_VERDICT, nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["moderation_queue.id"],
            name=op.f("fk_moderation_decisions_item_id_moderation_queue"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_decisions")),
    )
    op.create_index(
        "ix_moderation_decisions_created_at_id", "moderation_decisions", ["created_at", "id"]
    )
    op.create_index(op.f("ix_moderation_decisions_item_id"), "moderation_decisions", ["item_id"])
    op.create_index(
        "ix_moderation_decisions_moderator_id_created_at",
        "moderation_decisions",
        ["moderator_id", "created_at"],
    )
    op.alter_column(
        "products",
        "id",
        existing_type=sa.TEXT(),
        server_default=sa.text("'IM_' || replace(gen_random_uuid()::text, '-', '')"),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.drop_table("moderation_decisions")
    op.drop_table("moderation_queue")
    _MODERATION_SUBJECT.drop(op.get_bind())
    _MODERATION_STATUS.drop(op.get_bind())
    _MODERATION_VERDICT.drop(op.get_bind())
