"""Saying that one types."""

from uuid import UUID

from app.chat.log import ConversationRecord
from app.chat.queries import conversations_by_ids
from app.errors import NotFound
from app.limits import Rate
from app.presence.backend import Backend
from app.viewer import Viewer

# Clients say it every three seconds while somebody types, in one conversation at a time.
_RATE = Rate("typing", 60, 60)


async def set_typing(
    backend: Backend, viewer: Viewer, conversation_id: UUID, *, is_typing: bool
) -> ConversationRecord:
    """Tell the others of a conversation that the viewer types, or does no more.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such conversation, or the viewer does not take part in it.
        RateLimited: They say so too often.
        StoreUnavailable: A store does not answer.
    """
    me = viewer.require()
    (conversation,) = await conversations_by_ids(backend.chat, viewer, [conversation_id])
    if conversation is None:
        raise NotFound("There is no such conversation.", field=["conversationId"])
    await backend.limiter.hit(_RATE, str(me))
    await backend.leases.type(conversation_id, me, is_typing=is_typing)
    return conversation
