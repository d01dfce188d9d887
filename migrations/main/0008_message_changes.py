"""Replies, threads, mentions, the history of edits, reactions and pins."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NEW_KINDS = ("pin", "details")
_OLD_KINDS = ("message", "edit", "delete", "reaction", "member", "void")
_CHECKS_OF_KIND = {
    "messages_numbered": "(kind = 'message') = (msg_no IS NOT NULL)",
    "sender_known": "kind = 'void' OR role <> 'user' OR sender_id IS NOT NULL",
}


def upgrade() -> None:
    for kind in _NEW_KINDS:
        op.execute(f"ALTER TYPE entry_kind ADD VALUE IF NOT EXISTS '{kind}'")
    zero, none = sa.text("0"), sa.text("'{}'::integer[]")
    for column in (
        sa.Column("reply_to_id", sa.Uuid()),
        sa.Column("thread_id", sa.Uuid()),
        sa.Column("thread_no", sa.BigInteger()),
        sa.Column("reply_count", sa.BigInteger(), server_default=zero, nullable=False),
        sa.Column("edit_count", sa.BigInteger(), server_default=zero, nullable=False),
        sa.Column("edit_no", sa.BigInteger()),
        sa.Column(
            "mention_ids", postgresql.ARRAY(sa.Integer()), server_default=none, nullable=False
        ),
        sa.Column(
            "mentions_everyone", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("edited_at", sa.DateTime(timezone=True)),
    ):
        op.add_column("messages", column)
    op.create_check_constraint(
        op.f("ck_messages_replies_numbered"),
        "messages",
        "(thread_id IS NULL) = (thread_no IS NULL)",
    )
    op.create_check_constraint(
        op.f("ck_messages_edits_numbered"), "messages", "(kind = 'edit') = (edit_no IS NOT NULL)"
    )
    op.create_index(
        "ix_messages_thread_id_thread_no",
        "messages",
        ["thread_id", "thread_no"],
        unique=True,
        postgresql_where=sa.text("thread_id IS NOT NULL"),
    )
    op.create_table(
        "message_reactions",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("emoji", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_message_reactions_message_id_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "message_id", "emoji", "user_id", name=op.f("pk_message_reactions")
        ),
    )
    op.create_table(
        "message_pins",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_message_pins_message_id_messages"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_message_pins_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_message_pins")),
    )
    op.create_index(
        "ix_message_pins_conversation_id_seq", "message_pins", ["conversation_id", "seq"]
    )


def downgrade() -> None:
    op.drop_table("message_pins")
    op.drop_table("message_reactions")
    op.drop_index("ix_messages_thread_id_thread_no", "messages")
    for name in ("edits_numbered", "replies_numbered"):
        op.drop_constraint(op.f(f"ck_messages_{name}"), "messages")
    for name in (
        "edited_at",
        "mentions_everyone",
        "mention_ids",
        "edit_no",
        "edit_count",
        "reply_count",
        "thread_no",
        "thread_id",
        "reply_to_id",
    ):
        op.drop_column("messages", name)
    _forget_kinds()


def _forget_kinds() -> None:
    """An enum loses no labels, so it is made anew; an entry of a new kind becomes a void."""
    for name in _CHECKS_OF_KIND:
        op.drop_constraint(op.f(f"ck_messages_{name}"), "messages")
    op.execute("ALTER TYPE entry_kind RENAME TO entry_kind_before")
    labels = ", ".join(f"'{kind}'" for kind in _OLD_KINDS)
    op.execute(f"CREATE TYPE entry_kind AS ENUM ({labels})")
    op.execute("ALTER TABLE messages ALTER COLUMN kind DROP DEFAULT")
    op.execute(
        "ALTER TABLE messages ALTER COLUMN kind TYPE entry_kind USING"
        f" (CASE WHEN kind::text IN ({labels}) THEN kind::text ELSE 'void' END)::entry_kind"
    )
    op.execute("ALTER TABLE messages ALTER COLUMN kind SET DEFAULT 'message'")
    op.execute("DROP TYPE entry_kind_before")
    for name, condition in _CHECKS_OF_KIND.items():
        op.create_check_constraint(op.f(f"ck_messages_{name}"), "messages", condition)
