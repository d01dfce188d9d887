"""What proves who someone is: verifications, sessions, tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_VERIFICATION_SOURCE = postgresql.ENUM(
    "email", "sms", name="verification_source", create_type=False
)
_PLATFORM = postgresql.ENUM("dobe", "cause-i", "deed-o", name="platform", create_type=False)
_VERIFICATION_ACTION = postgresql.ENUM(
    "login", "register", name="verification_action", create_type=False
)


def upgrade() -> None:
    _VERIFICATION_SOURCE.create(op.get_bind())
    _VERIFICATION_ACTION.create(op.get_bind())
    op.create_table(
        "user_sessions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("ip_address", postgresql.INET()),
        sa.Column("user_agent", sa.Text()),
        sa.Column("device_type", sa.Text()),
        sa.Column("started_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("last_activity_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column(
            "metadata", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.CheckConstraint(
            "ended_at >= started_at", name=op.f("ck_user_sessions_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_sessions_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
        sa.UniqueConstraint("session_id", name=op.f("uq_user_sessions_session_id")),
    )
    op.create_index("ix_user_sessions_started_at", "user_sessions", ["started_at"])
    op.create_index(op.f("ix_user_sessions_user_id"), "user_sessions", ["user_id"])
    op.create_table(
        "user_verifications",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("otp_hash", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("verification_source", _VERIFICATION_SOURCE, nullable=False),
        sa.Column("action_platform", _PLATFORM, nullable=False),
        sa.Column("action", _VERIFICATION_ACTION, nullable=False),
        sa.Column("verified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("expire_at", _TIME, nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "attempts >= 0", name=op.f("ck_user_verifications_attempts_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_verifications_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_verifications")),
    )
    op.create_index(op.f("ix_user_verifications_expire_at"), "user_verifications", ["expire_at"])
    op.create_index(
        "ix_user_verifications_id_user_id_otp_hash",
        "user_verifications",
        ["id", "user_id", "otp_hash"],
    )
    op.create_index(op.f("ix_user_verifications_user_id"), "user_verifications", ["user_id"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Uuid()),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("platform_type", _PLATFORM, nullable=False),
        sa.Column("expire_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME),
        sa.Column("revoked_at", _TIME),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["user_sessions.id"],
            name=op.f("fk_tokens_session_id_user_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_tokens_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_tokens_token_hash")),
    )
    op.create_index(op.f("ix_tokens_expire_at"), "tokens", ["expire_at"])
    op.create_index(op.f("ix_tokens_family_id"), "tokens", ["family_id"])
    op.create_index(op.f("ix_tokens_session_id"), "tokens", ["session_id"])
    op.create_index(op.f("ix_tokens_user_id"), "tokens", ["user_id"])


def downgrade() -> None:
    op.drop_table("tokens")
    op.drop_table("user_verifications")
    op.drop_table("user_sessions")
    _VERIFICATION_SOURCE.drop(op.get_bind())
    _VERIFICATION_ACTION.drop(op.get_bind())
