"""Groups, who belongs to them and who is invited.

People live in the auth database: no foreign key names them.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from app.stores.tables import CreatedAt, MainBase, Timestamps, UuidKey, pg_enum


class GroupRole(StrEnum):
    """What a member may do in a group."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class GroupVisibility(StrEnum):
    """Who may know of a group; see `app.groups.access`."""

    PUBLIC = "public"
    PRIVATE = "private"


class JoinPolicy(StrEnum):
    """How one comes to belong to a group."""

    OPEN = "open"
    INVITATION = "invitation"


class InvitationAnswer(StrEnum):
    """How an invitation ended."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    REVOKED = "revoked"


class Group(Timestamps, MainBase):
    """A community: around a product, below another group as its channel, or free."""

    __tablename__ = "groups"

    id: Mapped[UuidKey]
    name: Mapped[str]
    description: Mapped[str | None]
    product_id: Mapped[str | None] = mapped_column(
        ForeignKey("products.id", ondelete="SET NULL"), index=True
    )
    parent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("groups.id", ondelete="SET NULL"), index=True
    )
    # The nearest private group above: whoever does not belong to it does not see this one.
    enclosing_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("groups.id", ondelete="SET NULL"), index=True
    )
    owner_id: Mapped[int] = mapped_column(Integer, index=True)
    visibility: Mapped[GroupVisibility] = mapped_column(
        pg_enum(GroupVisibility, "group_visibility"), server_default=GroupVisibility.PUBLIC
    )
    join_policy: Mapped[JoinPolicy] = mapped_column(
        pg_enum(JoinPolicy, "group_join_policy"), server_default=JoinPolicy.INVITATION
    )
    # messages.group_id points back: this key is added once both tables stand.
    last_message_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("messages.id", ondelete="SET NULL", use_alter=True), index=True
    )
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        Index("ix_groups_created_at_id", "created_at", "id"),
        Index("ix_groups_name_id", "name", "id"),
    )


class GroupMember(MainBase):
    """That a user belongs to a group.

    The source's `groups.members` array with its GIN index is this table read by user: joining
    rewrites one small row here, and the whole array and its index entries there.
    """

    __tablename__ = "group_members"

    group_id: Mapped[UUID] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    role: Mapped[GroupRole] = mapped_column(
        pg_enum(GroupRole, "group_role"), server_default=GroupRole.MEMBER
    )
    joined_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_group_members_user_id_group_id", "user_id", "group_id"),
        Index(
            "uq_group_members_owner",
            "group_id",
            unique=True,
            postgresql_where=text("role = 'owner'"),
        ),
    )


class GroupInvitation(MainBase):
    """That a user is invited to a group; open until it is answered or expires."""

    __tablename__ = "group_invitations"

    id: Mapped[UuidKey]
    group_id: Mapped[UUID] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(Integer)
    inviter_id: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    answer: Mapped[InvitationAnswer | None] = mapped_column(
        pg_enum(InvitationAnswer, "invitation_answer")
    )
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered_at_a_time"),
        Index("ix_group_invitations_group_id_created_at_id", "group_id", "created_at", "id"),
        Index("ix_group_invitations_user_id_created_at_id", "user_id", "created_at", "id"),
        Index(
            "uq_group_invitations_open",
            "group_id",
            "user_id",
            unique=True,
            postgresql_where=text("answer IS NULL"),
        ),
    )


class GroupInvitationLink(MainBase):
    """That whoever has a token may join a group: its hash, and how often it was used."""

    __tablename__ = "group_invitation_links"

    id: Mapped[UuidKey]
    group_id: Mapped[UUID] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    creator_id: Mapped[int] = mapped_column(Integer)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    max_uses: Mapped[int | None] = mapped_column(Integer)
    uses: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("max_uses > 0", name="max_uses_positive"),
        CheckConstraint("uses BETWEEN 0 AND coalesce(max_uses, uses)", name="uses_within_limit"),
        Index("ix_group_invitation_links_group_id_created_at_id", "group_id", "created_at", "id"),
    )
