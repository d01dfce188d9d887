"""Leases on being online, one for each socket, renewed by its process for all of its sockets.

A process that dies renews nothing, and what it held runs out by Redis's own clock; whoever finds
that first tells of it. A Redis that forgot everything knows it again after the next renewal.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from secrets import token_hex
from typing import Any, TypeVar
from uuid import UUID

from redis.exceptions import RedisError

from app.bus import Bus
from app.presence import scripts
from app.stores.redis import Redis, unavailable
from app.tasks import stop

_log = logging.getLogger(__name__)

T = TypeVar("T")
Wake = Callable[[], None]

TYPING = 6.0  # seconds for which somebody types who does not say so again
_AT_ONCE = 1_000  # leases in one command
_PATIENCE = 1.0  # seconds that Redis may take
_TOGETHER = 0.05  # seconds in which what is opened and closed is told together
_BEATS = 3  # renewals in a lease


class Leases:
    """What this process holds, and hears of others.

    Args:
        redis: Where leases are.
        bus: Tells who comes and goes.
        ttl: Seconds for which a lease holds.
    """

    def __init__(self, redis: Redis, bus: Bus, ttl: float) -> None:
        self._redis = redis
        self._bus = bus
        self._ttl = ttl
        self._process = token_hex(8)
        self._numbers = count()
        self._held: dict[str, int] = {}
        self._new: dict[str, int] = {}
        self._gone: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._beat = 0.0
        self._watchers: dict[int, set[Wake]] = defaultdict(set)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Renew in the background."""
        self._bus.on_reconnect(self._forget_beat)
        self._tasks = [asyncio.create_task(self._run())]

    async def close(self) -> None:
        """Let go of everything, so that nobody is online for longer than they are."""
        await stop(self._tasks)
        with suppress(RedisError, OSError):
            await self._release(self._held | self._gone)

    def hold(self, user_id: int | None) -> Wake:
        """Be online with one more socket, until what this returns is called. Nobody never is."""
        if user_id is None:
            return lambda: None
        connection = f"{self._process}:{next(self._numbers)}"
        self._held[connection] = self._new[connection] = user_id
        self._changed.set()

        def let_go() -> None:
            if self._held.pop(connection, None) is not None:
                self._new.pop(connection, None)
                self._gone[connection] = user_id
                self._changed.set()

        return let_go

    # -- asking

    async def online(self, user_ids: Sequence[int]) -> set[int]:
        """Who of these is online now, by one command for each thousand.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        found: set[int] = set()
        for ids in _chunks(list(user_ids)):
            flags = await self._run_script(scripts.LOOK, scripts.ONLINE, *ids)
            found.update(i for i, flag in zip(ids, flags, strict=True) if flag)
        return found

    async def everybody(self) -> list[int]:
        """All who are online now.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        return [int(i) for i in await self._run_script(scripts.EVERYBODY, scripts.ONLINE)]

    async def type(self, conversation_id: UUID, user_id: int, *, is_typing: bool) -> None:
        """Note and tell that somebody types, for a moment, or does no more.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        duration = int(TYPING * 1000) if is_typing else 0
        await self._run_script(scripts.TYPE, typing_channel(conversation_id), user_id, duration)

    async def typing(self, conversation_id: UUID) -> tuple[list[int], float | None]:
        """Who types, and in how many seconds one of them may have stopped.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        key = typing_channel(conversation_id)
        first, users = await self._run_script(scripts.WHO_TYPES, key)
        return [int(i) for i in users], None if first < 0 else first / 1000

    async def is_my_turn(self, what: str, seconds: float) -> bool:
        """Whether it is for this process to do something that one does every so many seconds.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        with unavailable():
            async with asyncio.timeout(_PATIENCE):
                key, lease = f"presence:turn:{what}", int(seconds * 900)
                return bool(await self._redis.client.set(key, self._process, nx=True, px=lease))

    # -- hearing

    def watch(self, user_ids: Iterable[int], wake: Wake) -> None:
        """Wake somebody when one of these may have come or gone."""
        for user_id in user_ids:
            self._watchers[user_id].add(wake)

    def unwatch(self, user_ids: Iterable[int], wake: Wake) -> None:
        """Undo `watch`."""
        for user_id in user_ids:
            watchers = self._watchers.get(user_id, set())
            watchers.discard(wake)
            if not watchers:
                self._watchers.pop(user_id, None)

    def _hear(self, payload: bytes) -> None:
        for user_id in payload.split(b","):
            for wake in tuple(self._watchers.get(int(user_id), ())):
                wake()

    # -- renewing

    async def _run(self) -> None:
        await self._bus.listen({scripts.CHANNEL: self._hear})
        loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._beat):
                    await self._changed.wait()
                    await asyncio.sleep(_TOGETHER)
            self._changed.clear()
            is_beat = loop.time() >= self._beat
            if is_beat:
                self._beat = loop.time() + self._ttl / _BEATS
            try:
                await self._tell(is_beat=is_beat)
            except (RedisError, OSError) as error:
                _log.warning("who is online could not be told: %r", error)
            except Exception:  # noqa: BLE001 - logged, and tried again
                _log.exception("leases were not renewed; tried again")

    async def _tell(self, *, is_beat: bool) -> None:
        # New ones first: whoever opens a socket for another stays online.
        gone, self._gone = self._gone, {}
        new, self._new = self._new, {}
        await self._renew(self._held if is_beat else new)
        await self._release(gone)
        if is_beat:
            while len(await self._call(scripts.REAP, scripts.ONLINE, _AT_ONCE)) == _AT_ONCE:
                pass
            for wake in {wake for watchers in self._watchers.values() for wake in watchers}:
                wake()  # hints may have been lost

    async def _renew(self, leases: dict[str, int]) -> None:
        for chunk in _chunks(list(leases.items())):
            pairs = [part for connection, user_id in chunk for part in (user_id, connection)]
            await self._call(scripts.RENEW, scripts.ONLINE, int(self._ttl * 1000), *pairs)

    async def _release(self, leases: dict[str, int]) -> None:
        for chunk in _chunks(list(leases.items())):
            pairs = [part for connection, user_id in chunk for part in (user_id, connection)]
            await self._call(scripts.RELEASE, scripts.ONLINE, *pairs)

    def _forget_beat(self) -> None:
        # Redis was away, and may have forgotten everything: renew at once.
        self._beat = 0.0
        self._changed.set()

    async def _run_script(self, script: str, key: str, *values: str | int) -> Any:
        with unavailable():
            return await self._call(script, key, *values)

    async def _call(self, script: str, key: str, *values: str | int) -> Any:
        async with asyncio.timeout(_PATIENCE):
            return await self._redis.client.register_script(script)([key], values)


def typing_channel(conversation_id: UUID) -> str:
    """The key of who types in a conversation, and the channel that tells of it."""
    return f"typing:{conversation_id}"


def _chunks(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
