"""Who belongs to a group: adding, joining, removing, roles.

Members change in the caller's transaction, for the groups' conversations change with them. Whoever
leaves a group leaves all that stand below it.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.errors import Conflict, Forbidden, Invalid
from app.groups.access import MANAGERS, enter, is_member, lock_group, role_in
from app.groups.facts import GroupFact, tell
from app.groups.models import (
    Group,
    GroupInvitation,
    GroupMember,
    GroupRole,
    GroupVisibility,
    InvitationAnswer,
    JoinPolicy,
)
from app.viewer import Viewer

MAX_MEMBERS = 1_000

_G = Group.__table__.c


@dataclass(frozen=True, slots=True)
class MemberChange:
    """Who joined and who left a group: one entry of its conversation's log."""

    group_id: UUID
    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()


async def add_member(
    tx: AsyncConnection, viewer: Viewer, group_id: UUID, user_id: int, role: GroupRole
) -> list[MemberChange]:
    """Let a user belong to a group; the owner may give a member another role by it.

    Args:
        tx: The transaction of which this is a part; the group's row stays locked until its end.
        viewer: Owner or admin of the group.
        group_id: The group.
        user_id: An account that exists, which the caller has checked.
        role: Admin or member.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group that the viewer sees.
        Forbidden: The viewer is neither owner nor admin, or an admin who gives a role.
        Invalid: The role of owner, which is transferred.
        Conflict: The group is full, the user is its owner, or does not belong to the private
            group above.
    """
    viewer.require()
    if role is GroupRole.OWNER:
        field = ["input", "role"]
        raise Invalid("A group has one owner; they may transfer the ownership.", field=field)
    group, own_role = await enter(tx, viewer, group_id, ["groupId"])
    if own_role not in MANAGERS:
        raise Forbidden("Only a group's owner and admins add members.", field=["groupId"])
    known_role = await role_in(tx, group_id, user_id)
    if known_role is role:
        return []
    if known_role is GroupRole.OWNER:
        raise Conflict("A group's owner stays its owner.", field=["input", "userId"])
    if own_role is not GroupRole.OWNER and (known_role is not None or role is GroupRole.ADMIN):
        raise Forbidden("Only a group's owner gives roles.", field=["input", "role"])
    if known_role is None:
        return [await admit(tx, viewer, group, user_id, role, field=["input", "userId"])]
    await set_role(tx, viewer, group_id, user_id, role)
    await _note(
        tx, viewer, "groupMemberAdd", group_id, before={user_id: known_role}, after={user_id: role}
    )
    return []


async def join(tx: AsyncConnection, viewer: Viewer, group_id: UUID) -> list[MemberChange]:
    """Become a member of an open group.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group that the viewer sees.
        Forbidden: The group is private, or takes members by invitation.
        Conflict: The group is full.
    """
    me = viewer.require()
    group, role = await enter(tx, viewer, group_id, ["groupId"])
    if role is not None:
        return []
    is_public = group["visibility"] is GroupVisibility.PUBLIC
    if not is_public or group["join_policy"] is not JoinPolicy.OPEN:
        raise Forbidden("One joins this group by invitation.", field=["groupId"])
    return [await admit(tx, viewer, group, me, GroupRole.MEMBER, field=["groupId"])]


async def hold_enclosing(tx: AsyncConnection, group_id: UUID, user_id: int) -> UUID | None:
    """Keep a user's membership of the private group above a group from ending, if there is one.

    To be called before the group's row is locked: whoever leaves is removed from the top down.

    Returns:
        The private group that the user does not belong to, and would have to; None if none.
    """
    enclosing = select(_G.enclosing_id).where(_G.id == group_id)
    enclosing_id: UUID | None = (await tx.execute(enclosing)).scalar()
    if enclosing_id is None:
        return None
    row = select(GroupMember.user_id).where(*is_member(enclosing_id, user_id))
    held = (await tx.execute(row.with_for_update(read=True, key_share=True))).scalar()
    return enclosing_id if held is None else None


async def admit(
    tx: AsyncConnection,
    viewer: Viewer,
    group: RowMapping,
    user_id: int,
    role: GroupRole,
    *,
    field: list[str],
) -> MemberChange:
    """Make somebody a member who is none, however they came; an open invitation is accepted by it.

    Args:
        tx: Holds the group's lock.
        viewer: By whom they come.
        group: Its row.
        user_id: Who comes.
        role: Admin or member.
        field: The argument at fault.

    Raises:
        Conflict: The group is full, or they do not belong to the private group above.
    """
    group_id = group["id"]
    if await hold_enclosing(tx, group_id, user_id) is not None:
        message = "Whoever joins must belong to the private group above it first."
        raise Conflict(message, field=field)
    count = select(func.count()).where(GroupMember.group_id == group_id)
    if (await tx.execute(count)).scalar_one() >= MAX_MEMBERS:
        raise Conflict(f"A group has at most {MAX_MEMBERS:,} members.", field=["groupId"])
    await tx.execute(insert(GroupMember).values(group_id=group_id, user_id=user_id, role=role))
    accepted = (
        update(GroupInvitation)
        .filter_by(group_id=group_id, user_id=user_id, answer=None)
        .values(answer=InvitationAnswer.ACCEPTED, answered_at=func.now())
    )
    for invitation_id in await tx.scalars(accepted.returning(GroupInvitation.id)):
        await tell(tx, viewer, group_id, GroupFact.INVITATION_CHANGED, invitation_id)
    await _note(tx, viewer, "groupMemberAdd", group_id, before={}, after={user_id: role})
    await tell(tx, viewer, group_id, GroupFact.MEMBER_JOINED, user_id)
    return MemberChange(group_id, added=(user_id,))


