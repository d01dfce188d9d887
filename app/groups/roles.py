"""Who may do what in a group: another role, another owner. There is one owner at any time."""

from uuid import UUID

from sqlalchemy import RowMapping, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.groups.access import enter, role_in
from app.groups.facts import GroupFact, tell
from app.groups.members import set_role
from app.groups.models import Group, GroupRole
from app.groups.queries import GroupRecord, groups_by_ids
from app.once import once, remember
from app.stores.postgres import Postgres
from app.users.queries import UserRecord, users_by_public_ids
from app.viewer import Viewer

_USER = ["input", "userId"]


async def change_role(
    main: Postgres,
    auth: Postgres,
    viewer: Viewer,
    group_id: UUID,
    *,
    user: UUID,
    role: GroupRole,
    client_key: str,
) -> tuple[GroupRecord | None, UserRecord]:
    """Make a member an admin, or an admin a member again, as the owner.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group that the viewer sees, or no such member.
        Forbidden: The viewer does not own the group.
        Invalid: The role of owner, which is transferred.
        Conflict: The member is the owner.
        ClientKeyReused: The key came before with something else.
    """
    viewer.require()
    if role is GroupRole.OWNER:
        raise Invalid("The ownership of a group is transferred.", field=["input", "role"])
    member = await _user(auth, viewer, user)
    async with main.begin() as tx:
        body = [group_id, member.id, role]
        if await once(tx, viewer, "groupMemberRoleChange", client_key, body) is None:
            _, own_role = await enter(tx, viewer, group_id, ["groupId"])
            if own_role is not GroupRole.OWNER:
                raise Forbidden("Only a group's owner gives roles.", field=["groupId"])
            known = await _require_member(tx, group_id, member)
            if known is GroupRole.OWNER:
                raise Conflict("A group's owner stays its owner.", field=_USER)
            await set_role(tx, viewer, group_id, member.id, role)
            await record(
                tx,
                viewer,
                "groupMemberRoleChange",
                "Group",
                group_id,
                before={"members": {str(member.id): known}},
                after={"members": {str(member.id): role}},
            )
            await remember(tx, viewer, "groupMemberRoleChange", client_key, group_id)
    return (await groups_by_ids(main, viewer, [group_id]))[0], member


async def transfer_ownership(
    main: Postgres, auth: Postgres, viewer: Viewer, group_id: UUID, *, user: UUID, client_key: str
) -> tuple[GroupRecord | None, UserRecord]:
    """Make a member the owner, as the owner, who is an admin from then on.

    An admin of the system may do it for a group whose owner is gone.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group that the viewer sees, or no such member.
        Forbidden: The viewer does not own the group.
        ClientKeyReused: The key came before with something else.
    """
    viewer.require()
    member = await _user(auth, viewer, user)
    async with main.begin() as tx:
        body = [group_id, member.id]
        if await once(tx, viewer, "groupOwnershipTransfer", client_key, body) is None:
            group, own_role = await enter(tx, viewer, group_id, ["groupId"])
            if own_role is not GroupRole.OWNER and viewer.role != "admin":
                raise Forbidden("Only its owner transfers a group.", field=["groupId"])
            known = await _require_member(tx, group_id, member)
            if known is not GroupRole.OWNER:
                await _pass_on(tx, viewer, group, member.id, known)
            await remember(tx, viewer, "groupOwnershipTransfer", client_key, group_id)
    return (await groups_by_ids(main, viewer, [group_id]))[0], member


async def _pass_on(
    tx: AsyncConnection, viewer: Viewer, group: RowMapping, heir: int, known: GroupRole
) -> None:
    group_id, owner = group["id"], group["owner_id"]
    # In this order: the index lets a group have one owner at a time.
    await set_role(tx, viewer, group_id, owner, GroupRole.ADMIN)
    await set_role(tx, viewer, group_id, heir, GroupRole.OWNER)
    await tx.execute(update(Group).where(Group.id == group_id).values(owner_id=heir))
    before = {"members": {str(owner): GroupRole.OWNER, str(heir): known}}
    after = {"members": {str(owner): GroupRole.ADMIN, str(heir): GroupRole.OWNER}}
    await record(
        tx, viewer, "groupOwnershipTransfer", "Group", group_id, before=before, after=after
    )
    await tell(tx, viewer, group_id, GroupFact.CHANGED)


async def _require_member(tx: AsyncConnection, group_id: UUID, user: UserRecord) -> GroupRole:
    role = await role_in(tx, group_id, user.id)
    if role is None:
        raise NotFound("There is no such member.", field=_USER)
    return role


async def _user(auth: Postgres, viewer: Viewer, user: UUID) -> UserRecord:
    (found,) = await users_by_public_ids(auth, viewer, [user])
    if found is None:
        raise NotFound("There is no such user.", field=_USER)
    return found
