"""Accounts and what proves who someone is: the tables of the auth database."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Uuid,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.stores.tables import AuthBase, CreatedAt, JsonObject, Timestamps, UuidKey, pg_enum


class UserStatus(StrEnum):
    """Whether an account was proved to belong to someone, and is in use."""

    INACTIVE = "inactive"
    VERIFIED = "verified"
    NOT_VERIFIED = "not-verified"


class UserRole(StrEnum):
    """What a user may do beyond their own things."""

    MODERATOR = "moderator"
    ADMIN = "admin"
    USER = "user"
    SERVICE = "service"


class Platform(StrEnum):
    """The product through which somebody came."""

    DOBE = "dobe"
    CAUSE_I = "cause-i"
    DEED_O = "deed-o"


class SubscriptionTier(StrEnum):
    """What a user subscribes to; no payment is handled here."""

    FREE = "free"
    PRO = "pro"
    ENTERPRISE = "enterprise"


class VerificationSource(StrEnum):
    """Where a one-time code was sent."""

    EMAIL = "email"
    SMS = "sms"


class VerificationAction(StrEnum):
    """What a one-time code permits."""

    LOGIN = "login"
    REGISTER = "register"


class DeviceType(StrEnum):
    """What somebody signs in on."""

    PHONE = "phone"
    TABLET = "tablet"
    DESKTOP = "desktop"
    OTHER = "other"


class SessionEnd(StrEnum):
    """Why a session ended."""

    REVOKED = "REVOKED"
    DEACTIVATED = "DEACTIVATED"
    ROLE_CHANGED = "ROLE_CHANGED"
    TOKEN_REUSED = "TOKEN_REUSED"  # noqa: S105 - a reason, not a secret
    EXPIRED = "EXPIRED"


class AiProvider(StrEnum):
    """The assistant that a client should ask; the server itself asks none."""

    GEMINI = "gemini"
    OPENAI = "openai"


class ChatTheme(StrEnum):
    """How a client paints a chat."""

    LIGHT = "light"
    DARK = "dark"


MAX_NAME = 120  # characters of a name that is shown

# One type for three columns, so that it is created and dropped once.
_PLATFORM = pg_enum(Platform, "platform")


class User(Timestamps, AuthBase):
    """A person. The number joins stores; the public id leaves the server."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    public_id: Mapped[UUID] = mapped_column(unique=True, server_default=func.gen_random_uuid())
    # The subject of an external OIDC provider: the `clerk_user_id` of ChronoChat.
    external_subject: Mapped[str | None] = mapped_column(unique=True)
    # Sealed, as all that is personal below; see `app.users.personal`. The index finds its account.
    email: Mapped[bytes] = mapped_column(LargeBinary)
    email_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    name: Mapped[str]
    username: Mapped[str | None]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    profile_image_url: Mapped[str | None]
    subscription_tier: Mapped[SubscriptionTier] = mapped_column(
        pg_enum(SubscriptionTier, "subscription_tier"), server_default=SubscriptionTier.FREE
    )
    is_active: Mapped[bool] = mapped_column(server_default=true())
    status: Mapped[UserStatus] = mapped_column(
        pg_enum(UserStatus, "user_status"), server_default=UserStatus.NOT_VERIFIED
    )
    role: Mapped[UserRole] = mapped_column(
        pg_enum(UserRole, "user_role"), server_default=UserRole.USER
    )
    registration_platform: Mapped[Platform] = mapped_column(_PLATFORM)
    # A snapshot for reports; who is online now is known to Redis.
    is_online: Mapped[bool] = mapped_column(server_default=false())
    last_seen_at: Mapped[datetime | None]
    # The vendor profile; None for somebody who sells nothing.
    profile: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    extra: Mapped[JsonObject] = mapped_column("metadata")

    # Personal data: each value is sealed for its column and this user's public id.
    contact_number: Mapped[bytes | None] = mapped_column(LargeBinary)
    contact_country_code: Mapped[bytes | None] = mapped_column(LargeBinary)
    # A keyed hash of the two, by which support finds somebody.
    contact_index: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    city: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[bytes | None] = mapped_column(LargeBinary)
    country: Mapped[bytes | None] = mapped_column(LargeBinary)
    pincode: Mapped[bytes | None] = mapped_column(LargeBinary)
    gender: Mapped[bytes | None] = mapped_column(LargeBinary)
    dob: Mapped[bytes | None] = mapped_column(LargeBinary)
    purpose_code: Mapped[bytes | None] = mapped_column(LargeBinary)
    nationality: Mapped[bytes | None] = mapped_column(LargeBinary)
    ethnicity: Mapped[bytes | None] = mapped_column(LargeBinary)
    qualification: Mapped[bytes | None] = mapped_column(LargeBinary)
    profession: Mapped[bytes | None] = mapped_column(LargeBinary)

    last_login_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_users_created_at_id", "created_at", "id"),
        Index("ix_users_name_id", "name", "id"),
        Index("ix_users_is_online", "is_online", postgresql_where=text("is_online")),
    )


