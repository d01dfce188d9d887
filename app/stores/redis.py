"""Redis or Valkey: one client per process; pub/sub has a connection of its own in the bus."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import BlockingConnectionPool, Connection
from redis.asyncio import Redis as Client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.errors import StoreUnavailable


class Redis:
    """One Redis server.

    Args:
        url: `redis://` or `rediss://host:port/number`.
        pool_size: How many commands may be under way; more wait for these.
    """

    def __init__(self, url: str, pool_size: int = 50) -> None:
        pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
            url,
            max_connections=pool_size,
            timeout=5,  # seconds to wait for a connection
            protocol=2,
            socket_connect_timeout=3,
            socket_timeout=5,
            health_check_interval=15,
            # Once, for a pooled connection that the server closed: while Redis is down, callers
            # go on without it, and the client's own ten attempts would keep them for seconds.
            retry=Retry(NoBackoff(), 1),
        )
        self.client: Client = Client.from_pool(pool)

    def make_connection(self) -> Connection:
        """A connection of its own, outside the pool, for pub/sub."""
        pool = self.client.connection_pool
        connection: Connection = pool.make_connection()  # type: ignore[no-untyped-call]
        # A health check reads, and the listener is reading: two readers break the connection.
        connection.health_check_interval = 0
        return connection

    async def ping(self) -> None:
        """Answer if the server does.

        Raises:
            StoreUnavailable: It does not.
        """
        with unavailable():
            await self.client.ping()

    async def close(self) -> None:
        """Close every connection."""
        await self.client.aclose()


@contextmanager
def unavailable() -> Iterator[None]:
    """Turn the driver's errors of a server that is away into `StoreUnavailable`."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StoreUnavailable("redis") from error
