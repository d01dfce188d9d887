"""Who may upload a file to a conversation, and who may see it: those who may read its message."""

from uuid import UUID

from app.attachments.commands import NewAttachment, create_attachment
from app.attachments.models import AttachmentState
from app.attachments.queries import AttachmentRecord, attachment
from app.chat.backend import Backend
from app.chat.queries import conversations_by_ids, messages_by_ids
from app.errors import NotFound
from app.settings import Settings
from app.viewer import Viewer


async def announce_file(
    backend: Backend, settings: Settings, viewer: Viewer, new: NewAttachment, *, client_key: str
) -> AttachmentRecord:
    """Make room for a file that the viewer will upload, for a message in a conversation.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such conversation, or the viewer does not take part in it.
        Invalid, Required, TooLong: A value breaks its rule.
        Conflict: Too much was uploaded today, or is kept.
        ClientKeyReused: The key came before with something else.
    """
    viewer.require()
    (conversation,) = await conversations_by_ids(backend.chat, viewer, [new.conversation_id])
    if conversation is None:
        raise NotFound("There is no such conversation.", field=["input", "conversationId"])
    return await create_attachment(backend.main, settings, viewer, new, client_key=client_key)


async def visible_file(backend: Backend, viewer: Viewer, attachment_id: UUID) -> AttachmentRecord:
    """A file that is there, for who may see it: before it is sent, its owner alone.

    Raises:
        NotFound: There is none, or none that the viewer may see.
    """
    found = await attachment(backend.main, attachment_id)
    if found is not None and viewer.user_id is not None and found.sha256 is not None:
        if found.state == AttachmentState.READY and found.owner_id == viewer.user_id:
            return found
        if found.state == AttachmentState.ATTACHED and found.message_id is not None:
            (message,) = await messages_by_ids(backend.chat, viewer, [found.message_id])
            if message is not None and not message.deleted:
                return found
    raise NotFound("There is no such file that you may see.")
