"""An erased user leaves every group; what they owned goes to whoever has been there longest.

Whoever has a conversation with them open is told to fetch it anew: its log has no entry for each of
their messages.
"""

from uuid import UUID

from sqlalchemy import case, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.chat.commands import announce, member_entry
from app.chat.log import LogEntry, group_conversation_id
from app.chat.models import ConversationMember
from app.chat.postgres_log import lock_head
from app.groups.commands import delete_group
from app.groups.facts import GroupFact, tell
from app.groups.models import Group, GroupMember, GroupRole
from app.groups.tree import lock_tree
from app.personal.erased import Erased, Stores
from app.users.models import UserRole
from app.viewer import Viewer

_OPERATION = "accountErase"
_M = GroupMember.__table__.c


async def leave_groups(stores: Stores, erased: Erased) -> None:
    """End a user's memberships, one group at a time.

    A group of theirs gets another owner: the admin, or else the member, who has been in it
    longest. Without one it is closed, and what it says of itself is taken away.

    Raises:
        StoreUnavailable: A store does not answer; a repetition goes on from there.
    """
    me = erased.user_id
    async with stores.main.begin() as tx:
        mine = select(_M.group_id).where(_M.user_id == me)
        groups = list(await tx.scalars(mine.order_by(_M.group_id)))
    for group_id in groups:
        async with stores.main.begin() as tx:
            entry = await _leave(tx, stores, group_id, erased)
        await announce(stores, [entry], [me])


async def tell_conversations(stores: Stores, erased: Erased) -> None:
    """Add to each log in which the user may have spoken that what they said is gone.

    Raises:
        StoreUnavailable: A store does not answer; a repetition goes on from there.
    """
    me, part = erased.user_id, ConversationMember
    async with stores.main.begin() as tx:
        theirs = select(part.conversation_id).where(part.user_id == me)
        talks = list(await tx.scalars(theirs.order_by(part.conversation_id)))
    for conversation_id in talks:
        told = member_entry(conversation_id, me, f"{_OPERATION}:{me}:told")
        told.metadata["erased"] = True
        async with stores.main.begin() as tx:
            entry = await stores.chat.append(tx, told)
        await announce(stores, [entry], [])


async def _leave(tx: AsyncConnection, stores: Stores, group_id: UUID, erased: Erased) -> LogEntry:
    me, conversation_id = erased.user_id, group_conversation_id(group_id)
    # In the order of every change of members: the tree, the conversation's head, the group.
    await lock_tree(tx)
    await lock_head(tx, conversation_id)
    locked = select(Group.owner_id, Group.deleted_at).where(Group.id == group_id)
    group = (await tx.execute(locked.with_for_update(key_share=True))).one()
    heir = await _heir(tx, group_id, me)
    if group.owner_id == me and heir is None:
        # First, or the audit of its end would have them.
        nothing = {"name": "Deleted group", "description": None}
        await tx.execute(update(Group).where(Group.id == group_id).values(nothing))
        if group.deleted_at is None:
            await delete_group(tx, Viewer(me, erased.public_id, UserRole.USER), group_id)
    left = delete(GroupMember).where(_M.group_id == group_id, _M.user_id == me)
    role = await tx.scalar(left.returning(_M.role))
    await tell(tx, None, group_id, GroupFact.MEMBER_LEFT, me)
    after = {}
    if group.owner_id == me and heir is not None:
        await tx.execute(update(Group).where(Group.id == group_id).values(owner_id=heir))
        promoted = update(GroupMember).where(_M.group_id == group_id, _M.user_id == heir)
        await tx.execute(promoted.values(role=GroupRole.OWNER))
        after = {str(heir): GroupRole.OWNER}
        await tell(tx, None, group_id, GroupFact.MEMBER_CHANGED, heir)
        await tell(tx, None, group_id, GroupFact.CHANGED)
    await record(
        tx,
        None,
        _OPERATION,
        "Group",
        group_id,
        before={"members": {str(me): role}},
        after={"members": after},
    )
    entry = await stores.chat.append(
        tx, member_entry(conversation_id, me, f"{_OPERATION}:{me}", removed=[me])
    )
    part = ConversationMember
    await tx.execute(
        update(part)
        .where(part.conversation_id == conversation_id, part.user_id == me)
        .values(removed_seq=entry.seq)
    )
    return entry


async def _heir(tx: AsyncConnection, group_id: UUID, me: int) -> int | None:
    rank = case((_M.role == GroupRole.ADMIN, 0), else_=1)
    heirs = select(_M.user_id).where(_M.group_id == group_id, _M.user_id != me)
    return await tx.scalar(heirs.order_by(rank, _M.joined_at, _M.user_id).limit(1))
