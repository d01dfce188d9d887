"""What may be done with a group and its members.

Members change in the caller's transaction, for the group's conversation changes with them.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.groups.models import Group, GroupMember, GroupRole
from app.groups.queries import COLUMNS, GroupRecord, groups_by_ids
from app.ids import new_id
from app.once import once, remember
from app.products.models import Product
from app.products.queries import can_see_product
from app.stores.postgres import Postgres
from app.text import clean_text
from app.viewer import Viewer

MAX_NAME = 120  # characters
MAX_DESCRIPTION = 2_000
MAX_MEMBERS = 1_000

_MANAGERS = frozenset({GroupRole.OWNER, GroupRole.ADMIN})
_G = Group.__table__.c
_M = GroupMember.__table__.c


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


@dataclass(frozen=True, slots=True)
class GroupChanges:
    """What is to change."""

    name: str | Literal[Unset.UNSET] = UNSET
    description: str | Literal[Unset.UNSET] | None = UNSET
    product_id: str | Literal[Unset.UNSET] | None = UNSET


async def create_group(tx: AsyncConnection, viewer: Viewer, new: NewGroup) -> GroupRecord:
    """Found a group, whose owner and first member is the viewer.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such product that the viewer may see, or no such parent group.
        Forbidden: The viewer is neither owner nor admin of the parent group.
        Invalid, Required, TooLong: A value breaks its rule.
    """
    owner_id = viewer.require()
    values = clean_new_group(new)
    if new.product_id is not None:
        await _require_product(tx, viewer, new.product_id)
    if new.parent_id is not None:
        field = ["input", "parentId"]
        await _lock(tx, new.parent_id, field)
        if await _role(tx, new.parent_id, owner_id) not in _MANAGERS:
            raise Forbidden("Only owner and admins of a group put others below it.", field=field)
    statement = insert(Group).values(id=new_id(), owner_id=owner_id, **values).returning(*COLUMNS)
    group = GroupRecord(*(await tx.execute(statement)).one())
    await tx.execute(
        insert(GroupMember).values(group_id=group.id, user_id=owner_id, role=GroupRole.OWNER)
    )
    await record(tx, viewer, "groupCreate", "Group", group.id, after=values)
    return group


async def update_group(
    main: Postgres, viewer: Viewer, group_id: UUID, changes: GroupChanges, *, client_key: str
) -> GroupRecord:
    """Change what a group says of itself, as its owner or one of its admins.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group, or no such product that the viewer may see.
        Forbidden: The viewer is neither owner nor admin.
        Invalid, Required, TooLong: A value breaks its rule.
        ClientKeyReused: The key came before with other changes.
    """
    user_id = viewer.require()
    values = _clean_changes(changes)
    async with main.begin() as tx:
        body = [group_id, values]
        if await once(tx, viewer, "groupUpdate", client_key, body) is None:
            known = await _lock(tx, group_id, ["id"])
            if await _role(tx, group_id, user_id) not in _MANAGERS:
                raise Forbidden("Only its owner and admins change a group.", field=["id"])
            if values.get("product_id") is not None:
                await _require_product(tx, viewer, values["product_id"])
            if values:
                await tx.execute(update(Group).where(_G.id == group_id).values(**values))
                before = {name: known[name] for name in values}
                await record(
                    tx, viewer, "groupUpdate", "Group", group_id, before=before, after=values
                )
            await remember(tx, viewer, "groupUpdate", client_key, group_id)
    group = (await groups_by_ids(main, viewer, [group_id]))[0]
    if group is None:  # a retry, long after
        raise _no_group(["id"])
    return group


async def add_member(
    tx: AsyncConnection, viewer: Viewer, group_id: UUID, user_id: int, role: GroupRole
) -> bool:
    """Let a user belong to a group; the owner may give a member another role by it.

    Args:
        tx: The transaction of which this is a part; the group's row stays locked until its end.
        viewer: Owner or admin of the group.
        group_id: The group.
        user_id: An account that exists, which the caller has checked.
        role: Admin or member.

    Returns:
        Whether they are new to the group.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group.
        Forbidden: The viewer is neither owner nor admin, or an admin who gives a role.
        Invalid: The role of owner, which is not given away.
        Conflict: The group is full, or the user is its owner.
    """
    viewer_id = viewer.require()
    if role is GroupRole.OWNER:
        raise Invalid("A group has one owner: its founder.", field=["input", "role"])
    await _lock(tx, group_id, ["groupId"])
    own_role = await _role(tx, group_id, viewer_id)
    if own_role not in _MANAGERS:
        raise Forbidden("Only a group's owner and admins add members.", field=["groupId"])
    known_role = await _role(tx, group_id, user_id)
    if known_role is role:
        return False
    if known_role is GroupRole.OWNER:
        raise Conflict("A group's owner stays its owner.", field=["input", "userId"])
    if own_role is not GroupRole.OWNER and (known_role is not None or role is GroupRole.ADMIN):
        raise Forbidden("Only a group's owner gives roles.", field=["input", "role"])
    if known_role is not None:
        await tx.execute(
            update(GroupMember).where(*_is_member(group_id, user_id)).values(role=role)
        )
        await _note_member(tx, viewer, group_id, user_id, before=known_role, after=role)
        return False
    count = select(func.count()).where(_M.group_id == group_id)
    if (await tx.execute(count)).scalar_one() >= MAX_MEMBERS:
        raise Conflict(f"A group has at most {MAX_MEMBERS:,} members.", field=["groupId"])
    await tx.execute(insert(GroupMember).values(group_id=group_id, user_id=user_id, role=role))
    await _note_member(tx, viewer, group_id, user_id, before=None, after=role)
    return True


async def remove_member(tx: AsyncConnection, viewer: Viewer, group_id: UUID, user_id: int) -> bool:
    """End a membership: somebody else's as owner or admin, one's own as anybody but the owner.

    Args:
        tx: The transaction of which this is a part; the group's row stays locked until its end.
        viewer: Who removes.
        group_id: The group.
        user_id: Who is to go.

    Returns:
        Whether they belonged to the group.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group.
        Forbidden: The viewer is neither they, owner nor admin; or an admin removes an admin.
        Conflict: They own the group.
    """
    viewer_id = viewer.require()
    await _lock(tx, group_id, ["groupId"])
    own_role = await _role(tx, group_id, viewer_id)
    is_self = user_id == viewer_id
    if not is_self and own_role not in _MANAGERS:
        raise Forbidden("Only a group's owner and admins remove others.", field=["groupId"])
    known_role = own_role if is_self else await _role(tx, group_id, user_id)
    if known_role is None:
        return False
    field = ["input", "userId"]
    if known_role is GroupRole.OWNER:
        raise Conflict("A group's owner cannot leave it.", field=field)
    if known_role is GroupRole.ADMIN and not is_self and own_role is not GroupRole.OWNER:
        raise Forbidden("Only a group's owner removes admins.", field=field)
    await tx.execute(delete(GroupMember).where(*_is_member(group_id, user_id)))
    await _note_member(tx, viewer, group_id, user_id, before=known_role, after=None)
    return True


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
    }


def _clean_changes(changes: GroupChanges) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if changes.name is not UNSET:
        values["name"] = _clean_name(changes.name)
    if changes.description is not UNSET:
        values["description"] = _clean_description(changes.description)
    if changes.product_id is not UNSET:
        values["product_id"] = changes.product_id
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


async def _lock(tx: AsyncConnection, group_id: UUID, field: list[str]) -> RowMapping:
    # FOR NO KEY UPDATE: messages that name the group by foreign key need not wait.
    statement = select(*_G).where(_G.id == group_id, _G.deleted_at.is_(None))
    found = (await tx.execute(statement.with_for_update(key_share=True))).mappings().first()
    if found is None:
        raise _no_group(field)
    return found


async def _note_member(
    tx: AsyncConnection,
    viewer: Viewer,
    group_id: UUID,
    user_id: int,
    *,
    before: GroupRole | None,
    after: GroupRole | None,
) -> None:
    """Note that a membership was made, changed or, after being some role, ended."""
    old, new = (
        None if role is None else {"members": {str(user_id): role}} for role in (before, after)
    )
    action = "groupMemberRemove" if after is None else "groupMemberAdd"
    await record(tx, viewer, action, "Group", group_id, before=old, after=new)


async def _role(tx: AsyncConnection, group_id: UUID, user_id: int) -> GroupRole | None:
    statement = select(GroupMember.role).where(*_is_member(group_id, user_id))
    return (await tx.execute(statement)).scalar()


def _is_member(group_id: UUID, user_id: int) -> tuple[Any, Any]:
    return _M.group_id == group_id, _M.user_id == user_id


def _no_group(field: list[str]) -> NotFound:
    return NotFound("There is no such group.", field=field)
