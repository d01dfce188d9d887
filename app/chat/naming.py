"""A group's name is its conversation's title: the log says when it is another one."""

from uuid import UUID

from app.chat.backend import Backend
from app.chat.events import publish_entry
from app.chat.log import LogEntry, group_conversation_id
from app.chat.models import EntryKind
from app.chat.postgres_changes import entry_in
from app.chat.postgres_log import lock_head
from app.errors import NotFound
from app.groups.commands import GroupChanges, clean_changes, moves
from app.groups.commands import update_group as change_group
from app.groups.queries import GroupRecord, groups_by_ids
from app.groups.tree import lock_tree
from app.ids import new_id
from app.once import once, remember
from app.viewer import Viewer

_OPERATION = "groupUpdate"
_SAME_NAME = "same name"


async def update_group(
    backend: Backend, viewer: Viewer, group_id: UUID, changes: GroupChanges, *, client_key: str
) -> GroupRecord:
    """Change a group, and tell who takes part in its conversation of another name.

    Raises:
        Unauthenticated, NotFound, Forbidden, Conflict, Invalid, Required, TooLong: See
            `app.groups.commands.update_group` and `clean_changes`.
        ClientKeyReused: The key came before with other changes.
        StoreUnavailable: Not acknowledged; retry with the same key.
    """
    viewer.require()
    values = clean_changes(changes)
    async with backend.main.begin() as tx:
        done = await once(tx, viewer, _OPERATION, client_key, [group_id, values])
        entry = None
        if done is None:
            if moves(values):
                await lock_tree(tx)
            if "name" in values:
                await lock_head(tx, group_conversation_id(group_id))
            if await change_group(tx, viewer, group_id, values):
                renamed = _entry(viewer, group_id, values["name"], client_key)
                entry = await backend.chat.append(tx, renamed)
            result = _SAME_NAME if entry is None else entry.id
            await remember(tx, viewer, _OPERATION, client_key, result)
        elif done != _SAME_NAME:
            entry = await entry_in(tx, UUID(done))
    if entry is not None:
        await backend.chat.publish([entry])
        await publish_entry(backend.bus, entry)
    (group,) = await groups_by_ids(backend.main, viewer, [group_id])
    if group is None:  # a retry, long after
        raise NotFound("There is no such group.", field=["groupId"])
    return group


def _entry(viewer: Viewer, group_id: UUID, name: str, client_key: str) -> LogEntry:
    return LogEntry(
        new_id(),
        group_conversation_id(group_id),
        EntryKind.DETAILS,
        viewer.require(),
        client_key=client_key,
        metadata={"title": name},
    )
