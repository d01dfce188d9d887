"""Reads of scheduled messages, which nobody but their sender sees."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, literal_column, select

from app.attachments.commands import attachment_of
from app.chat.content import NewMessage
from app.listing import Listing, Order
from app.media import Attachment, AttachmentType
from app.paging import ListQuery, Page, parse_time, parse_uuid
from app.scheduled.models import ScheduledMessage, ScheduledState
from app.stores.postgres import Postgres, Read
from app.viewer import Viewer


@dataclass(slots=True)
class ScheduledRecord:
    """What somebody says at a later time."""

    id: UUID
    conversation_id: UUID
    sender_id: int
    text: str | None
    attachments: list[dict[str, str]]
    metadata: dict[str, Any]
    reply_to_id: UUID | None
    send_at: datetime
    state: ScheduledState
    failure: str | None
    message_id: UUID | None
    created_at: datetime

    def __post_init__(self) -> None:
        """The driver gives an enum as its label."""
        self.state = ScheduledState(self.state)

    @property
    def said(self) -> NewMessage:
        """What it is to say, as somebody gave it."""
        files = [(item, attachment_of(item["url"])) for item in self.attachments]
        links = [Attachment(i["url"], AttachmentType(i["type"])) for i, key in files if key is None]
        uploaded = [key for _, key in files if key is not None]
        return NewMessage(self.text, links, self.metadata, self.reply_to_id, files=uploaded)


class ScheduledOrder(StrEnum):
    """The orders of a list of scheduled messages."""

    SEND_AT = "send_at"


def client_key_of(scheduled_id: UUID) -> str:
    """The client key of its message, and so its id: one message, however often it is sent."""
    return f"scheduled:{scheduled_id}"


_S = ScheduledMessage.__table__.c
COLUMNS = [_S[f.name] for f in fields(ScheduledRecord)]
_BY_IDS = Read(
    select(*COLUMNS).where(
        _S.id == any_(bindparam("ids", type_=ARRAY(Uuid))), _S.sender_id == bindparam("me")
    )
)
_LIST = Listing(
    columns=COLUMNS,
    build=ScheduledRecord,
    orders={ScheduledOrder.SEND_AT: Order((_S.send_at, _S.id), (parse_time, parse_uuid))},
    where=[
        _S.state != literal_column(f"'{over}'")
        for over in (ScheduledState.SENT, ScheduledState.CANCELLED)
    ],
)


async def scheduled_by_ids(
    main: Postgres, viewer: Viewer, ids: Sequence[UUID]
) -> list[ScheduledRecord | None]:
    """These of the viewer's, in order; None for every other one."""
    if viewer.user_id is None:
        return [None] * len(ids)
    rows = await main.fetch(_BY_IDS, ids=list(ids), me=viewer.user_id)
    found = {row[0]: ScheduledRecord(*row) for row in rows}
    return [found.get(i) for i in ids]


async def scheduled_by_senders(
    main: Postgres, viewer: Viewer, user_ids: Sequence[int], query: ListQuery
) -> list[Page[ScheduledRecord]]:
    """The same page of what each has still to send or could not; empty but for the viewer.

    Raises:
        InvalidCursor: The cursor is of another list.
    """
    return await _LIST.own_pages(main, _S.sender_id, user_ids, query, me=viewer.user_id)
