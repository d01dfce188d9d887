"""Reporting what somebody may see, and keeping it as it was then."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.chat.backend import Backend
from app.chat.queries import messages_by_ids
from app.errors import Conflict, Invalid, NotFound
from app.groups.queries import groups_by_ids
from app.ids import new_id
from app.moderation.models import ItemEvent, ModerationItem, ModerationStatus, SubjectKind
from app.moderation.queries import ItemRecord, items_by_ids
from app.moderation.queue import tell
from app.once import once, remember
from app.products.queries import products_by_ids
from app.text import clean_text
from app.users.queries import users_by_public_ids
from app.viewer import Viewer

MAX_REASON = 2_000  # characters
MAX_OPEN = 50  # reports of one user that wait

_MAX_PRIORITY = 100  # of a report; what is escalated comes before
_LOCK = 0x1574450A
_FIELD = ["subjectId"]
_Q = ModerationItem.__table__.c


@dataclass(frozen=True, slots=True)
class Subject:
    """What is reported, as it is now: its author's number, and what it says."""

    author_id: int | None
    title: str | None = None
    text: str | None = None
    media: tuple[dict[str, str], ...] = ()
    conversation_id: UUID | None = None


async def report_subject(
    backend: Backend, viewer: Viewer, kind: SubjectKind, key: str, reason: str, *, client_key: str
) -> ItemRecord:
    """Ask the moderators to look at a message, a product, a group or a user.

    Args:
        backend: The stores.
        viewer: Who reports.
        kind: What the subject is.
        key: Its key: a product's id, or the UUID by which the API finds the others.
        reason: Why, in the reporter's words.
        client_key: The same key reports once.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such subject that the viewer may see.
        Invalid: The viewer reports themselves, or the reason breaks its rule.
        Required, TooLong: The reason breaks its rule.
        Conflict: The viewer's report of it still waits, or too many of theirs do.
        ClientKeyReused: The key came before with something else.
    """
    me = viewer.require()
    reason = clean_text(reason, field=["input", "reason"], max_length=MAX_REASON, multiline=True)
    async with backend.main.begin() as tx:
        known = await once(tx, viewer, "moderationItemReport", client_key, [kind, key, reason])
        item_id = new_id() if known is None else UUID(known)
        if known is None:
            subject = await _read(backend, viewer, kind, key)
            if subject is None:
                raise NotFound(f"There is no such {kind}.", field=_FIELD)
            if kind is SubjectKind.USER and subject.author_id == me:
                raise Invalid("You cannot report yourself.", field=_FIELD)
            report = {"subject_kind": kind, "subject_id": key, "reason": reason}
            await _enter(tx, {"id": item_id, "reported_by": me, **report}, subject)
            await remember(tx, viewer, "moderationItemReport", client_key, item_id)
            await tell(tx, viewer, ItemEvent.CREATED, item_id)
    (item,) = await items_by_ids(backend.main, viewer, [item_id])
    if item is None:  # a retry, long after
        raise NotFound("There is no such report.", field=_FIELD)
    return item


async def _enter(tx: AsyncConnection, report: dict[str, Any], subject: Subject) -> None:
    reporter_id = report["reported_by"]
    # One report of a user's after the other, so that however many come at once are counted.
    await tx.execute(select(func.pg_advisory_xact_lock(_LOCK, reporter_id)))
    waits = _Q.status != ModerationStatus.RESOLVED
    own = select(func.count()).where(_Q.reported_by == reporter_id, waits)
    if (await tx.execute(own)).scalar_one() >= MAX_OPEN:
        raise Conflict(f"{MAX_OPEN} reports of yours wait; more can be made when some are decided.")
    same = _Q.subject_kind == report["subject_kind"], _Q.subject_id == report["subject_id"]
    others = (await tx.execute(select(func.count()).where(*same, waits))).scalar_one()
    values = report | {
        "conversation_id": subject.conversation_id,
        # What many report comes sooner.
        "priority": min(others, _MAX_PRIORITY),
        "snapshot": {
            "author": subject.author_id,
            "title": subject.title,
            "text": subject.text,
            "media": list(subject.media),
        },
    }
    entered = insert(ModerationItem).values(values).on_conflict_do_nothing().returning(_Q.id)
    if (await tx.execute(entered)).first() is None:
        raise Conflict("Your report of it still waits.", field=_FIELD)


async def _read(backend: Backend, viewer: Viewer, kind: SubjectKind, key: str) -> Subject | None:
    if kind is SubjectKind.PRODUCT:
        (product,) = await products_by_ids(backend.main, viewer, [key])
        if product is None:
            return None
        media = tuple(product.media)
        return Subject(product.vendor_id, product.title, product.description, media)
    try:
        return await _READ_BY_UUID[kind](backend, viewer, UUID(key))
    except ValueError:
        return None


async def _read_message(backend: Backend, viewer: Viewer, key: UUID) -> Subject | None:
    (message,) = await messages_by_ids(backend.chat, viewer, [key])
    if message is None:
        return None
    if message.deleted:
        raise Conflict("It is deleted.", field=_FIELD)
    return Subject(
        message.sender_id,
        text=message.text,
        media=tuple(message.attachments),
        conversation_id=message.conversation_id,
    )


async def _read_group(backend: Backend, viewer: Viewer, key: UUID) -> Subject | None:
    (group,) = await groups_by_ids(backend.main, viewer, [key])
    return None if group is None else Subject(group.owner_id, group.name, group.description)


async def _read_user(backend: Backend, viewer: Viewer, key: UUID) -> Subject | None:
    (user,) = await users_by_public_ids(backend.auth, viewer, [key])
    return None if user is None else Subject(user.id, user.name)


_READ_BY_UUID: dict[SubjectKind, Callable[[Any, Viewer, UUID], Awaitable[Subject | None]]] = {
    SubjectKind.MESSAGE: _read_message,
    SubjectKind.GROUP: _read_group,
    SubjectKind.USER: _read_user,
}
