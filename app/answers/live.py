"""What this process hears of growing answers: one feed for each conversation that is followed.

A feed holds each text once; a subscriber holds how far it was told. Hints over Redis let a text
grow; a look now and then finds what hints failed to tell, and what has run out.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from uuid import UUID

import orjson

from app.answers.drafts import Draft, Drafts, answers_channel
from app.answers.models import AnswerOutcome
from app.answers.queries import AnswerRecord, AnswerState, outcomes_of
from app.bus import Bus
from app.errors import StoreUnavailable
from app.stores.postgres import Postgres
from app.tasks import stop

_log = logging.getLogger(__name__)

Wake = Callable[[], None]

_AT_ONCE = 200  # conversations asked about in one command
_OVER = 50  # answers that a feed remembers to have ended

_STATES = {
    AnswerOutcome.RUNNING: AnswerState.ABANDONED,  # of what grows no more
    AnswerOutcome.FINISHED: AnswerState.FINISHED,
    AnswerOutcome.CANCELLED: AnswerState.CANCELLED,
}


class Growing:
    """An answer as this process hears it; who has begun to tell of it keeps it to its end.

    Attributes:
        run: See `Draft`.
        text: What there is.
        heard_at: When that was last known, by the process's own clock.
    """

    __slots__ = ("heard_at", "record", "run", "state", "text")

    def __init__(self, record: AnswerRecord, run: str) -> None:
        self.record = record
        self.run = run
        self.text = ""
        self.state = AnswerState.RUNNING
        self.heard_at = time.monotonic()

    def extend(self, offset: int, piece: str) -> bool:
        """Take a piece, or what is new in it; False if something before it is missing."""
        known = len(self.text) - offset
        if known < 0:
            return False
        self.text += piece[known:]
        self.heard_at = time.monotonic()
        return True


class AnswerFeed:
    """What grows in one conversation.

    Args:
        conversation_id: Which.
        look: Called with it when something was missed.

    Attributes:
        followers: Whom to wake when something has changed.
        growing: The answers, by their runs.
    """

    def __init__(self, conversation_id: UUID, look: Callable[[UUID], None]) -> None:
        self._conversation_id = conversation_id
        self._look = look
        self._over: deque[UUID] = deque(maxlen=_OVER)
        self.followers: set[Wake] = set()
        self.growing: dict[str, Growing] = {}

    def hear(self, payload: bytes) -> None:
        """Take a hint from the bus."""
        try:
            hint = orjson.loads(payload)
            if "begun" in hint:
                self.begin(AnswerRecord.decode(hint["begun"]), hint["run"])
            elif "ended" in hint:
                self._hear_end(UUID(hint["ended"]), AnswerOutcome(hint["outcome"]))
            else:
                self._hear_piece(hint["run"], int(hint["offset"]), hint["text"])
        except (ValueError, TypeError, KeyError):
            _log.warning("a hint could not be read: a process of another release?")
        self.wake()

    def _hear_piece(self, run: str, offset: int, piece: str) -> None:
        growing = self.growing.get(run)
        if growing is None or not growing.extend(offset, piece):
            self._look(self._conversation_id)

    def _hear_end(self, answer_id: UUID, outcome: AnswerOutcome) -> None:
        # A look that was under way may have seen it before.
        self._over.append(answer_id)
        for growing in [g for g in self.growing.values() if g.record.id == answer_id]:
            self.end(growing, _STATES[outcome])

    def begin(self, record: AnswerRecord, run: str) -> Growing | None:
        """The answer that grows in a run; None if it has ended meanwhile."""
        if record.id in self._over:
            return None
        lost = [g for g in self.growing.values() if g.record.id == record.id and g.run != run]
        for growing in lost:
            self.end(growing, AnswerState.ABANDONED)
        return self.growing.setdefault(run, Growing(record, run))

    def end(self, growing: Growing, state: AnswerState) -> None:
        """Let an answer grow no more."""
        if self.growing.pop(growing.run, None) is not None:
            growing.state = state
            self.wake()

    def wake(self) -> None:
        """Wake everybody."""
        for wake in tuple(self.followers):
            wake()


class Answers:
    """The feeds of this process, and what keeps them from missing anything.

    Args:
        main: Knows how answers ended.
        drafts: What grows.
        bus: The hints.
        interval: Seconds between looks.
    """

    def __init__(self, main: Postgres, drafts: Drafts, bus: Bus, interval: float) -> None:
        self._main = main
        self.drafts = drafts
        self._bus = bus
        self._interval = interval
        self._feeds: dict[UUID, AnswerFeed] = {}
        self._stale: set[UUID] = set()
        self._asked = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look, in the background."""
        self._bus.on_reconnect(self._look_at_all)
        self._tasks = [asyncio.create_task(self._run())]

    async def close(self) -> None:
        """Look no more."""
        await stop(self._tasks)

    async def follow(self, conversation_id: UUID, wake: Wake) -> AnswerFeed:
        """The feed of a conversation; wakes whoever follows when something has changed."""
        feed = self._feeds.setdefault(conversation_id, AnswerFeed(conversation_id, self._look_at))
        feed.followers.add(wake)
        await self._bus.listen({answers_channel(conversation_id): feed.hear})
        self._look_at(conversation_id)
        return feed

    async def unfollow(self, conversation_id: UUID, wake: Wake) -> None:
        """Undo `follow`."""
        feed = self._feeds.get(conversation_id)
        if feed is not None:
            feed.followers.discard(wake)
            if not feed.followers:
                del self._feeds[conversation_id]
                await self._bus.ignore({answers_channel(conversation_id): feed.hear})

    def _look_at(self, conversation_id: UUID) -> None:
        self._stale.add(conversation_id)
        self._asked.set()

    def _look_at_all(self) -> None:
        self._stale.update(self._feeds)
        self._asked.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        beat = loop.time() + self._interval
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(beat):
                    await self._asked.wait()
            self._asked.clear()
            if loop.time() >= beat:
                beat = loop.time() + self._interval
                self._stale.update(self._feeds)
            stale, self._stale = self._stale, set()
            try:
                await self.look(stale)
            except StoreUnavailable as error:
                _log.warning("growing answers wait: %s", error)
                await self._give_up()
            except Exception:  # noqa: BLE001 - logged, and tried again
                _log.exception("growing answers were not looked for; tried again")

    async def look(self, conversation_ids: Iterable[UUID]) -> None:
        """Find what grows in these conversations, and what does no more.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        for ids in _chunks([i for i in conversation_ids if i in self._feeds]):
            before = {i: set(self._feeds[i].growing) for i in ids if i in self._feeds}
            found = await self.drafts.look(ids)
            for conversation_id, drafts in zip(ids, found, strict=True):
                feed = self._feeds.get(conversation_id)
                if feed is not None:
                    for draft in drafts:
                        await self._catch_up(feed, draft)
                    gone = before.get(conversation_id, set()) - {draft.run for draft in drafts}
                    await self._settle(feed, [feed.growing[r] for r in gone if r in feed.growing])

    async def _catch_up(self, feed: AnswerFeed, draft: Draft) -> None:
        growing = feed.begin(draft.record, draft.run)
        if growing is not None:
            growing.heard_at = time.monotonic()
            if draft.length > len(growing.text):
                growing.extend(0, await self.drafts.text(draft))
            feed.wake()

    async def _settle(self, feed: AnswerFeed, gone: list[Growing]) -> None:
        """Tell how answers ended that grow no more."""
        if not gone:
            return
        outcomes: dict[UUID, AnswerOutcome] = {}
        with suppress(StoreUnavailable):
            outcomes = await outcomes_of(self._main, [growing.record.id for growing in gone])
        for growing in gone:
            outcome = outcomes.get(growing.record.id, AnswerOutcome.RUNNING)
            feed.end(growing, _STATES[outcome])

    async def _give_up(self) -> None:
        """Let nobody wait for an answer of which Redis has told nothing for as long as it lasts."""
        since = time.monotonic() - self.drafts.ttl
        for feed in list(self._feeds.values()):
            await self._settle(feed, [g for g in feed.growing.values() if g.heard_at < since])


def _chunks(items: list[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
