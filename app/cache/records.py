"""A cache that is never needed, and never older than what was committed.

Readers take leases, as in "Scaling Memcache at Facebook" (NSDI 2013, 3.2.1). Writers hold what
they change from before the commit until after it; meanwhile readers ask the database. So a writer
that dies, or does not know whether it committed, leaves nothing that is out of date.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import fields
from itertools import islice
from secrets import token_bytes
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from redis.exceptions import RedisError

from app.cache.scripts import FILL, HOLD, LEASE, READ, RELEASE, TAKE
from app.stores.redis import Redis
from app.tasks import stop

_log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_PATIENCE = 0.1  # seconds that a command may take
_TURNS = 5  # in which it is waited for: what a busy event loop loses in one, it has in the next
_SLOTS = 8  # commands of a process at once, so that a burst waits in turn and opens no connections
_LEASE = 5_000  # milliseconds, more than a read of the database may take
_HOLD = 30_000  # milliseconds, more than a commit may take whose outcome nobody hears of
_AT_ONCE = 1_000  # keys that one command changes
_MENDING = 1.0  # seconds that Redis may take to connect, and between attempts


class Kind(Generic[K, V]):
    """A kind of record.

    Args:
        name: What its keys begin with; the triggers that tell of changes know it.
        record: Its dataclass. A record of other fields, of another release, is not read.
        spell: The rest of a key.
    """

    def __init__(self, name: str, record: type[V], spell: Callable[[K], str] = str) -> None:
        self.name = name
        self.spell = spell
        self._one = TypeAdapter(record)
        self._many = TypeAdapter(list[record])  # type: ignore[valid-type]
        shape = repr([(f.name, f.type) for f in fields(record)])  # type: ignore[arg-type]
        self.mark = b"v" + hashlib.sha256(shape.encode()).digest()[:8]

    def dump(self, record: V) -> bytes:
        """A record's value."""
        return self.mark + self._one.dump_json(record)

    def load(self, values: Sequence[bytes]) -> list[V]:
        """The records of values that begin with the mark.

        Raises:
            ValidationError: Something else has written one of them.
        """
        start = len(self.mark)
        return self._many.validate_json(b"[%b]" % b",".join(v[start:] for v in values))


