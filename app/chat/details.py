"""What a conversation says of itself: everybody's, and so an entry of its log."""

from dataclasses import dataclass, fields
from typing import Any, Literal
from uuid import UUID

import orjson
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.chat.backend import Backend
from app.chat.commands import MAX_TITLE
from app.chat.content import leads
from app.chat.events import publish_entry
from app.chat.log import ConversationRecord, LogEntry
from app.chat.metadata import clean_metadata
from app.chat.models import Conversation, ConversationKind, EntryKind
from app.chat.postgres_changes import entry_in
from app.chat.postgres_log import lock_head
from app.chat.queries import conversations_by_ids
from app.chat.tags import clean_tags
from app.errors import Forbidden, Invalid, NotFound
from app.groups.commands import UNSET, Unset
from app.ids import new_id
from app.once import once, remember
from app.text import clean_text
from app.viewer import Viewer

MAX_SUMMARY = 2_000  # characters

_OPERATION = "conversationUpdate"
_UNCHANGED = "unchanged"
_C = Conversation.__table__.c


@dataclass(frozen=True, slots=True)
class DetailsChanges:
    """What is to change; the fields are the columns."""

    title: str | Literal[Unset.UNSET] | None = UNSET
    summary: str | Literal[Unset.UNSET] | None = UNSET
    tags: list[str] | Literal[Unset.UNSET] = UNSET
    context: object = UNSET
    metadata: object = UNSET


async def update_details(
    backend: Backend,
    viewer: Viewer,
    conversation_id: UUID,
    changes: DetailsChanges,
    *,
    client_key: str,
) -> ConversationRecord:
    """Change what a conversation says of itself, as one of the two, its user, or who leads it.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such conversation, or the viewer does not take part in it.
        Forbidden: It is a group's, and the viewer is neither owner nor admin.
        Invalid, Required, TooLong: A value breaks its rule; a group's title is the group's name.
        ClientKeyReused: The key came before with other changes.
        StoreUnavailable: Not acknowledged; retry with the same key.
    """
    conversation = await _visible(backend, viewer, conversation_id)
    if not await leads(backend, viewer, conversation):
        raise Forbidden(
            "Owners and admins of the group describe its conversation.", field=["conversationId"]
        )
    values = _clean(changes, conversation)
    async with backend.main.begin() as tx:
        done = await once(tx, viewer, _OPERATION, client_key, [conversation_id, values])
        if done is None:
            change = _entry(viewer, conversation_id, values, client_key)
            led = conversation.group_id is not None
            entry = await _make(tx, backend, viewer, change, audited=led)
            result = _UNCHANGED if entry is None else entry.id
            await remember(tx, viewer, _OPERATION, client_key, result)
        else:
            entry = None if done == _UNCHANGED else await entry_in(tx, UUID(done))
    if entry is not None:
        await backend.chat.publish([entry])
        await publish_entry(backend.bus, entry)
    return await _visible(backend, viewer, conversation_id)


async def _visible(backend: Backend, viewer: Viewer, conversation_id: UUID) -> ConversationRecord:
    viewer.require()
    (conversation,) = await conversations_by_ids(backend.chat, viewer, [conversation_id])
    if conversation is None:
        raise NotFound("There is no such conversation.", field=["conversationId"])
    return conversation


def _clean(changes: DetailsChanges, conversation: ConversationRecord) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for changed in fields(changes):
        value, field = getattr(changes, changed.name), ["input", changed.name]
        if value is UNSET:
            continue
        match changed.name:
            case "title" if conversation.kind is ConversationKind.GROUP:
                raise Invalid(
                    "A group's conversation is called what the group is; change the group's name.",
                    field=field,
                )
            case "title" if value is not None:
                value = clean_text(value, field=field, max_length=MAX_TITLE)
            case "summary" if value is not None:
                value = clean_text(value, field=field, max_length=MAX_SUMMARY, multiline=True)
            case "tags":
                value = clean_tags(value, field=field)
            case "context" | "metadata":
                value = clean_metadata(value, field=field)
        values[changed.name] = value
    return values


def _entry(
    viewer: Viewer, conversation_id: UUID, values: dict[str, Any], client_key: str
) -> LogEntry:
    return LogEntry(
        new_id(),
        conversation_id,
        EntryKind.DETAILS,
        viewer.require(),
        client_key=client_key,
        metadata=values,
    )


async def _make(
    tx: AsyncConnection, backend: Backend, viewer: Viewer, change: LogEntry, *, audited: bool
) -> LogEntry | None:
    """Append what is different then, and let the row say so; None where nothing is different."""
    key, wanted = change.conversation_id, change.metadata
    await lock_head(tx, key)
    columns = [_C[name] for name in wanted]
    row = (await tx.execute(select(_C.id, *columns).where(_C.id == key))).mappings().one()
    known = {name: row[name] for name in wanted}
    change.metadata = {n: v for n, v in wanted.items() if _plain(known[n]) != _plain(v)}
    if not change.metadata:
        return None
    entry = await backend.chat.append(tx, change, member=viewer.require())
    values = entry.metadata | {"details_version": entry.seq, "updated_at": entry.created_at}
    statement = update(Conversation).where(_C.id == key)
    await tx.execute(statement.values({_C[name]: value for name, value in values.items()}))
    if audited:
        await record(
            tx, viewer, _OPERATION, "Conversation", key, before=known, after=known | entry.metadata
        )
    return entry


def _plain(value: Any) -> bytes:
    # As JSON, where 1 and true are not alike.
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
