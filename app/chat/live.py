"""What this process hears of conversations: one feed each, however many subscribers follow it.

A feed holds the newest entries once; a subscriber holds a cursor. Whoever falls behind a feed,
or misses a hint, reads the store: a sweep asks it for every feed's head now and then.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from app.bus import Bus
from app.chat.events import OWN, Receipt, conversation_channel, decode_hint, user_channel
from app.chat.log import LogEntry
from app.chat.models import EntryKind
from app.chat.store import MessageStore
from app.errors import StoreUnavailable
from app.tasks import stop

_log = logging.getLogger(__name__)

T = TypeVar("T")
Wake = Callable[[UUID], None]
Tell = Callable[[Receipt], None]

_RECENT = 64  # entries a feed holds
_AT_ONCE = 200  # conversations or users asked about in one command
OVERLAP = timedelta(seconds=15)  # a write may become visible this long after its time


class Feed:
    """One conversation as this process hears it.

    Attributes:
        followers: Whom to wake when it grows, and whom of them to tell that somebody has read.
        last_seq: The newest place that is known to be taken.
    """

    __slots__ = ("_recent", "conversation_id", "followers", "last_seq")

    def __init__(self, conversation_id: UUID) -> None:
        self.conversation_id = conversation_id
        self.last_seq = 0
        self._recent: dict[int, LogEntry] = {}
        self.followers: dict[Wake, Tell | None] = {}

    def hear(self, payload: bytes) -> None:
        """Take a hint from the bus."""
        try:
            hint = decode_hint(payload)
        except (ValueError, TypeError, KeyError):
            _log.warning("a hint could not be read: a process of another release?")
            return
        if isinstance(hint, Receipt):
            for tell in filter(None, tuple(self.followers.values())):
                tell(hint)
        else:
            self._hold(hint)

    def _hold(self, entry: LogEntry) -> None:
        if entry.kind in (EntryKind.EDIT, EntryKind.DELETE):
            # Who comes late is told what the message says now, and not what it said.
            for seq in [seq for seq, held in self._recent.items() if held.id == entry.target_id]:
                del self._recent[seq]
        self._recent[entry.seq] = entry
        if len(self._recent) > _RECENT:
            del self._recent[min(self._recent)]
        self.advance(entry.seq)

    def advance(self, seq: int) -> None:
        """Learn that the log has reached a place."""
        if seq > self.last_seq:
            self.last_seq = seq
            for wake in tuple(self.followers):
                wake(self.conversation_id)

    def after(self, seq: int) -> list[LogEntry]:
        """The entries that directly follow a place, as far as they are held."""
        entries = []
        while (entry := self._recent.get(seq + 1)) is not None:
            entries.append(entry)
            seq += 1
        return entries


class Live:
    """The feeds of this process, and what keeps them from missing anything.

    Args:
        store: The truth.
        bus: The hints.
        interval: Seconds between sweeps.
    """

    def __init__(self, store: MessageStore, bus: Bus, interval: float) -> None:
        self._store = store
        self._bus = bus
        self._interval = interval
        self._feeds: dict[UUID, Feed] = {}
        self._inboxes: dict[int, set[Wake]] = defaultdict(set)
        self._missed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to sweep, in the background."""
        self._bus.on_reconnect(self._missed.set)
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop sweeping."""
        if self._task is not None:
            await stop([self._task])

    # -- following

    async def follow(self, ids: Iterable[UUID], wake: Wake, tell: Tell | None = None) -> None:
        """Wake a follower whenever one of these logs grows, from when this returns.

        Args:
            ids: The conversations.
            wake: Whom to wake.
            tell: Whom to tell that somebody has read; if that is lost, the store has it.
        """
        listeners = {}
        for conversation_id in ids:
            feed = self._feeds.setdefault(conversation_id, Feed(conversation_id))
            feed.followers[wake] = tell
            listeners[conversation_channel(conversation_id)] = feed.hear
        await self._bus.listen(listeners)

    async def unfollow(self, ids: Iterable[UUID], wake: Wake) -> None:
        """Undo `follow`."""
        listeners = {}
        for conversation_id in ids:
            feed = self._feeds.get(conversation_id)
            if feed is not None:
                feed.followers.pop(wake, None)
                if not feed.followers:
                    del self._feeds[conversation_id]
                    listeners[conversation_channel(conversation_id)] = feed.hear
        await self._bus.ignore(listeners)

    def feed(self, conversation_id: UUID) -> Feed:
        """The feed of a conversation that somebody follows."""
        return self._feeds[conversation_id]

    @asynccontextmanager
    async def inbox(self, user_id: int, wake: Wake, wake_own: Wake) -> AsyncIterator[None]:
        """Wake somebody whenever a user's inbox changes otherwise than by a log, within the block.

        Args:
            user_id: Whose inbox.
            wake: Called for a conversation more, or one less.
            wake_own: Called for what the user has read, or keeps otherwise.
        """

        def hear(payload: bytes) -> None:
            with suppress(ValueError):
                (wake_own if payload[16:] == OWN else wake)(UUID(bytes=payload[:16]))

        listeners = {user_channel(user_id): hear}
        self._inboxes[user_id].add(wake)
        try:
            await self._bus.listen(listeners)
            yield
        finally:
            self._inboxes[user_id].discard(wake)
            if not self._inboxes[user_id]:
                del self._inboxes[user_id]
            await self._bus.ignore(listeners)

    # -- sweeping

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._missed.wait(), self._interval)
            self._missed.clear()
            try:
                await self.sweep()
            except StoreUnavailable as error:
                _log.warning("subscribers wait: %s", error)
            except Exception:  # noqa: BLE001 - logged, and the others go on
                _log.exception("the sweep failed; it is tried again")

    async def sweep(self) -> None:
        """Ask the store for what hints may have failed to tell.

        Raises:
            StoreUnavailable: It does not answer.
        """
        for ids in _chunks(list(self._feeds)):
            for conversation_id, seq in (await self._store.heads(ids)).items():
                if conversation_id in self._feeds:
                    self._feeds[conversation_id].advance(seq)
        since = datetime.now(UTC) - OVERLAP - timedelta(seconds=self._interval)
        for users in _chunks(list(self._inboxes)):
            for conversation_id, participants in await self._store.active_since(users, since):
                for user_id in participants:
                    for wake in tuple(self._inboxes.get(user_id, ())):
                        wake(conversation_id)


def _chunks(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