# lower() rather than citext, which not every server offers.
Index("uq_users_lower_username", func.lower(User.username), unique=True)
Index(
    "ix_users_lower_name",
    func.lower(User.name).label("lower_name"),
    postgresql_ops={"lower_name": "text_pattern_ops"},
)


class UserVerification(Timestamps, AuthBase):
    """A one-time code that was asked for: its hash, and how often somebody tried it.

    There is a row for an unknown address too, whose hash no code has: so all cost the same.
    """

    __tablename__ = "user_verifications"

    id: Mapped[UuidKey]
    # Nobody's until a registration is verified: an address that is not proved makes no account.
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    # A keyed hash of address, action and platform: what a code is looked up by.
    subject: Mapped[bytes] = mapped_column(LargeBinary)
    # A keyed hash of the client key with which the code was used: a retry gets the same session.
    claim: Mapped[bytes | None] = mapped_column(LargeBinary)
    otp_hash: Mapped[bytes] = mapped_column(LargeBinary)
    # A keyed hash of the network that asked: guesses from elsewhere count by themselves, so that
    # a stranger's use up nothing of the owner's.
    asker: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''::bytea"))
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    attempts_elsewhere: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    verification_source: Mapped[VerificationSource] = mapped_column(
        pg_enum(VerificationSource, "verification_source")
    )
    action_platform: Mapped[Platform] = mapped_column(_PLATFORM)
    action: Mapped[VerificationAction] = mapped_column(
        pg_enum(VerificationAction, "verification_action")
    )
    verified: Mapped[bool] = mapped_column(server_default=false())
    expire_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index("ix_user_verifications_id_user_id_otp_hash", "id", "user_id", "otp_hash"),
        Index("ix_user_verifications_subject_created_at", "subject", "created_at"),
    )


class UserSession(AuthBase):
    """One sign-in on one device.

    A service account's keys are sessions too; see `app.users.keys`. A trigger on `users` ends a
    user's sessions when they lose their account or change their role, whoever writes that.
    `metadata` holds `device`, its name; `platform`; `end`, why it ended.
    """

    __tablename__ = "user_sessions"

    id: Mapped[UuidKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    session_id: Mapped[str] = mapped_column(unique=True)
    ip_address: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    device_type: Mapped[str | None]
    started_at: Mapped[CreatedAt]
    last_activity_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]
    extra: Mapped[JsonObject] = mapped_column("metadata")

    __table_args__ = (
        CheckConstraint("ended_at >= started_at", name="ends_after_start"),
        Index("ix_user_sessions_started_at", "started_at"),
        Index("ix_user_sessions_user_id_started_at_id", "user_id", "started_at", "id"),
        Index(
            "ix_user_sessions_ended_at", "ended_at", postgresql_where=text("ended_at IS NOT NULL")
        ),
    )


class Token(AuthBase):
    """A refresh token: its hash, and the family that falls with it when it is used twice."""

    __tablename__ = "tokens"

    id: Mapped[UuidKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_sessions.id", ondelete="CASCADE"), index=True
    )
    family_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    platform_type: Mapped[Platform] = mapped_column(_PLATFORM)
    expire_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class UserPreferences(Timestamps, AuthBase):
    """How one user wants clients to behave."""

    __tablename__ = "user_preferences"

    id: Mapped[UuidKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    preferred_ai_provider: Mapped[AiProvider] = mapped_column(
        pg_enum(AiProvider, "ai_provider"), server_default=AiProvider.GEMINI
    )
    preferred_model: Mapped[str | None]
    temperature: Mapped[float] = mapped_column(server_default=text("0.7"))
    chat_theme: Mapped[ChatTheme] = mapped_column(
        pg_enum(ChatTheme, "chat_theme"), server_default=ChatTheme.LIGHT
    )
    language: Mapped[str] = mapped_column(server_default="en")
    email_notifications: Mapped[bool] = mapped_column(server_default=true())
    preferences: Mapped[JsonObject]
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))

    __table_args__ = (CheckConstraint("temperature BETWEEN 0 AND 2", name="temperature_range"),)
