"""Uploaded files, and the triggers by which they follow their message."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_STATE = postgresql.ENUM(
    "pending", "ready", "attached", "discarded", name="attachment_state", create_type=False
)

# Only what the message claimed: a claim is made before, by the command that sends it.
_ATTACH = """
CREATE FUNCTION attach_files_of_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE attachments SET state = 'attached' WHERE message_id = NEW.id AND state = 'ready';
  RETURN NULL;
END $$
"""
_DISCARD = """
CREATE FUNCTION discard_files_of_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE attachments SET state = 'discarded' WHERE message_id = OLD.id;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    _STATE.create(op.get_bind())
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary()),
        sa.Column("location", sa.Text()),
        sa.Column("state", _STATE, server_default="pending", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("size > 0", name=op.f("ck_attachments_size_positive")),
        sa.CheckConstraint(
            "state NOT IN ('ready', 'attached') OR (sha256 IS NOT NULL AND location IS NOT NULL)",
            name=op.f("ck_attachments_ready_has_bytes"),
        ),
        sa.CheckConstraint(
            "state <> 'attached' OR message_id IS NOT NULL",
            name=op.f("ck_attachments_attached_to_one"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_message_id"), "attachments", ["message_id"])
    op.create_index("ix_attachments_owner_id_created_at", "attachments", ["owner_id", "created_at"])
    op.create_index(
        "ix_attachments_unattached_created_at",
        "attachments",
        ["created_at"],
        postgresql_where=sa.text("state <> 'attached'"),
    )
    op.execute(_ATTACH)
    op.execute(_DISCARD)
    op.execute(
        "CREATE TRIGGER messages_attach_files AFTER INSERT ON messages FOR EACH ROW"
        " WHEN (NEW.kind = 'message' AND NEW.attachments <> '[]'::jsonb)"
        " EXECUTE FUNCTION attach_files_of_message()"
    )
    op.execute(
        "CREATE TRIGGER messages_discard_files AFTER UPDATE OF deleted ON messages FOR EACH ROW"
        " WHEN (NEW.deleted AND NOT OLD.deleted) EXECUTE FUNCTION discard_files_of_message()"
    )
    op.execute(
        "CREATE TRIGGER messages_take_files AFTER DELETE ON messages FOR EACH ROW"
        " EXECUTE FUNCTION discard_files_of_message()"
    )


def downgrade() -> None:
    for name in ("take", "discard", "attach"):
        op.execute(f"DROP TRIGGER messages_{name}_files ON messages")
    for name in ("discard", "attach"):
        op.execute(f"DROP FUNCTION {name}_files_of_message()")
    op.drop_table("attachments")
    _STATE.drop(op.get_bind())
