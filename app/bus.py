"""Wake-ups over Redis: one pub/sub connection per process, however many listen.

Redis forgets what nobody hears, so what is published here is a hint and never the truth: a
listener reads its store after it has begun to listen, after `reconnected`, and now and then.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

from redis.asyncio import Connection
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from app.stores.redis import Redis
from app.tasks import stop

_log = logging.getLogger(__name__)

Listener = Callable[[bytes], None]

_BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0)  # seconds between attempts to connect
_SILENCE = 10.0  # seconds after which Redis is asked whether it is there
_PUBLISH = 1.0  # seconds that whoever publishes waits, what it tells being done already
_CONFIRM = 1.0  # seconds to wait for Redis to confirm a subscription


class Bus:
    """Publishes to channels, and calls listeners with what they hear.

    Args:
        redis: Publishes on its pool; the one pub/sub connection is made beside it.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._confirmed: dict[str, asyncio.Event] = {}
        self._reconnected: set[Callable[[], None]] = set()
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Connect, and stay connected, in the background."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            await stop([self._task, *self._sending])

    async def publish(self, channel: str, payload: bytes) -> None:
        """Wake whoever listens to a channel; a failure costs them a delay, so it is only logged."""
        try:
            async with asyncio.timeout(_PUBLISH):
                await self._redis.client.publish(channel, payload)
        except (RedisError, OSError) as error:  # a TimeoutError is one
            _log.warning("a hint was not published: %r", error)

    def on_reconnect(self, call: Callable[[], None]) -> None:
        """Call this whenever hints may have been missed."""
        self._reconnected.add(call)

    async def listen(self, listeners: Mapping[str, Listener]) -> None:
        """Hear channels, each by its listener.

        What is published after this returns is heard, if Redis is up.
        """
        new = [channel for channel in listeners if channel not in self._listeners]
        for channel in new:
            self._confirmed[channel] = asyncio.Event()
        for channel, listener in listeners.items():
            self._listeners[channel].add(listener)
        await self._command("SUBSCRIBE", new)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CONFIRM):
                for channel in listeners:
                    await self._confirmed[channel].wait()

    async def ignore(self, listeners: Mapping[str, Listener]) -> None:
        """Hear channels no more, each by its listener."""
        silent = []
        for channel, listener in listeners.items():
            heard_by = self._listeners.get(channel, set())
            heard_by.discard(listener)
            if not heard_by and self._listeners.pop(channel, None) is not None:
                del self._confirmed[channel]
                silent.append(channel)
        await self._command("UNSUBSCRIBE", silent)

    async def _command(self, name: str, channels: Collection[str]) -> None:
        if channels and self._connection is not None:
            # Who is cancelled meanwhile must not take the connection along, as redis-py does then:
            # everybody else hears by it.
            sending = asyncio.create_task(_send(self._connection, name, channels))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
            await asyncio.shield(sending)

    async def _run(self) -> None:
        attempt = 0
        while True:
            connection = self._redis.make_connection()
            try:
                await connection.connect()  # type: ignore[no-untyped-call]
                self._connection = connection
                if self._listeners:
                    await connection.send_command("SUBSCRIBE", *self._listeners)
                for call in self._reconnected:
                    call()
                attempt = 0
                await self._read(connection)
            except (RedisError, OSError) as error:
                _log.warning("the pub/sub connection broke: %s", error)
            finally:
                self._connection = None
                await connection.disconnect(nowait=True)
            await asyncio.sleep(_BACKOFF[min(attempt, len(_BACKOFF) - 1)])
            attempt += 1

    async def _read(self, connection: Connection) -> None:
        asked = False
        while True:
            try:
                message = await connection.read_response(
                    timeout=_SILENCE, disconnect_on_error=False
                )
            except RedisTimeout:
                if asked:
                    raise
                await connection.send_command("PING")
                asked = True
            else:
                asked = False
                self._hear(message)

    def _hear(self, message: object) -> None:
        if not isinstance(message, list) or len(message) != 3:
            return
        kind, channel, payload = message[0], message[1].decode(), message[2]
        if kind == b"message":
            for listener in tuple(self._listeners.get(channel, ())):
                try:
                    listener(payload)
                except Exception:  # noqa: BLE001 - logged, and the others go on
                    _log.exception("a listener failed on channel %s", channel)
        elif kind == b"subscribe" and channel in self._confirmed:
            self._confirmed[channel].set()


async def _send(connection: Connection, name: str, channels: Collection[str]) -> None:
    # On an error the reader sees it too: it connects again and subscribes to everything.
    # An AttributeError is redis-py's, of a connection that was closed meanwhile.
    with suppress(RedisError, OSError, AttributeError):
        await connection.send_command(name, *channels)
