"""Reads of uploaded files. Who may see one follows from its conversation: see `app.chat.files`."""

from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select

from app.attachments.models import AttachmentState, StoredAttachment
from app.stores.postgres import Postgres, Read


@dataclass(slots=True)
class AttachmentRecord:
    """An uploaded file, or one that is to be uploaded."""

    id: UUID
    owner_id: int
    conversation_id: UUID
    message_id: UUID | None
    name: str
    content_type: str
    size: int
    sha256: bytes | None
    location: str | None
    state: AttachmentState
    created_at: datetime


COLUMNS = [StoredAttachment.__table__.c[f.name] for f in fields(AttachmentRecord)]
_BY_ID = Read(select(*COLUMNS).where(StoredAttachment.id == bindparam("id", type_=Uuid)))


async def attachment(main: Postgres, attachment_id: UUID) -> AttachmentRecord | None:
    """The file with this id, whosever it is."""
    rows = await main.fetch(_BY_ID, id=attachment_id)
    return AttachmentRecord(*rows[0]) if rows else None
