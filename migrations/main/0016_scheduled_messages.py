"""Messages that are to be sent later."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_STATE = postgresql.ENUM(
    *("waiting", "sending", "sent", "failed", "cancelled"),
    name="scheduled_state",
    create_type=False,
)


def upgrade() -> None:
    _STATE.create(op.get_bind())
    op.create_table(
        "scheduled_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("sender_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("reply_to_id", sa.Uuid()),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", _STATE, server_default="waiting", nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True)),
        sa.Column("failure", sa.Text()),
        sa.Column("message_id", sa.Uuid()),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state IN ('sent', 'cancelled')) = (text IS NULL)",
            name=op.f("ck_scheduled_messages_text_until_sent"),
        ),
        sa.CheckConstraint(
            "(state = 'failed') = (failure IS NOT NULL)",
            name=op.f("ck_scheduled_messages_failed_for_a_reason"),
        ),
        sa.CheckConstraint(
            "(state = 'sent') = (message_id IS NOT NULL)",
            name=op.f("ck_scheduled_messages_sent_as_a_message"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_scheduled_messages_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_messages")),
    )
    op.create_index(
        op.f("ix_scheduled_messages_conversation_id"), "scheduled_messages", ["conversation_id"]
    )
    op.create_index(
        "ix_scheduled_messages_sender_id_send_at",
        "scheduled_messages",
        ["sender_id", "send_at", "id"],
    )
    op.create_index(
        "ix_scheduled_messages_due",
        "scheduled_messages",
        ["send_at"],
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )


def downgrade() -> None:
    op.drop_table("scheduled_messages")
    _STATE.drop(op.get_bind())
