"""Rate limits: counted in Redis for all processes, in this one's memory while Redis is away.

The windows are fixed, so that a count is one command and a client is told exactly when to come
back; each key's windows begin at a time of its own, so that not everybody comes back at once.
"""

import asyncio
import math
import time
from dataclasses import dataclass
from zlib import crc32

from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from redis.exceptions import RedisError

from app.errors import RateLimited
from app.stores.redis import Redis

# Seconds that a count may take, and for which Redis is not asked again after it took longer.
_PATIENCE = 0.25
_AWAY = 2.0
# Keys of which this process knows that nothing is left.
_EXHAUSTED = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """How much a key may use in each window.

    Attributes:
        name: Of what is counted; keys of different names share nothing.
        amount: Allowed in a window.
        seconds: A window's length.
    """

    name: str
    amount: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left in a window.

    Attributes:
        limit: Allowed in the window.
        remaining: Not used yet.
        cost: What was asked for just now.
        reset_at: When the next window begins, in seconds of the Unix epoch.
    """

    limit: int
    remaining: int
    cost: int
    reset_at: float

    @property
    def reset_in(self) -> int:
        """Whole seconds until the next window; at least one."""
        return max(1, math.ceil(self.reset_at - time.time()))


class Limiter:
    """Counts what keys use. It never fails open: without Redis each process counts by itself.

    Args:
        redis: Where all processes count.
    """

    def __init__(self, redis: Redis) -> None:
        pool = redis.client.connection_pool
        self._shared: Storage = RedisStorage(
            "async+redis://pool:0",  # it wants one, and takes the pool
            implementation="redispy",
            key_prefix="limits",
            connection_pool=pool,  # type: ignore[arg-type]
        )
        self._own: Storage = MemoryStorage()
        self._away_until = 0.0
        self._exhausted: dict[str, float] = {}

    def check(self, rate: Rate, key: str) -> None:
        """Refuse a key of which this process knows that nothing is left, at no cost.

        Raises:
            RateLimited: Nothing is left before the next window.
        """
        reset_at = self._exhausted.get(f"{rate.name}/{key}", 0.0)
        if reset_at > time.time():
            raise _refused(Budget(rate.amount, 0, 0, reset_at))

    async def hit(self, rate: Rate, key: str, cost: int = 1) -> Budget:
        """Use some of a key's budget. What is refused is not used.

        Args:
            rate: What is counted, and how much is allowed.
            key: Whose it is; at most some 200 characters.
            cost: How much is used, at least 1.

        Raises:
            RateLimited: Less than that is left, with the seconds to the next window.
        """
        self.check(rate, key)
        now = time.time()
        named = f"{rate.name}/{key}"
        offset = crc32(named.encode()) % rate.seconds
        window = int((now - offset) // rate.seconds)
        reset_at = float((window + 1) * rate.seconds + offset)
        counter = f"{named}/{window}"
        used = await self._count(counter, rate.seconds, cost)
        if used <= rate.amount:
            return Budget(rate.amount, rate.amount - used, cost, reset_at)
        left = max(0, rate.amount - (used - cost))
        if left:
            await self._count(counter, rate.seconds, -cost)
        else:
            self._remember(named, reset_at)
        raise _refused(Budget(rate.amount, left, cost, reset_at))

    async def _count(self, counter: str, seconds: int, cost: int) -> int:
        now = time.monotonic()
        if now >= self._away_until:
            was_away = self._away_until > 0
            if was_away:
                self._away_until = now + _AWAY  # the others need not wait for this attempt
            try:
                async with asyncio.timeout(_PATIENCE):
                    used = await self._shared.incr(counter, seconds, amount=cost)
            except (RedisError, OSError):  # a TimeoutError is one
                self._away_until = time.monotonic() + _AWAY
            else:
                self._away_until = 0.0
                return used
        return await self._own.incr(counter, seconds, amount=cost)

    def _remember(self, named: str, reset_at: float) -> None:
        if len(self._exhausted) >= _EXHAUSTED:
            now = time.time()
            self._exhausted = {k: at for k, at in self._exhausted.items() if at > now}
            if len(self._exhausted) >= _EXHAUSTED:
                self._exhausted.clear()  # Redis still knows
        self._exhausted[named] = reset_at


def _refused(budget: Budget) -> RateLimited:
    return RateLimited(
        budget.reset_in, limit=budget.limit, remaining=budget.remaining, cost=budget.cost
    )
