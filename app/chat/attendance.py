"""That a subscriber takes part in a conversation, for as long as its log says so."""

from collections.abc import Callable
from uuid import UUID

from app.chat.live import Live
from app.chat.log import ConversationRecord
from app.chat.models import EntryKind
from app.chat.queries import conversations_by_ids
from app.chat.store import MessageStore
from app.errors import NotFound
from app.viewer import Viewer


class Attendance:
    """One subscriber's, followed by the conversation's feed.

    Args:
        store: The truth.
        live: Who hears of it.
        viewer: Who takes part.
        conversation_id: In what.
        wake: Called when something has happened there.
    """

    def __init__(
        self,
        store: MessageStore,
        live: Live,
        viewer: Viewer,
        conversation_id: UUID,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._live = live
        self._viewer = viewer
        self._id = conversation_id
        self._call = wake
        self._conversation: ConversationRecord | None = None
        self._seq = 0

    async def begin(self) -> ConversationRecord:
        """Begin to follow.

        Raises:
            NotFound: There is no such conversation, or the viewer does not take part in it.
            StoreUnavailable: The store does not answer.
        """
        await self._live.follow([self._id], self._wake)
        conversation = await self._read()
        if conversation is None:
            raise NotFound("There is no such conversation.", field=["conversationId"])
        return conversation

    async def end(self) -> None:
        """Follow no more."""
        await self._live.unfollow([self._id], self._wake)

    async def now(self) -> ConversationRecord | None:
        """The conversation as of the last change of its members; None if it is not theirs.

        The store is asked if members have changed.

        Raises:
            StoreUnavailable: It does not answer.
        """
        feed = self._live.feed(self._id)
        news = feed.after(self._seq)
        is_whole = self._seq + len(news) >= feed.last_seq
        if is_whole and not any(entry.kind == EntryKind.MEMBER for entry in news):
            self._seq += len(news)
            return self._conversation
        return await self._read()

    async def _read(self) -> ConversationRecord | None:
        (found,) = await conversations_by_ids(self._store, self._viewer, [self._id])
        self._conversation = found
        if found is not None:
            self._seq = found.last_seq
            self._live.feed(self._id).advance(found.last_seq)
        return found

    def _wake(self, _conversation_id: UUID) -> None:
        self._call()
