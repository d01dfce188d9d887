"""Groups and their conversations change together: one transaction, and an entry in each log."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
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
from app.groups import members
from app.groups.commands import NewGroup, clean_new_group
from app.groups.inviting import invitations_channel
from app.groups.members import MemberChange
from app.groups.models import GroupRole
from app.groups.queries import GroupRecord, groups_by_ids
from app.groups.tree import lock_tree, memberships_below
from app.ids import new_id
from app.once import once, remember
from app.users.queries import UserRecord, users_by_ids, users_by_public_ids
from app.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Attempt:
    """A mutation with its client key and its arguments, as `app.once` takes them."""

    operation: str
    client_key: str
    body: object


# Makes a command's change of members in its transaction.
Act = Callable[[AsyncConnection], Awaitable[Sequence[MemberChange]]]


async def create_group(
    backend: Backend, viewer: Viewer, new: NewGroup, *, client_key: str
) -> GroupRecord:
    """Found a group with its conversation.

    Raises:
        Unauthenticated, NotFound, Forbidden, Conflict, Invalid, Required, TooLong: See
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
    (group,) = await groups_by_ids(backend.main, viewer, [group_id])
    if group is None:  # a retry, long after
        raise NotFound("There is no such group.", field=["groupId"])
    return group


async def add_group_member(
    backend: Backend,
    viewer: Viewer,
    group_id: UUID,
    user: UUID,
    role: GroupRole,
    *,
    client_key: str,
) -> tuple[GroupRecord | None, UserRecord]:
    """Let a user, by public id, belong to a group and take part in its conversation.

    Raises:
        Unauthenticated, NotFound, Forbidden, Invalid, Conflict: See
            `app.groups.members.add_member`.
        ClientKeyReused: The key came before for another member.
    """
    member = await _user(backend, viewer, user)
    await change_members(
        backend,
        viewer,
        Attempt("groupMemberAdd", client_key, [group_id, member.id, role]),
        partial(hold_admission, group_id=group_id, user_id=member.id),
        lambda tx: members.add_member(tx, viewer, group_id, member.id, role),
    )
    return await group_now(backend, viewer, group_id), member


async def join_group(
    backend: Backend, viewer: Viewer, group_id: UUID, *, client_key: str
) -> tuple[GroupRecord | None, UserRecord | None]:
    """Become a member of an open group.

    Raises:
        Unauthenticated, NotFound, Forbidden, Conflict: See `app.groups.members.join`.
        ClientKeyReused: The key came before for another group.
    """
    me = viewer.require()
    await change_members(
        backend,
        viewer,
        Attempt("groupJoin", client_key, [group_id]),
        partial(hold_admission, group_id=group_id, user_id=me),
        lambda tx: members.join(tx, viewer, group_id),
    )
    return await group_now(backend, viewer, group_id), await _me(backend, viewer)


async def remove_group_member(
    backend: Backend, viewer: Viewer, group_id: UUID, user: UUID, *, client_key: str
) -> tuple[GroupRecord | None, UserRecord]:
    """End a user's membership, there and in all groups below, and their part in the conversations.

    The logs stay.

    Returns:
        The group, unless the viewer no longer sees it, and the user.

    Raises:
        Unauthenticated, NotFound, Forbidden, Conflict: See `app.groups.members.remove_member`.
        ClientKeyReused: The key came before for another member.
    """
    member = await _user(backend, viewer, user)
    attempt = Attempt("groupMemberRemove", client_key, [group_id, member.id, None])
    await _remove(backend, viewer, attempt, group_id, member.id)
    return await group_now(backend, viewer, group_id), member


async def leave_group(
    backend: Backend, viewer: Viewer, group_id: UUID, *, client_key: str
) -> tuple[GroupRecord | None, UserRecord | None]:
    """End the viewer's own membership; as `remove_group_member`.

    Raises:
        Unauthenticated, NotFound, Conflict: See `app.groups.members.remove_member`.
        ClientKeyReused: The key came before for another group.
    """
    me = viewer.require()
    await _remove(backend, viewer, Attempt("groupLeave", client_key, [group_id]), group_id, me)
    return await group_now(backend, viewer, group_id), await _me(backend, viewer)


async def delete_group(
    backend: Backend, viewer: Viewer, group_id: UUID, *, client_key: str
) -> GroupRecord:
    """Take a group away; whoever belongs to it goes on reading its conversation, which is closed.

    Raises:
        Unauthenticated, NotFound, Forbidden: See `app.groups.commands.delete_group`.
        ClientKeyReused: The key came before for another group.
    """

    async def prepare(tx: AsyncConnection) -> None:
        await lock_tree(tx)
        await _hold_conversation(tx, group_id)

    async def act(tx: AsyncConnection) -> list[MemberChange]:
        await groups.delete_group(tx, viewer, group_id)
        # Nobody comes or goes by it; the entry tells who listens.
        return [MemberChange(group_id)]

    attempt = Attempt("groupDelete", client_key, [group_id])
    await change_members(backend, viewer, attempt, prepare, act)
    return await groups.deleted_group(backend.main, group_id)


