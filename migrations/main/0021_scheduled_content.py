"""Messages for later carry files and metadata; no file is shown by two messages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_SCHEDULED, _FILES = "scheduled_messages", "attachments"
_OVER = "state IN ('sent', 'cancelled')"
_SAID = "ck_scheduled_messages_said_until_sent"
_TEXT = "ck_scheduled_messages_text_until_sent"
_METADATA = "ck_scheduled_messages_metadata_until_sent"

# A claim that is not kept for later may be lost to another one until the message is written.
_ATTACH = """
CREATE OR REPLACE FUNCTION attach_files_of_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE attachments SET state = 'attached', scheduled_id = NULL
    WHERE message_id = NEW.id AND state = 'ready';
  IF EXISTS (
    SELECT FROM jsonb_array_elements(NEW.attachments) AS item
    WHERE item ->> 'url' LIKE 'attachment:%' AND NOT EXISTS (
      SELECT FROM attachments
      WHERE message_id = NEW.id AND state = 'attached' AND item ->> 'url' = 'attachment:' || id
    )
  ) THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'a file is not the message''s';
  END IF;
  RETURN NULL;
END $$
"""
_ATTACH_BEFORE = """
CREATE OR REPLACE FUNCTION attach_files_of_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE attachments SET state = 'attached' WHERE message_id = NEW.id AND state = 'ready';
  RETURN NULL;
END $$
"""
# What came before would send them without their files: their senders have to say them anew.
_WITHOUT_FILES = """
UPDATE scheduled_messages
SET state = 'failed', failure = coalesce(failure, 'INVALID'), claimed_until = NULL,
  text = coalesce(text, '')
WHERE attachments <> '[]'::jsonb
"""


def upgrade() -> None:
    for name, empty in (("attachments", "[]"), ("metadata", "{}")):
        op.add_column(
            _SCHEDULED,
            sa.Column(
                name,
                postgresql.JSONB(),
                server_default=sa.text(f"'{empty}'::jsonb"),
                nullable=False,
            ),
        )
    op.drop_constraint(op.f(_TEXT), _SCHEDULED)
    op.create_check_constraint(
        op.f(_SAID), _SCHEDULED, f"({_OVER}) = (text IS NULL AND attachments = '[]'::jsonb)"
    )
    op.create_check_constraint(
        op.f(_METADATA), _SCHEDULED, f"NOT ({_OVER}) OR metadata = '{{}}'::jsonb"
    )
    op.add_column(_FILES, sa.Column("scheduled_id", sa.Uuid()))
    op.add_column(_FILES, sa.Column("freed_at", sa.DateTime(timezone=True)))
    op.create_foreign_key(
        op.f("fk_attachments_scheduled_id_scheduled_messages"),
        *(_FILES, _SCHEDULED, ["scheduled_id"], ["id"]),
        ondelete="SET NULL",
        deferrable=True,
        initially="DEFERRED",
    )
    op.create_index(
        "ix_attachments_scheduled_id",
        _FILES,
        ["scheduled_id"],
        postgresql_where=sa.text("scheduled_id IS NOT NULL"),
    )
    op.execute(_ATTACH)


def downgrade() -> None:
    op.execute(_ATTACH_BEFORE)
    op.drop_column(_FILES, "freed_at")
    op.drop_column(_FILES, "scheduled_id")
    op.execute(_WITHOUT_FILES)
    op.drop_constraint(op.f(_METADATA), _SCHEDULED)
    op.drop_constraint(op.f(_SAID), _SCHEDULED)
    op.drop_column(_SCHEDULED, "metadata")
    op.drop_column(_SCHEDULED, "attachments")
    op.create_check_constraint(op.f(_TEXT), _SCHEDULED, f"({_OVER}) = (text IS NULL)")
