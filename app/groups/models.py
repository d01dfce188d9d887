"""Groups and who belongs to them. People live in the auth database: no foreign key names them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.stores.tables import CreatedAt, MainBase, Timestamps, UuidKey, pg_enum


class GroupRole(StrEnum):
    """What a member may do in a group."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class Group(Timestamps, MainBase):
    """A community: around a product, below another group, or free."""

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
    owner_id: Mapped[int] = mapped_column(Integer, index=True)
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

    __table_args__ = (Index("ix_group_members_user_id_group_id", "user_id", "group_id"),)
