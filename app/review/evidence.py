"""Uploaded files that were reported, for staff who do not take part; each opening is audited."""

from uuid import UUID

from app.attachments.commands import address
from app.attachments.queries import AttachmentRecord, attachment
from app.audit.commands import record
from app.chat.backend import Backend
from app.errors import NotFound
from app.moderation.queries import item_showing
from app.viewer import Viewer


async def reported_file(backend: Backend, viewer: Viewer, attachment_id: UUID) -> AttachmentRecord:
    """A file that a report shows to the viewer, also if its message was deleted since.

    Raises:
        NotFound: There is none, it was erased, or no report shows it to the viewer.
    """
    found = await attachment(backend.main, attachment_id)
    if found is not None and found.message_id is not None and found.sha256 is not None:
        named = address(attachment_id)
        item_id = await item_showing(backend.main, viewer, found.message_id, named)
        if item_id is not None:
            async with backend.main.begin() as tx:
                opened = {"attachment": attachment_id}
                await record(tx, viewer, "attachmentView", "ModerationItem", item_id, after=opened)
            return found
    raise NotFound("There is no such file that you may see.")
