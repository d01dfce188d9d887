"""Following feeds: a hint wakes, the table tells, and a sweep finds what no hint told."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import suppress
from zlib import crc32

from app.bus import Bus
from app.errors import InvalidCursor, StoreUnavailable
from app.feeds.log import REFETCH_NEEDED, Fact, facts_after, feed_channel, heads
from app.paging import decode_cursor, encode_cursor, parse_int, parse_name
from app.stores.postgres import Postgres
from app.tasks import stop

_log = logging.getLogger(__name__)

_BATCH = 200  # facts read at once
_BACKLOG = 10_000  # facts beyond which a client should rather fetch anew


class Feeds:
    """What this process follows.

    Args:
        main: Where the facts are.
        bus: The hints.
        interval: Seconds between sweeps.
    """

    def __init__(self, main: Postgres, bus: Bus, interval: float) -> None:
        self._main = main
        self._bus = bus
        self._interval = interval
        self._followers: dict[str, set[asyncio.Event]] = defaultdict(set)
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

    async def follow(self, feed: str, after: str | None) -> AsyncGenerator[list[Fact], None]:
        """Every fact after a cursor, or from now on, once and in order, in batches.

        Where some are kept no more, or are too many to be told, one that `is_gap` stands for all
        until now.

        Raises:
            InvalidCursor: The cursor is of another list, or of a place that is not taken yet.
        """
        grown = asyncio.Event()
        listeners = {feed_channel(feed): lambda _: grown.set()}
        self._followers[feed].add(grown)
        try:
            await self._bus.listen(listeners)
            last = (await heads(self._main, [feed])).get(feed, 0)
            at = last if after is None else parse_fact_cursor(feed, after)
            if at > last:
                raise InvalidCursor("This cursor lies beyond the stream's end.", field=["after"])
            yield []  # whoever follows is heard from now on
            while True:
                grown.clear()
                facts = await facts_after(self._main, feed, at, _BATCH)
                newest = facts[-1].seq if facts else last
                # Numbers are dense: there are as many facts as there are places.
                if newest - at > len(facts) or last - at > _BACKLOG:
                    at = max(last, newest)
                    yield [Fact(at, REFETCH_NEEDED, "", None)]
                elif facts:
                    at = newest
                    yield facts
                else:
                    await grown.wait()
        finally:
            self._followers[feed].discard(grown)
            if not self._followers[feed]:
                del self._followers[feed]
            await self._bus.ignore(listeners)

    async def _run(self) -> None:
        known: dict[str, int] = {}
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._missed.wait(), self._interval)
            self._missed.clear()
            try:
                known = await self._sweep(known)
            except StoreUnavailable as error:
                _log.warning("followers of feeds wait: %s", error)

    async def _sweep(self, known: dict[str, int]) -> dict[str, int]:
        if not self._followers:
            return {}
        now = await heads(self._main, list(self._followers))
        for feed, seq in now.items():
            if seq != known.get(feed):
                for grown in tuple(self._followers.get(feed, ())):
                    grown.set()
        return now


def fact_cursor(feed: str, seq: int) -> str:
    """A place in a feed."""
    return encode_cursor(_name(feed), seq)


def parse_fact_cursor(feed: str, cursor: str) -> int:
    """The place of a cursor in its feed.

    Raises:
        InvalidCursor: It is of another list, or another feed.
    """
    return max(0, int(decode_cursor(cursor, parse_name(_name(feed)), parse_int)[1]))


def _name(feed: str) -> str:
    # Other than every other feed's, and without the number of whose it is.
    return f"feed:{crc32(feed.encode()):x}"
