"""The standby log and its bookkeeping."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_STORE_MODE = postgresql.ENUM(
    "both", "pg_only", "catchup", "mongo_only", "drain", name="store_mode", create_type=False
)
_CONVERSATION_KIND = postgresql.ENUM(
    "direct", "group", "assistant", name="conversation_kind", create_type=False
)
_ENTRY_KIND = postgresql.ENUM(
    "message", "edit", "delete", "reaction", "member", "void", name="entry_kind", create_type=False
)
_MESSAGE_ROLE = postgresql.ENUM(
    "user", "assistant", "system", name="message_role", create_type=False
)


def upgrade() -> None:
    _STORE_MODE.create(op.get_bind())
    _CONVERSATION_KIND.create(op.get_bind())
    _ENTRY_KIND.create(op.get_bind())
    _MESSAGE_ROLE.create(op.get_bind())
    op.create_table(
        "message_quarantine",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entry", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_quarantine")),
    )
    op.create_index(
        "ix_message_quarantine_conversation_id_seq",
        "message_quarantine",
        ["conversation_id", "seq"],
    )
    op.create_index(op.f("ix_message_quarantine_message_id"), "message_quarantine", ["message_id"])
    op.create_table(
        "mirror_pending",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name=op.f("pk_mirror_pending")),
    )
    op.create_index("ix_mirror_pending_created_at", "mirror_pending", ["created_at"])
    state = op.create_table(
        "store_state",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("mode", _STORE_MODE, nullable=False),
        sa.Column("era", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint("era <= epoch", name=op.f("ck_store_state_era_at_most_epoch")),
        sa.CheckConstraint("id = 1", name=op.f("ck_store_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_state")),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("kind", _CONVERSATION_KIND, nullable=False),
        sa.Column("group_id", sa.Uuid()),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text()),
        sa.Column("summary", sa.Text()),
        sa.Column(
            "tags",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column(
            "context", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "metadata", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("is_archived", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "(kind = 'group') = (group_id IS NOT NULL)",
            name=op.f("ck_conversations_group_has_group"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
            name=op.f("fk_conversations_group_id_groups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("group_id", name=op.f("uq_conversations_group_id")),
    )
    op.create_index("ix_conversations_created_at_id", "conversations", ["created_at", "id"])
    op.create_index(op.f("ix_conversations_created_by"), "conversations", ["created_by"])
    op.create_index("ix_conversations_updated_at_id", "conversations", ["updated_at", "id"])
    op.create_table(
        "conversation_heads",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_msg_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_activity_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "last_msg_no BETWEEN 0 AND last_seq", name=op.f("ck_conversation_heads_numbers_ordered")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_heads_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_conversation_heads")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "conversation_members",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("joined_seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("removed_seq", sa.BigInteger()),
        sa.Column("read_msg_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("read_at", _TIME),
        sa.Column("joined_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "removed_seq >= joined_seq", name=op.f("ck_conversation_members_removed_after_joined")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_members_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "user_id", name=op.f("pk_conversation_members")),
    )
    op.create_index(
        "ix_conversation_members_user_id_conversation_id",
        "conversation_members",
        ["user_id", "conversation_id"],
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("msg_no", sa.BigInteger()),
        sa.Column("kind", _ENTRY_KIND, server_default="message", nullable=False),
        sa.Column("target_id", sa.Uuid()),
        sa.Column("sender_id", sa.Integer()),
        sa.Column("group_id", sa.Uuid()),
        sa.Column("client_key", sa.Text()),
        sa.Column("role", _MESSAGE_ROLE, server_default="user", nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column(
            "attachments", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("model", sa.Text()),
        sa.Column("provider", sa.Text()),
        sa.Column("tokens", sa.Integer()),
        sa.Column(
            "metadata", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "(kind = 'message') = (msg_no IS NOT NULL)", name=op.f("ck_messages_messages_numbered")
        ),
        sa.CheckConstraint(
            "jsonb_typeof(attachments) = 'array'", name=op.f("ck_messages_attachments_array")
        ),
        sa.CheckConstraint(
            "kind = 'void' OR role <> 'user' OR sender_id IS NOT NULL",
            name=op.f("ck_messages_sender_known"),
        ),
        sa.CheckConstraint("msg_no BETWEEN 1 AND seq", name=op.f("ck_messages_msg_no_range")),
        sa.CheckConstraint("seq > 0", name=op.f("ck_messages_seq_positive")),
        sa.CheckConstraint("tokens >= 0", name=op.f("ck_messages_tokens_not_negative")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_messages_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
            name=op.f("fk_messages_group_id_groups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("conversation_id", "seq", name=op.f("uq_messages_conversation_id_seq")),
    )
    op.create_index("ix_messages_conversation_id_msg_no", "messages", ["conversation_id", "msg_no"])
    op.create_index("ix_messages_created_at", "messages", ["created_at"])
    op.create_index(
        "ix_messages_group_id_seq",
        "messages",
        ["group_id", "seq"],
        postgresql_where=sa.text("group_id IS NOT NULL"),
    )
    op.create_index("ix_messages_sender_id_created_at", "messages", ["sender_id", "created_at"])
    op.create_index(
        "ix_messages_target_id",
        "messages",
        ["target_id"],
        postgresql_where=sa.text("target_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_groups_last_message_id_messages"),
        "groups",
        "messages",
        ["last_message_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.bulk_insert(state, [{"id": 1, "epoch": 1, "mode": "both", "era": 1}])


def downgrade() -> None:
    op.drop_constraint(op.f("fk_groups_last_message_id_messages"), "groups")
    op.drop_table("messages")
    op.drop_table("conversation_members")
    op.drop_table("conversation_heads")
    op.drop_table("conversations")
    op.drop_table("store_state")
    op.drop_table("mirror_pending")
    op.drop_table("message_quarantine")
    _STORE_MODE.drop(op.get_bind())
    _CONVERSATION_KIND.drop(op.get_bind())
    _ENTRY_KIND.drop(op.get_bind())
    _MESSAGE_ROLE.drop(op.get_bind())
