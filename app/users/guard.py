"""Whether sessions go on: PostgreSQL is the truth, Redis the look-up, and this process remembers.

An ending is heard over the bus at once. Every second one command asks PostgreSQL what has ended,
so that a lost hint, or a change made behind our back, costs no more than that.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
from redis.exceptions import RedisError
from sqlalchemy import DateTime, Uuid, bindparam, func, select, update

from app.bus import Bus
from app.errors import SessionRevoked, StoreUnavailable
from app.stores.postgres import Postgres, Read
from app.stores.redis import Redis
from app.tasks import stop
from app.users.models import SessionEnd, UserSession

_log = logging.getLogger(__name__)

Ending = tuple[UUID, str]
Told = Callable[[SessionRevoked], None]

CHANNEL = "sessions:ended"
_ACTIVE = b"active"
_KNOWN = 5.0  # seconds for which a session that goes on is not asked about again
_LOOKUP = 900  # seconds that Redis holds what it was told
_PATIENCE = 0.25  # seconds that Redis may take
_PATIENCE_FOR_TRUTH = 2.0
_AWAY = 2.0  # seconds for which a store that took longer is not asked
_OVERLAP = timedelta(seconds=15)  # an ending may become visible this long after its time
_MOST = 100_000  # sessions remembered of either kind
_ACTIVITY = 60.0  # seconds between notes of who was active

_S = UserSession.__table__.c
_END = _S["metadata"]["end"].as_string()
_STATE = Read(select(_S.ended_at, _END).where(_S.id == bindparam("id", type_=Uuid)))
_ENDED_SINCE = Read(
    select(_S.id, _END).where(_S.ended_at > bindparam("since", type_=DateTime(timezone=True)))
)


class Guard:
    """Knows which sessions have ended, and tells whoever has a socket open under one.

    Args:
        auth: Where sessions are.
        redis: Holds what was looked up, for all processes.
        bus: Carries endings.
        interval: Seconds between looks.
    """

    def __init__(self, auth: Postgres, redis: Redis, bus: Bus, interval: float) -> None:
        self._auth = auth
        self._redis = redis
        self._bus = bus
        self._interval = interval
        self._ended: dict[UUID, str] = {}
        self._known: dict[UUID, float] = {}
        self._seen: set[UUID] = set()
        self._watchers: dict[UUID, set[Told]] = defaultdict(set)
        self._redis_away = self._truth_away = 0.0
        self._look = asyncio.Event()
        self._since = _before(_LOOKUP)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Hear and look for endings in the background."""
        self._bus.on_reconnect(self._catch_up)
        self._tasks = [asyncio.create_task(self._sweep()), asyncio.create_task(self._note())]

    async def close(self) -> None:
        """Stop."""
        await stop(self._tasks)

    def check_now(self, session_id: UUID | None) -> None:
        """Refuse a session that this process knows to have ended; asks no store.

        Raises:
            SessionRevoked: It has, with the reason.
        """
        if session_id is not None and (reason := self._ended.get(session_id)) is not None:
            raise SessionRevoked(reason)

    async def check(self, session_id: UUID) -> None:
        """Refuse a session that has ended.

        Where neither store answers, the token's signature has to do for its short life: only
        what this process has heard of is refused.

        Raises:
            SessionRevoked: It has, with the reason.
        """
        self._seen.add(session_id)
        self.check_now(session_id)
        if self._known.get(session_id, 0.0) > time.monotonic():
            return
        state = await self._looked_up(session_id)
        if state is None and (state := await self._read(session_id)) is not None:
            # Not over what somebody else wrote: it may have ended since it was read.
            await self._tell_redis([(session_id, state)], over=False)
        if state is not None and state != _ACTIVE.decode():
            self._remember([(session_id, state)])
        self.check_now(session_id)
        self.begin(session_id)

    def begin(self, session_id: UUID) -> None:
        """Note that a session goes on, as far as this process knows."""
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[session_id] = time.monotonic() + _KNOWN

    async def began(self, session_id: UUID) -> None:
        """Note a session that was just committed, here and in Redis."""
        self.begin(session_id)
        await self._tell_redis([(session_id, _ACTIVE.decode())], over=False)

    async def ended(self, endings: Iterable[Ending]) -> None:
        """Tell every process of sessions whose ending was just committed."""
        fresh = list(endings)
        if not fresh:
            return
        self._remember(fresh)
        await self._tell_redis(fresh, over=True)
        # asyncpg has a UUID type of its own, which orjson gives to `default`.
        await self._bus.publish(CHANNEL, orjson.dumps(fresh, default=str))

    def watch(self, session_id: UUID | None, told: Told) -> Callable[[], None]:
        """Call this when a session ends; returns what stops it. A token without one never ends."""
        if session_id is None:
            return lambda: None
        self._watchers[session_id].add(told)

        def stop() -> None:
            watchers = self._watchers.get(session_id, set())
            watchers.discard(told)
            if not watchers:
                self._watchers.pop(session_id, None)

        return stop

    def _remember(self, endings: Iterable[Ending]) -> list[Ending]:
        fresh = [(i, reason) for i, reason in endings if i not in self._ended]
        for session_id, reason in fresh:
            self._ended[session_id] = reason
            self._known.pop(session_id, None)
            for told in tuple(self._watchers.get(session_id, ())):
                told(SessionRevoked(reason))
        while len(self._ended) > _MOST:
            del self._ended[next(iter(self._ended))]  # the stores still know
        return fresh

    def _hear(self, payload: bytes) -> None:
        self._remember((UUID(i), str(reason)) for i, reason in orjson.loads(payload))

    def _catch_up(self) -> None:
        # Redis may hold what was true before it was away; and hints were lost.
        self._since = _before(_LOOKUP)
        self._redis_away = 0.0
        self._look.set()

    # -- the stores

    async def _looked_up(self, session_id: UUID) -> str | None:
        if time.monotonic() < self._redis_away:
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await self._redis.client.get(_key(session_id))
        except (RedisError, OSError):  # a TimeoutError is one
            self._redis_away = time.monotonic() + _AWAY
            return None
        return found.decode() if isinstance(found, bytes) else None

    async def _read(self, session_id: UUID) -> str | None:
        """Its state by PostgreSQL: active or why it ended; None if that does not answer."""
        if time.monotonic() < self._truth_away:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_FOR_TRUTH):
                rows = await self._auth.fetch(_STATE, id=session_id)
        except (StoreUnavailable, TimeoutError):
            self._truth_away = time.monotonic() + _AWAY
            _log.warning("sessions cannot be looked up: tokens hold by their signature")
            return None
        if not rows:
            return SessionEnd.EXPIRED
        ended_at, reason = rows[0]
        return _ACTIVE.decode() if ended_at is None else reason or SessionEnd.REVOKED

    async def _tell_redis(self, states: Sequence[Ending], *, over: bool) -> None:
        if not states or time.monotonic() < self._redis_away:
            return
        try:
            async with asyncio.timeout(_PATIENCE), self._redis.client.pipeline(False) as commands:
                for session_id, state in states:
                    commands.set(_key(session_id), state, ex=_LOOKUP, nx=not over)
                await commands.execute()
        except (RedisError, OSError) as error:
            self._redis_away = time.monotonic() + _AWAY
            _log.warning("Redis was not told of sessions: %r", error)

    async def _sweep(self) -> None:
        await self._bus.listen({CHANNEL: self._hear})
        while True:
            self._look.clear()
            since, now = self._since, datetime.now(UTC)
            try:
                rows = await self._auth.fetch(_ENDED_SINCE, since=since - _OVERLAP)
            except StoreUnavailable:
                pass  # the next look covers this one
            except Exception:  # noqa: BLE001 - logged, and tried again
                _log.exception("sessions that have ended could not be read")
            else:
                ended = [(i, reason or SessionEnd.REVOKED) for i, reason in rows]
                fresh = self._remember(ended)
                is_catching_up = now - since > _OVERLAP
                await self._tell_redis(ended if is_catching_up else fresh, over=True)
                if self._since == since:
                    self._since = now
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._look.wait()

    async def _note(self) -> None:
        async for seen in self._active():
            mine = (
                select(_S.id)
                .where(_S.id.in_(seen), _S.last_activity_at < func.now() - timedelta(minutes=1))
                .with_for_update(skip_locked=True)  # another process may be noting the same
            )
            try:
                async with self._auth.begin() as tx:
                    await tx.execute(
                        update(UserSession)
                        .where(_S.id.in_(mine))
                        .values(last_activity_at=func.now())
                    )
            except StoreUnavailable:
                pass
            except Exception:  # noqa: BLE001 - logged, and not worth more
                _log.exception("who was active could not be noted")

    async def _active(self) -> AsyncIterator[list[UUID]]:
        while True:
            await asyncio.sleep(_ACTIVITY)
            seen, self._seen = list(self._seen), set()
            for start in range(0, len(seen), 1_000):
                yield seen[start : start + 1_000]


def _before(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def _key(session_id: UUID) -> str:
    return f"session:{session_id}"
