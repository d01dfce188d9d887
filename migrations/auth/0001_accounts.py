"""Accounts: users and their preferences."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_SUBSCRIPTION_TIER = postgresql.ENUM(
    "free", "pro", "enterprise", name="subscription_tier", create_type=False
)
_USER_STATUS = postgresql.ENUM(
    "inactive", "verified", "not-verified", name="user_status", create_type=False
)
_USER_ROLE = postgresql.ENUM("moderator", "admin", "user", name="user_role", create_type=False)
_PLATFORM = postgresql.ENUM("dobe", "cause-i", "deed-o", name="platform", create_type=False)
_AI_PROVIDER = postgresql.ENUM("gemini", "openai", name="ai_provider", create_type=False)
_CHAT_THEME = postgresql.ENUM("light", "dark", name="chat_theme", create_type=False)


def upgrade() -> None:
    _SUBSCRIPTION_TIER.create(op.get_bind())
    _USER_STATUS.create(op.get_bind())
    _USER_ROLE.create(op.get_bind())
    _PLATFORM.create(op.get_bind())
    _AI_PROVIDER.create(op.get_bind())
    _CHAT_THEME.create(op.get_bind())
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column(
            "public_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
        sa.Column("external_subject", sa.Text()),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("username", sa.Text()),
        sa.Column("first_name", sa.Text()),
        sa.Column("last_name", sa.Text()),
        sa.Column("profile_image_url", sa.Text()),
        sa.Column("subscription_tier", _SUBSCRIPTION_TIER, server_default="free", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("status", _USER_STATUS, server_default="not-verified", nullable=False),
        sa.Column("role", _USER_ROLE, server_default="user", nullable=False),
        sa.Column("registration_platform", _PLATFORM, nullable=False),
        sa.Column("is_online", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("profile", postgresql.JSONB()),
        sa.Column(
            "metadata", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("contact_number", sa.BigInteger()),
        sa.Column("contact_country_code", sa.Text()),
        sa.Column("city", sa.Text()),
        sa.Column("state", sa.Text()),
        sa.Column("country", sa.Text()),
        sa.Column("pincode", sa.Integer()),
        sa.Column("gender", sa.Text()),
        sa.Column("dob", sa.Date()),
        sa.Column("purpose_code", sa.Text()),
        sa.Column("nationality", sa.Text()),
        sa.Column("ethnicity", sa.Text()),
        sa.Column("qualification", sa.Text()),
        sa.Column("profession", sa.Text()),
        sa.Column("last_login_at", _TIME),
        sa.Column("deleted_at", _TIME),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint("contact_number > 0", name=op.f("ck_users_contact_number_positive")),
        sa.CheckConstraint("pincode > 0", name=op.f("ck_users_pincode_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("external_subject", name=op.f("uq_users_external_subject")),
        sa.UniqueConstraint("public_id", name=op.f("uq_users_public_id")),
    )
    op.create_index("ix_users_created_at_id", "users", ["created_at", "id"])
    op.create_index("ix_users_name_id", "users", ["name", "id"])
    op.create_index(
        "uq_users_lower_email", "users", [sa.literal_column("lower(email)")], unique=True
    )
    op.create_index(
        "uq_users_lower_username", "users", [sa.literal_column("lower(username)")], unique=True
    )
    op.create_table(
        "user_preferences",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("preferred_ai_provider", _AI_PROVIDER, server_default="gemini", nullable=False),
        sa.Column("preferred_model", sa.Text()),
        sa.Column("temperature", sa.Double(), server_default=sa.text("0.7"), nullable=False),
        sa.Column("chat_theme", _CHAT_THEME, server_default="light", nullable=False),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column(
            "email_notifications", sa.Boolean(), server_default=sa.text("true"), nullable=False
        ),
        sa.Column(
            "preferences", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "temperature BETWEEN 0 AND 2", name=op.f("ck_user_preferences_temperature_range")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_preferences_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_preferences")),
        sa.UniqueConstraint("user_id", name=op.f("uq_user_preferences_user_id")),
    )


def downgrade() -> None:
    op.drop_table("user_preferences")
    op.drop_table("users")
    _SUBSCRIPTION_TIER.drop(op.get_bind())
    _USER_STATUS.drop(op.get_bind())
    _USER_ROLE.drop(op.get_bind())
    _PLATFORM.drop(op.get_bind())
    _AI_PROVIDER.drop(op.get_bind())
    _CHAT_THEME.drop(op.get_bind())