async def remove_member(
    tx: AsyncConnection, viewer: Viewer, group_id: UUID, user_id: int
) -> list[MemberChange]:
    """End a membership: somebody else's as owner or admin, one's own as anybody but the owner.

    Those of groups below are ended by `end_membership`, once each of their conversations is held.

    Args:
        tx: The transaction of which this is a part; the group's row stays locked until its end.
        viewer: Who removes.
        group_id: The group.
        user_id: Who is to go.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group that the viewer sees.
        Forbidden: The viewer is neither they, owner nor admin; or an admin removes an admin.
        Conflict: They own the group.
    """
    viewer_id = viewer.require()
    _, own_role = await enter(tx, viewer, group_id, ["groupId"])
    is_self = user_id == viewer_id
    if not is_self and own_role not in MANAGERS:
        raise Forbidden("Only a group's owner and admins remove others.", field=["groupId"])
    known_role = own_role if is_self else await role_in(tx, group_id, user_id)
    if known_role is None:
        return []
    field = ["input", "userId"]
    if known_role is GroupRole.OWNER:
        message = "A group's owner cannot leave it before transferring the ownership."
        raise Conflict(message, field=field)
    if known_role is GroupRole.ADMIN and not is_self and own_role is not GroupRole.OWNER:
        raise Forbidden("Only a group's owner removes admins.", field=field)
    await tx.execute(delete(GroupMember).where(*is_member(group_id, user_id)))
    await _note(tx, viewer, "groupMemberRemove", group_id, before={user_id: known_role}, after={})
    await tell(tx, viewer, group_id, GroupFact.MEMBER_LEFT, user_id)
    return [MemberChange(group_id, removed=(user_id,))]


async def end_membership(
    tx: AsyncConnection, viewer: Viewer, group_id: UUID, user_id: int, *, left: UUID
) -> list[MemberChange]:
    """End a membership of a group that stands below one that the user has left.

    If they own it, it passes to the owner of the group that they left.

    Raises:
        NotFound: The group was deleted.
    """
    await lock_group(tx, group_id, ["groupId"])
    role = await role_in(tx, group_id, user_id)
    if role is None:
        return []
    await tx.execute(delete(GroupMember).where(*is_member(group_id, user_id)))
    await tell(tx, viewer, group_id, GroupFact.MEMBER_LEFT, user_id)
    if role is not GroupRole.OWNER:
        await _note(tx, viewer, "groupMemberRemove", group_id, before={user_id: role}, after={})
        return [MemberChange(group_id, removed=(user_id,))]
    heir = (await tx.execute(select(_G.owner_id).where(_G.id == left))).scalar_one()
    is_new = await role_in(tx, group_id, heir) is None
    owner = upsert(GroupMember).values(group_id=group_id, user_id=heir, role=GroupRole.OWNER)
    keys = ["group_id", "user_id"]
    await tx.execute(
        owner.on_conflict_do_update(index_elements=keys, set_={"role": GroupRole.OWNER})
    )
    await tx.execute(update(Group).where(_G.id == group_id).values(owner_id=heir))
    await _note(
        tx, viewer, "groupMemberRemove", group_id, before={user_id: role}, after={heir: role}
    )
    became = GroupFact.MEMBER_JOINED if is_new else GroupFact.MEMBER_CHANGED
    await tell(tx, viewer, group_id, became, heir)
    await tell(tx, viewer, group_id, GroupFact.CHANGED)
    return [MemberChange(group_id, added=(heir,) if is_new else (), removed=(user_id,))]


async def set_role(
    tx: AsyncConnection, viewer: Viewer, group_id: UUID, user_id: int, role: GroupRole
) -> None:
    """Give a member another role."""
    await tx.execute(update(GroupMember).where(*is_member(group_id, user_id)).values(role=role))
    await tell(tx, viewer, group_id, GroupFact.MEMBER_CHANGED, user_id)


async def _note(
    tx: AsyncConnection,
    viewer: Viewer,
    action: str,
    group_id: UUID,
    *,
    before: dict[int, GroupRole],
    after: dict[int, GroupRole],
) -> None:
    """Note who was what in a group, and is what; nobody where they do not belong to it."""
    old, new = (
        {"members": {str(user): role for user, role in roles.items()}} if roles else None
        for roles in (before, after)
    )
    await record(tx, viewer, action, "Group", group_id, before=old, after=new)
