"""What may be done with a group itself: founding, changing, deleting.

It is done in the caller's transaction, for a group's conversation is with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.errors import Forbidden, NotFound
from app.groups.access import MANAGERS, enter
from app.groups.facts import GroupFact, tell
from app.groups.models import (
    Group,
    GroupInvitation,
    GroupInvitationLink,
    GroupMember,
    GroupRole,
    GroupVisibility,
    InvitationAnswer,
    JoinPolicy,
)
from app.groups.queries import COLUMNS, GroupRecord
from app.groups.tree import check_place, enclose, enclosing_below, lock_tree
from app.ids import new_id
from app.products.models import Product
from app.products.queries import can_see_product
from app.stores.postgres import Postgres, Read
from app.text import clean_text
from app.viewer import Viewer

MAX_NAME = 120  # characters
MAX_DESCRIPTION = 2_000

_PARENT = ["input", "parentId"]
_G = Group.__table__.c
_DELETED = Read(select(*COLUMNS).where(_G.id == bindparam("group_id")))


class Unset(Enum):
    """That a change leaves a value as it is, where None empties it."""

    UNSET = "unset"


UNSET: Literal[Unset.UNSET] = Unset.UNSET


@dataclass(frozen=True, slots=True)
class NewGroup:
    """What a founder says of a new group."""

    name: str
    description: str | None = None
    product_id: str | None = None
    parent_id: UUID | None = None
    visibility: GroupVisibility = GroupVisibility.PUBLIC
    join_policy: JoinPolicy = JoinPolicy.INVITATION


@dataclass(frozen=True, slots=True)
class GroupChanges:
    """What is to change."""

    name: str | Literal[Unset.UNSET] = UNSET
    description: str | Literal[Unset.UNSET] | None = UNSET
    product_id: str | Literal[Unset.UNSET] | None = UNSET
    parent_id: UUID | Literal[Unset.UNSET] | None = UNSET
    visibility: GroupVisibility | Literal[Unset.UNSET] = UNSET
    join_policy: JoinPolicy | Literal[Unset.UNSET] = UNSET


async def create_group(tx: AsyncConnection, viewer: Viewer, new: NewGroup) -> GroupRecord:
    """Found a group, whose owner and first member is the viewer.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such product that the viewer may see, or no such parent group.
        Forbidden: The viewer is neither owner nor admin of the parent group.
        Conflict: It would stand too deep below others, or among too many.
        Invalid, Required, TooLong: A value breaks its rule.
    """
    owner_id = viewer.require()
    values = clean_new_group(new)
    enclosing_id = None
    if new.product_id is not None:
        await _require_product(tx, viewer, new.product_id)
    if new.parent_id is not None:
        await lock_tree(tx)
        parent = await _enter_parent(tx, viewer, new.parent_id)
        await check_place(tx, new.parent_id, moved=None, field=_PARENT)
        enclosing_id = enclosing_below(parent)
    row = {"id": new_id(), "owner_id": owner_id, "enclosing_id": enclosing_id, **values}
    made = await tx.execute(insert(Group).values(row).returning(*COLUMNS))
    group = GroupRecord(*made.one())
    await tx.execute(
        insert(GroupMember).values(group_id=group.id, user_id=owner_id, role=GroupRole.OWNER)
    )
    await record(tx, viewer, "groupCreate", "Group", group.id, after=values)
    if group.parent_id is not None:
        await tell(tx, viewer, group.parent_id, GroupFact.CHANGED)
    return group


async def update_group(
    tx: AsyncConnection, viewer: Viewer, group_id: UUID, values: dict[str, Any]
) -> bool:
    """Change what a group says of itself and where it stands, as its owner or one of its admins.

    Who belongs to it stays, also where it is moved below a private group.

    Args:
        tx: Holds the tree's lock if it `moves`, and the conversation's head if it is renamed.
        viewer: Who changes it.
        group_id: The group.
        values: By column, as `clean_changes` gives them.

    Returns:
        Whether it is called otherwise than before.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group, product or parent group that the viewer may see.
        Forbidden: The viewer is neither owner nor admin, of it or of the new parent.
        Conflict: It would stand below itself, too deep, or among too many.
    """
    viewer.require()
    known, role = await enter(tx, viewer, group_id, ["groupId"])
    if role not in MANAGERS:
        raise Forbidden("Only its owner and admins change a group.", field=["groupId"])
    if values.get("product_id") is not None:
        await _require_product(tx, viewer, values["product_id"])
    if values.get("parent_id") not in (None, known["parent_id"]):
        await _enter_parent(tx, viewer, values["parent_id"])
        await check_place(tx, values["parent_id"], moved=group_id, field=_PARENT)
    if not values:
        return False
    await tx.execute(update(Group).where(_G.id == group_id).values(**values))
    changed = {group_id}
    if moves(values):
        changed.update(await enclose(tx, group_id))
        changed |= {known["parent_id"], values.get("parent_id", known["parent_id"])} - {None}
    before = {name: known[name] for name in values}
    await record(tx, viewer, "groupUpdate", "Group", group_id, before=before, after=values)
    for one in sorted(changed):
        await tell(tx, viewer, one, GroupFact.CHANGED)
    return before.get("name") != values.get("name")


def moves(values: Mapping[str, Any]) -> bool:
    """Whether a change is one of the tree, or of what it hides."""
    return not values.keys().isdisjoint({"parent_id", "visibility"})


async def delete_group(tx: AsyncConnection, viewer: Viewer, group_id: UUID) -> None:
    """Take a group away, as its owner or an admin of the system. Its rows and its history stay.

    What stands below it moves to what stands above it. What a private group hid is private from
    then on: a deletion shows nothing to anybody.

    Args:
        tx: Holds the tree's lock and the head of the group's conversation.
        viewer: Who deletes it.
        group_id: The group.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group that the viewer sees.
        Forbidden: The viewer may not.
    """
    viewer.require()
    group, role = await enter(tx, viewer, group_id, ["groupId"])
    if role is not GroupRole.OWNER and viewer.role != "admin":
        raise Forbidden("Only its owner deletes a group.", field=["groupId"])
    children = (
        update(Group)
        .where(_G.parent_id == group_id, _G.deleted_at.is_(None))
        .values(parent_id=group["parent_id"])
    )
    if group["visibility"] is GroupVisibility.PRIVATE:
        children = children.values(visibility=GroupVisibility.PRIVATE)
    moved = (await tx.execute(children.returning(_G.id))).scalars().all()
    now = func.now()
    await tx.execute(update(Group).where(_G.id == group_id).values(deleted_at=now))
    changed = set(moved) | ({group["parent_id"]} - {None})
    for child in moved:
        changed.update(await enclose(tx, child))
    await tx.execute(
        update(GroupInvitation)
        .filter_by(group_id=group_id, answer=None)
        .values(answer=InvitationAnswer.REVOKED, answered_at=now)
    )
    links = update(GroupInvitationLink).filter_by(group_id=group_id, revoked_at=None)
    await tx.execute(links.values(revoked_at=now))
    gone = {name: group[name] for name in ("name", "description", "product_id", "parent_id")}
    await record(tx, viewer, "groupDelete", "Group", group_id, before=gone)
    await tell(tx, viewer, group_id, GroupFact.DELETED)
    for one in sorted(changed):
        await tell(tx, viewer, one, GroupFact.CHANGED)


async def deleted_group(main: Postgres, group_id: UUID) -> GroupRecord:
    """A deleted group, for who has deleted it; an admin of the system sees it nowhere else."""
    (row,) = await main.fetch(_DELETED, group_id=group_id)
    return GroupRecord(*row)


def clean_new_group(new: NewGroup) -> dict[str, Any]:
    """The values of a new group by column, each by its rule: also the body of its client key.

    Raises:
        Invalid, Required, TooLong: A value breaks its rule.
    """
    return {
        "name": _clean_name(new.name),
        "description": _clean_description(new.description),
        "product_id": new.product_id,
        "parent_id": new.parent_id,
        "visibility": new.visibility,
        "join_policy": new.join_policy,
    }


def clean_changes(changes: GroupChanges) -> dict[str, Any]:
    """The values that change by column, each by its rule: also the body of its client key.

    Raises:
        Invalid, Required, TooLong: A value breaks its rule.
    """
    values: dict[str, Any] = {}
    if changes.name is not UNSET:
        values["name"] = _clean_name(changes.name)
    if changes.description is not UNSET:
        values["description"] = _clean_description(changes.description)
    for name in ("product_id", "parent_id", "visibility", "join_policy"):
        if (value := getattr(changes, name)) is not UNSET:
            values[name] = value
    return values


def _clean_name(name: str) -> str:
    return clean_text(name, field=["input", "name"], max_length=MAX_NAME)


def _clean_description(description: str | None) -> str | None:
    if description is None:
        return None
    field = ["input", "description"]
    return clean_text(description, field=field, max_length=MAX_DESCRIPTION, multiline=True)


async def _require_product(tx: AsyncConnection, viewer: Viewer, product_id: str) -> None:
    columns = select(Product.vendor_id, Product.publishing_status, Product.deleted_at)
    present = Product.id == product_id, Product.deleted_at.is_(None)
    row = (await tx.execute(columns.where(*present))).first()
    if row is None or not can_see_product(
        viewer, vendor_id=row.vendor_id, status=row.publishing_status, deleted_at=row.deleted_at
    ):
        raise NotFound("There is no such product.", field=["input", "productId"])


async def _enter_parent(tx: AsyncConnection, viewer: Viewer, parent_id: UUID) -> RowMapping:
    parent, role = await enter(tx, viewer, parent_id, _PARENT)
    if role not in MANAGERS:
        raise Forbidden("Only owner and admins of a group put others below it.", field=_PARENT)
    return parent
