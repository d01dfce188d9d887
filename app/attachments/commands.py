"""What happens to an uploaded file: it is announced, received, claimed by a message, forgotten.

A message for later keeps its files until it is sent; any other claim is another one's to take.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import Text, and_, cast, delete, func, insert, literal, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachments.kinds import KINDS, Inspector
from app.attachments.models import AttachmentState, StoredAttachment
from app.attachments.queries import COLUMNS, AttachmentRecord
from app.errors import Conflict, Invalid, NotFound, TooLong
from app.moderation.queries import is_evidence
from app.once import once, remember
from app.settings import Settings
from app.stores.files import Files
from app.stores.postgres import Postgres
from app.text import clean_text
from app.viewer import Viewer

MAX_NAME = 200  # characters
# What is not finished, or in no message, after this long, will never be.
UNUSED = timedelta(days=1)
_BATCH = 500
# An advisory lock of this kind, and the user's number: their limits are counted one at a time.
_OWNER_LOCK = 0x66696C65
_SCHEME = "attachment"

_A = StoredAttachment.__table__.c
_HELD = _A.state != AttachmentState.DISCARDED


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """What is to be uploaded, as somebody says."""

    conversation_id: UUID
    name: str
    content_type: str
    size: int


async def create_attachment(
    main: Postgres, settings: Settings, viewer: Viewer, new: NewAttachment, *, client_key: str
) -> AttachmentRecord:
    """Make room for a file, in a conversation in which the caller knows the viewer to take part.

    Raises:
        Invalid, Required, TooLong: A value breaks its rule.
        Conflict: Too much was uploaded today, or is kept.
        ClientKeyReused: The key came before with something else.
    """
    me = viewer.require()
    name = clean_text(new.name, field=["input", "fileName"], max_length=MAX_NAME)
    if new.content_type not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise Invalid(f"Only these are taken: {known}.", field=["input", "contentType"])
    if new.size < 1:
        raise Invalid("A file has at least one byte.", field=["input", "size"])
    if new.size > settings.attachment_max_bytes:
        most = settings.attachment_max_bytes
        raise TooLong(f"A file has at most {most:,} bytes.", field=["input", "size"])
    async with main.begin() as tx:
        earlier = await once(tx, viewer, "attachmentCreate", client_key, new)
        if earlier is not None:
            found = select(*COLUMNS).where(_A.id == UUID(earlier))
            row = (await tx.execute(found)).first()
            if row is None:
                raise NotFound("That file was not used in time; begin with a new key.")
            return AttachmentRecord(*row)
        await _check_share(tx, settings, me, new.size)
        made = insert(StoredAttachment).values(
            owner_id=me,
            conversation_id=new.conversation_id,
            name=name,
            content_type=new.content_type,
            size=new.size,
        )
        row = (await tx.execute(made.returning(*COLUMNS))).one()
        await remember(tx, viewer, "attachmentCreate", client_key, row[0])
    return AttachmentRecord(*row)


async def _check_share(tx: AsyncConnection, settings: Settings, owner: int, size: int) -> None:
    await tx.execute(
        text("SELECT pg_advisory_xact_lock(:kind, :owner)").bindparams(
            kind=_OWNER_LOCK, owner=owner
        )
    )
    today = func.count().filter(_A.created_at > func.now() - timedelta(days=1))
    kept = func.coalesce(func.sum(_A.size).filter(_HELD), 0)
    uploads, total = (await tx.execute(select(today, kept).where(_A.owner_id == owner))).one()
    if uploads >= settings.attachment_daily_uploads:
        most = settings.attachment_daily_uploads
        raise Conflict(f"At most {most:,} files a day; the oldest will be a day old soon.")
    if total + size > settings.attachment_total_bytes:
        most = settings.attachment_total_bytes
        raise Conflict(f"At most {most:,} bytes in all; delete messages with files first.")


async def receive(
    main: Postgres, files: Files, attachment: AttachmentRecord, body: AsyncIterator[bytes]
) -> None:
    """Take a file's bytes, and look at them while they pass; at most one attempt succeeds.

    Raises:
        Invalid: They are more, fewer or other than was said.
        Conflict: The file is there already.
        StoreUnavailable: Nothing was kept; the same may be sent again.
    """
    if attachment.state != AttachmentState.PENDING:
        raise Conflict("This file is there already.")
    location = f"{attachment.id}/{uuid4().hex}"
    digest = hashlib.sha256()
    await files.write(location, _checked(attachment, body, digest.update))
    ready = (
        update(StoredAttachment)
        .where(_A.id == attachment.id, _A.state == AttachmentState.PENDING)
        .values(state=AttachmentState.READY, sha256=digest.digest(), location=location)
    )
    async with main.begin() as tx:
        won = (await tx.execute(ready.returning(_A.id))).first() is not None
    if not won:
        await files.delete(location)
        raise Conflict("This file is there already.")


async def claim(
    main: Postgres, viewer: Viewer, conversation_id: UUID, message_id: UUID, ids: Sequence[UUID]
) -> list[dict[str, str]]:
    """Give files to the message that is about to be sent: how it names them, in order.

    They are the message's once it is written; one that never is gives them back.

    Raises:
        NotFound: One is not the viewer's, not for this conversation, or not uploaded yet.
        Conflict: One is another message's.
    """
    if not ids:
        return []
    async with main.begin() as tx:
        return await _give(tx, viewer, conversation_id, ids, {"message_id": message_id})


async def keep(
    tx: AsyncConnection,
    viewer: Viewer,
    conversation_id: UUID,
    ids: Sequence[UUID],
    *,
    scheduled_id: UUID,
    message_id: UUID,
) -> list[dict[str, str]]:
    """Keep these files, and no others, for a message for later: how it names them, in order.

    Args:
        tx: The transaction that writes what is scheduled.
        viewer: Whose message it is.
        conversation_id: Where it is to be sent.
        ids: All of its files.
        scheduled_id: What keeps them until it is sent, or lets them go.
        message_id: The id that the message will have.

    Raises:
        NotFound, Conflict: As for `claim`.
    """
    kept = {"message_id": message_id, "scheduled_id": scheduled_id}
    named = await _give(tx, viewer, conversation_id, ids, kept) if ids else []
    await let_go(tx, scheduled_id, but=ids)
    return named


async def let_go(tx: AsyncConnection, scheduled_id: UUID, *, but: Sequence[UUID] = ()) -> None:
    """Free the files that a message for later has kept, but for these."""
    kept = (_A.scheduled_id == scheduled_id, _A.id.not_in(but))
    freed = {"message_id": None, "scheduled_id": None, "freed_at": func.now()}
    await tx.execute(update(StoredAttachment).where(*kept).values(freed))


async def _give(
    tx: AsyncConnection,
    viewer: Viewer,
    conversation_id: UUID,
    ids: Sequence[UUID],
    values: dict[str, UUID],
) -> list[dict[str, str]]:
    mine = (_A.id.in_(ids), _A.owner_id == viewer.require(), _A.conversation_id == conversation_id)
    there = _A.state.in_([AttachmentState.READY, AttachmentState.ATTACHED])
    unkept = and_(_A.state == AttachmentState.READY, _A.scheduled_id.is_(None))
    free = or_(unkept, _A.message_id == values["message_id"])
    found = select(_A.id, _A.content_type, free).where(*mine, there)
    rows = {row[0]: row for row in await tx.execute(found.order_by(_A.id).with_for_update())}
    for place, wanted in enumerate(ids):
        field = ["input", "attachmentIds", str(place)]
        if wanted not in rows:
            raise NotFound("There is no such file of yours here that is ready.", field=field)
        if not rows[wanted][2]:
            raise Conflict("This file is another message's.", field=field)
    given = update(StoredAttachment).where(_A.id.in_(ids), _A.state == AttachmentState.READY)
    await tx.execute(given.values(values))
    return [{"url": address(i), "type": KINDS[rows[i][1]].value} for i in dict.fromkeys(ids)]


def address(attachment_id: UUID) -> str:
    """How the log names a file; no client can write it, whose addresses are http or https."""
    return f"{_SCHEME}:{attachment_id}"


def attachment_of(url: str) -> UUID | None:
    """The file that the log names by an address; None where it is a web address."""
    scheme, _, key = url.partition(":")
    return UUID(key) if scheme == _SCHEME else None


async def delete_files_of(tx: AsyncConnection, user_id: int) -> None:
    """Let go of a user's files, in the transaction that erases them.

    Nobody sees them once it has committed, also if they were reported; `collect` deletes them.
    """
    gone = {"state": AttachmentState.DISCARDED, "name": "", "sha256": None, "location": None}
    await tx.execute(update(StoredAttachment).where(_A.owner_id == user_id).values(gone))


async def collect(main: Postgres, files: Files, unused: timedelta = UNUSED) -> int:
    """Delete the files that are discarded, or were used in no message in time; how many.

    What a message for later keeps is used; its time begins anew when that lets it go. What a
    report shows waits until that was decided a while ago. A row goes after its bytes: whoever dies
    in between leaves it for the next time.
    """
    since = func.now() - unused
    freed = or_(_A.freed_at.is_(None), _A.freed_at < since)
    unneeded = and_(_A.created_at < since, _A.scheduled_id.is_(None), freed)
    old = or_(_A.state == AttachmentState.DISCARDED, unneeded)
    named = literal(f"{_SCHEME}:") + cast(_A.id, Text)
    shown = is_evidence(_A.message_id, named)
    wanted = select(_A.id).where(_A.state != AttachmentState.ATTACHED, old, ~shown)
    collected = 0
    while True:
        async with main.begin() as tx:
            locked = wanted.order_by(_A.created_at).limit(_BATCH).with_for_update(skip_locked=True)
            rows = (await tx.execute(locked)).all()
            for row in rows:
                await files.delete(str(row.id))  # also of attempts that failed
            gone = [row.id for row in rows]
            await tx.execute(delete(StoredAttachment).where(_A.id.in_(gone)))
        collected += len(rows)
        if len(rows) < _BATCH:
            return collected


async def _checked(
    attachment: AttachmentRecord, body: AsyncIterator[bytes], digest: Callable[[bytes], None]
) -> AsyncIterator[bytes]:
    inspector = Inspector(attachment.content_type)
    size = 0
    async for chunk in body:
        size += len(chunk)
        if size > attachment.size:
            raise Invalid(f"These are over {attachment.size:,} bytes.", field=["body"])
        inspector.take(chunk)
        digest(chunk)
        yield chunk
    if size < attachment.size:
        raise Invalid(f"These are {size:,} of {attachment.size:,} bytes.", field=["body"])
    inspector.end()
