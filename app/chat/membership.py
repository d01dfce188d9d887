"""Groups and their conversations change together: one transaction, and an entry in the log."""

from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.chat.backend import Backend
from app.chat.commands import announce, create_conversation, member_entry
from app.chat.log import LogEntry, group_conversation_id
from app.chat.models import ConversationKind, ConversationMember
from app.chat.postgres_log import lock_head
from app.errors import NotFound
from app.groups import commands as groups
from app.groups.commands import NewGroup, clean_new_group
from app.groups.models import GroupRole
from app.groups.queries import GroupRecord, groups_by_ids
from app.once import once, remember
from app.users.queries import UserRecord, users_by_public_ids
from app.viewer import Viewer


async def create_group(
    backend: Backend, viewer: Viewer, new: NewGroup, *, client_key: str
) -> GroupRecord:
    """Found a group with its conversation.

    Raises:
        Unauthenticated, NotFound, Forbidden, Invalid, Required, TooLong: See
            `app.groups.commands.create_group`.
        ClientKeyReused: The key came before with another group.
    """
    me = viewer.require()
    async with backend.main.begin() as tx:
        done = await once(tx, viewer, "groupCreate", client_key, clean_new_group(new))
        if done is None:
            group_id = (await groups.create_group(tx, viewer, new)).id
            await remember(tx, viewer, "groupCreate", client_key, group_id)
        else:
            group_id = UUID(done)
        values = {
            "id": group_conversation_id(group_id),
            "kind": ConversationKind.GROUP,
            "group_id": group_id,
        }
        entry = await create_conversation(tx, backend, me, values, [me])
    await announce(backend, [entry], [me])
    return await _group(backend, viewer, group_id)


async def add_group_member(
    backend: Backend,
    viewer: Viewer,
    group_id: UUID,
    user: UUID,
    role: GroupRole,
    *,
    client_key: str,
) -> tuple[GroupRecord, UserRecord]:
    """Let a user, by public id, belong to a group and take part in its conversation.

    Raises:
        Unauthenticated, NotFound, Forbidden, Invalid, Conflict: See
            `app.groups.commands.add_member`.
        ClientKeyReused: The key came before for another member.
    """
    member = await _user(backend, viewer, user)
    async with backend.main.begin() as tx:
        entry = await _change(
            tx,
            backend,
            viewer,
            group_id,
            member=member,
            role=role,
            operation="groupMemberAdd",
            key=client_key,
        )
    return await _changed(backend, viewer, group_id, member, entry)


async def remove_group_member(
    backend: Backend, viewer: Viewer, group_id: UUID, user: UUID, *, client_key: str
) -> tuple[GroupRecord, UserRecord]:
    """End a user's membership and their part in the conversation; its log stays.

    Raises:
        Unauthenticated, NotFound, Forbidden, Conflict: See `app.groups.commands.remove_member`.
        ClientKeyReused: The key came before for another member.
    """
    member = await _user(backend, viewer, user)
    async with backend.main.begin() as tx:
        entry = await _change(
            tx,
            backend,
            viewer,
            group_id,
            member=member,
            role=None,
            operation="groupMemberRemove",
            key=client_key,
        )
    return await _changed(backend, viewer, group_id, member, entry)


async def _change(
    tx: AsyncConnection,
    backend: Backend,
    viewer: Viewer,
    group_id: UUID,
    *,
    member: UserRecord,
    role: GroupRole | None,
    operation: str,
    key: str,
) -> LogEntry | None:
    """The entry of a change of members, new or of the same key's first attempt; None for no change.

    A role of None takes the member away.
    """
    me = viewer.require()
    conversation_id = group_conversation_id(group_id)
    occasion = f"{operation}:{me}:{key}"
    done = await once(tx, viewer, operation, key, [group_id, member.id, role])
    if done is None:
        # Sends lock the conversation's head and then the group: so does this, or both would wait.
        await lock_head(tx, conversation_id)
        if role is None:
            changed = await groups.remove_member(tx, viewer, group_id, member.id)
        else:
            changed = await groups.add_member(tx, viewer, group_id, member.id, role)
        await remember(tx, viewer, operation, key, "changed" if changed else "unchanged")
        if not changed:
            return None
    elif done == "unchanged":
        return None
    entry = await backend.chat.append(
        tx,
        member_entry(
            conversation_id,
            me,
            occasion,
            added=[] if role is None else [member.id],
            removed=[member.id] if role is None else [],
        ),
    )
    if done is None:
        await _take_part(tx, entry, member.id, removed=role is None)
    return entry


async def _take_part(tx: AsyncConnection, entry: LogEntry, user_id: int, *, removed: bool) -> None:
    row = ConversationMember
    if removed:
        await tx.execute(
            update(row)
            .where(row.conversation_id == entry.conversation_id, row.user_id == user_id)
            .values(removed_seq=entry.seq)
        )
        return
    joined = {"joined_seq": entry.seq, "removed_seq": None, "joined_at": func.now()}
    await tx.execute(
        insert(row)
        .values(conversation_id=entry.conversation_id, user_id=user_id, **joined)
        .on_conflict_do_update(index_elements=["conversation_id", "user_id"], set_=joined)
    )


async def _changed(
    backend: Backend,
    viewer: Viewer,
    group_id: UUID,
    member: UserRecord,
    entry: LogEntry | None,
) -> tuple[GroupRecord, UserRecord]:
    if entry is not None:
        await announce(backend, [entry], [member.id])
    return await _group(backend, viewer, group_id), member


async def _user(backend: Backend, viewer: Viewer, user: UUID) -> UserRecord:
    viewer.require()
    (found,) = await users_by_public_ids(backend.auth, viewer, [user])
    if found is None:
        raise NotFound("There is no such user.", field=["input", "userId"])
    return found


async def _group(backend: Backend, viewer: Viewer, group_id: UUID) -> GroupRecord:
    (group,) = await groups_by_ids(backend.main, viewer, [group_id])
    if group is None:
        raise NotFound("There is no such group.", field=["groupId"])
    return group