async def change_members(
    backend: Backend,
    viewer: Viewer,
    attempt: Attempt,
    prepare: Callable[[AsyncConnection], Awaitable[None]],
    act: Act,
) -> None:
    """Change members and tell it in the conversations' logs, once for each client key.

    A retry tells it again, for the first attempt may have died before it did.

    Args:
        backend: The stores.
        viewer: Who changes them.
        attempt: The mutation.
        prepare: Takes the locks that come before the group's own.
        act: Changes the members.
    """
    me = viewer.require()
    operation, key = attempt.operation, attempt.client_key
    async with backend.main.begin() as tx:
        done = await once(tx, viewer, operation, key, attempt.body)
        if done is None:
            await prepare(tx)
            changes = await act(tx)
            # Not the key itself: when it is forgotten, the log still has what it once led to.
            occasion = f"{operation}:{new_id()}"
            told = " ".join([occasion, *(change.group_id.hex for change in changes)])
            await remember(tx, viewer, operation, key, told)
        else:
            occasion, *groups_told = done.split()
            changes = [MemberChange(UUID(group_id)) for group_id in groups_told]
        entries = [await _tell(tx, backend, me, occasion, change) for change in changes]
    for entry in entries:
        concerned = entry.metadata["added"] + entry.metadata["removed"]
        await announce(backend, [entry], concerned)
        for user_id in entry.metadata["added"]:  # their invitation, if they had one, is accepted
            await backend.bus.publish(invitations_channel(user_id), b"")


async def _tell(
    tx: AsyncConnection, backend: Backend, me: int, occasion: str, change: MemberChange
) -> LogEntry:
    """The entry of a change, new or of the same key's first attempt."""
    conversation_id = group_conversation_id(change.group_id)
    entry = await backend.chat.append(
        tx,
        member_entry(conversation_id, me, occasion, added=change.added, removed=change.removed),
    )
    row = ConversationMember
    for user_id in change.removed:
        await tx.execute(
            update(row)
            .where(row.conversation_id == conversation_id, row.user_id == user_id)
            .values(removed_seq=entry.seq)
        )
    joined = {"joined_seq": entry.seq, "removed_seq": None, "joined_at": func.now()}
    for user_id in change.added:
        await tx.execute(
            insert(row)
            .values(conversation_id=conversation_id, user_id=user_id, **joined)
            .on_conflict_do_update(index_elements=["conversation_id", "user_id"], set_=joined)
        )
    return entry


async def hold_admission(tx: AsyncConnection, *, group_id: UUID, user_id: int) -> None:
    """Take the locks that come before a group's own when somebody joins it."""
    await members.hold_enclosing(tx, group_id, user_id)
    await _hold_conversation(tx, group_id)


async def _hold_conversation(tx: AsyncConnection, group_id: UUID) -> None:
    # Sends lock the head and then the group: so does everything else, or both would wait.
    await lock_head(tx, group_conversation_id(group_id))


async def _remove(
    backend: Backend,
    viewer: Viewer,
    attempt: Attempt,
    group_id: UUID,
    user_id: int,
) -> None:
    async def prepare(tx: AsyncConnection) -> None:
        await lock_tree(tx, shared=True)
        await _hold_conversation(tx, group_id)

    async def act(tx: AsyncConnection) -> list[MemberChange]:
        changes = await members.remove_member(tx, viewer, group_id, user_id)
        # Again until there are none: somebody may have joined one while another was waited for.
        while changes and (below := await memberships_below(tx, group_id, user_id)):
            for channel_id in below:
                await _hold_conversation(tx, channel_id)
                changes += await members.end_membership(
                    tx, viewer, channel_id, user_id, left=group_id
                )
        return changes

    await change_members(backend, viewer, attempt, prepare, act)


async def _user(backend: Backend, viewer: Viewer, user: UUID) -> UserRecord:
    viewer.require()
    (found,) = await users_by_public_ids(backend.auth, viewer, [user])
    if found is None:
        raise NotFound("There is no such user.", field=["input", "userId"])
    return found


async def _me(backend: Backend, viewer: Viewer) -> UserRecord | None:
    (found,) = await users_by_ids(backend.auth, viewer, [viewer.require()])
    return found


async def group_now(backend: Backend, viewer: Viewer, group_id: UUID) -> GroupRecord | None:
    """The group as it is now; None if the viewer no longer sees it."""
    (group,) = await groups_by_ids(backend.main, viewer, [group_id])
    return group