class Cache:
    """Records for a while, in a Redis that may lose them, be slow, or be away.

    While it does not answer, readers go on without it, and what is changed meanwhile is owed: it
    is taken out before this process reads the cache again.

    Args:
        redis: Of its own: what it evicts is not missed.
        ttl: Seconds for which a record is kept at most.

    Attributes:
        hits: Records that were found, since the start.
        misses: Those that were not, or could not be looked for.
    """

    def __init__(self, redis: Redis, ttl: float) -> None:
        self._redis = redis
        self._scripts = {
            script: redis.client.register_script(script) for script in (READ, FILL, TAKE, RELEASE)
        }
        self._ttl = ttl
        self._owed: dict[str, float] = {}  # until when there may be an old record
        self._slots = asyncio.Semaphore(_SLOTS)
        self._broken = asyncio.Event()
        self._broken.set()  # until it has answered once
        self._task: asyncio.Task[None] | None = None
        self.hits = self.misses = 0

    def start(self) -> None:
        """Connect, and stay connected, in the background."""
        self._task = asyncio.create_task(self._mend())

    async def close(self) -> None:
        """Stop, and close every connection."""
        if self._task is not None:
            await stop([self._task])
        await self._redis.close()

    async def read(
        self,
        kind: Kind[K, V],
        keys: Sequence[K],
        fetch: Callable[[list[K]], Awaitable[list[V | None]]],
    ) -> list[V | None]:
        """The records of these keys, in order: cached ones, and what `fetch` gives for the rest.

        What `fetch` does not find is not cached; what it raises is raised.
        """
        names = [f"cache:{kind.name}:{kind.spell(key)}" for key in keys]
        lease = LEASE + token_bytes(8)
        values = await self._run(READ, names, lease, _LEASE) or [b""] * len(keys)
        found = self._found(kind, keys, values)
        missing = [key for key in keys if key not in found]
        self.hits += len(found)
        self.misses += len(missing)
        if missing:
            leased = {
                key: name
                for key, name, value in zip(keys, names, values, strict=True)
                if value is None
            }
            fetched = zip(missing, await fetch(missing), strict=True)
            fresh = {key: record for key, record in fetched if record is not None}
            found |= fresh
            fills = {leased[key]: kind.dump(fresh[key]) for key in fresh if key in leased}
            if fills:
                await self._run(FILL, [*fills], lease, int(self._ttl * 1000), *fills.values())
        return [found.get(key) for key in keys]

    @asynccontextmanager
    async def changing(self, keys: Sequence[str]) -> AsyncIterator[None]:
        """Commit a change of these within the block; from its start nobody is told what was.

        Args:
            keys: Of any kinds, such as `user:1`.
        """
        names = [f"cache:{key}" for key in dict.fromkeys(keys)]
        hold = HOLD + token_bytes(8)
        is_held = await self._run_on_all(TAKE, names, hold, _HOLD)
        try:
            yield
        except BaseException:
            # It may have been committed all the same: then the hold must run out.
            if not is_held:
                self._owe(names)
            raise
        if not is_held or not await self._run_on_all(RELEASE, names, hold):
            self._owe(names)

    @staticmethod
    def _found(kind: Kind[K, V], keys: Sequence[K], values: Sequence[bytes | None]) -> dict[K, V]:
        hits = {
            key: value
            for key, value in zip(keys, values, strict=True)
            if value is not None and value.startswith(kind.mark)
        }
        try:
            return dict(zip(hits, kind.load([*hits.values()]), strict=True))
        except ValidationError:
            _log.warning("the cache holds what is no %s", kind.name)  # not what: it is personal
            return {}

    async def _run_on_all(self, script: str, names: list[str], *values: bytes | int) -> bool:
        for some in _chunks(names):
            if await self._run(script, some, *values) is None:
                return False
        return True

    async def _run(self, script: str, names: list[str], *values: bytes | int) -> Any:
        """What a script returns; None at once while Redis is known not to answer."""
        async with self._slots:
            if self._broken.is_set():
                return None
            try:
                return await self._answer(script, names, values)
            except (RedisError, OSError) as error:  # a TimeoutError is one
                if not self._broken.is_set():
                    _log.warning("the cache does not answer, and is left alone: %r", error)
                    self._broken.set()
                return None

    async def _answer(self, script: str, names: list[str], values: Sequence[bytes | int]) -> Any:
        call = asyncio.ensure_future(self._scripts[script](names, values))
        try:
            for _ in range(_TURNS):
                if (await asyncio.wait([call], timeout=_PATIENCE / _TURNS))[0]:
                    return call.result()
        finally:
            call.cancel()
        raise TimeoutError

    def _owe(self, names: list[str]) -> None:
        now = asyncio.get_running_loop().time()
        for name in names:
            self._owed.pop(name, None)
            self._owed[name] = now + self._ttl
        for name in [n for n in islice(self._owed, len(names)) if self._owed[n] < now]:
            del self._owed[name]
        self._broken.set()

    async def _mend(self) -> None:
        while True:
            await self._broken.wait()
            with suppress(RedisError, OSError):
                async with asyncio.timeout(_MENDING):
                    await self._redis.client.ping()
                await self._pay()
                self._broken.clear()
            # Also when it answers: one that then refuses what it is told is not asked each time.
            await asyncio.sleep(_MENDING)

    async def _pay(self) -> None:
        while self._owed:
            some = dict(islice(self._owed.items(), _AT_ONCE))
            for name in some:
                del self._owed[name]
            try:
                async with asyncio.timeout(_MENDING):
                    await self._scripts[RELEASE]([*some], [HOLD])
            except BaseException:
                self._owed = some | self._owed
                raise


def _chunks(names: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(names), _AT_ONCE):
        yield names[first : first + _AT_ONCE]
