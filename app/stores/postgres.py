"""PostgreSQL: pooled connections, reads compiled once, and transactions."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from typing import Any

import asyncpg
import orjson
from sqlalchemy import Executable, event, exc
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.errors import Deadlocked, StoreUnavailable
from app.settings import Settings
from app.stores.tls import SSL_OPTIONS, ssl_of

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]

# What asyncpg raises when the server is away, starting, stopping, out of connections or of time: a
# retry may succeed.
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
)


Publish = Callable[[str, bytes], Awaitable[None]]
_HINTS = "hints"

# Given the keys of what a transaction has changed, such as `user:1`; it commits within the block.
Changing = Callable[[Sequence[str]], AbstractAsyncContextManager[None]]
# What triggers call their message, with the keys as its detail.
_WRITTEN = "written"


def publish_after_commit(tx: AsyncConnection, channel: str, payload: bytes) -> None:
    """Tell a channel when the transaction has committed, and nobody if it does not."""
    tx.info.setdefault(_HINTS, []).append((channel, payload))


class Read:
    """A SELECT compiled once to SQL text; its named parameters are given at each run.

    Values go to the driver as they are: an enum goes and comes as its label; JSON comes decoded.
    """

    __slots__ = ("_defaults", "_names", "sql")

    def __init__(self, statement: Executable) -> None:
        compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
        self.sql: str = compiled.string
        self._names: Sequence[str] = compiled.positiontup or ()
        self._defaults: dict[str, Any] = dict(compiled.params)

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """The positional arguments, in the order in which the text numbers them."""
        return [values[n] if n in values else self._defaults[n] for n in self._names]


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except _AWAY as error:
        raise StoreUnavailable("postgresql") from error
    except asyncpg.DeadlockDetectedError as error:
        raise Deadlocked("postgresql") from error
    except exc.TimeoutError as error:  # every pooled connection is taken
        raise StoreUnavailable("postgresql") from error
    except exc.DBAPIError as error:
        driver_error = error.orig.__cause__ if error.orig else None
        if isinstance(driver_error, asyncpg.DeadlockDetectedError):
            raise Deadlocked("postgresql") from error
        if error.connection_invalidated or isinstance(driver_error, _AWAY):
            raise StoreUnavailable("postgresql") from error
        raise


class Postgres:
    """One PostgreSQL database.

    Args:
        url: `postgresql://user:password@host:port/name`, with libpq's `sslmode` if wanted.
        settings: Pool sizes, time-outs and whether prepared statements may be kept.
        publish: Tells a channel of what a transaction has committed.
        changing: Surrounds the commits of what may be cached.
    """

    def __init__(
        self,
        url: str,
        settings: Settings,
        publish: Publish | None = None,
        changing: Changing | None = None,
    ) -> None:
        self._publish = publish
        self._changing = changing
        self._timeout = settings.database_timeout
        self.engine = _create_engine(url, settings)
        if changing is not None:
            event.listen(self.engine.sync_engine, "connect", _hear_what_is_written)

    async def fetch(self, read: Read, **values: Any) -> list[asyncpg.Record]:
        """Run a compiled read on a connection of its own.

        Raises:
            StoreUnavailable: The database does not answer in time.
        """
        with _unavailable():
            async with self.engine.connect() as connection:
                driver = (await connection.get_raw_connection()).driver_connection
                rows: list[asyncpg.Record] = await driver.fetch(  # type: ignore[union-attr]
                    read.sql, *read.arguments(values), timeout=self._timeout
                )
                return rows

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed when the block ends and rolled back when it raises.

        Raises:
            StoreUnavailable: The database does not answer; the outcome of a commit under way is
                then unknown, and a retry with the same client key is safe.
        """
        with _unavailable():
            async with AsyncExitStack() as around, self.engine.begin() as connection:
                for name in (_HINTS, _WRITTEN):
                    connection.info.pop(name, None)  # of one that was rolled back
                yield connection
                hints = connection.info.pop(_HINTS, ())
                written = connection.info.pop(_WRITTEN, None)
                if written and self._changing is not None:
                    await around.enter_async_context(self._changing(written))
        if self._publish is not None:
            for channel, payload in hints:
                await self._publish(channel, payload)

    async def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Add rows to a table in one command: all of them, or none.

        Raises:
            StoreUnavailable: The database does not answer in time; the outcome is unknown.
        """
        with _unavailable():
            async with self.engine.connect() as connection:
                driver = (await connection.get_raw_connection()).driver_connection
                await driver.copy_records_to_table(  # type: ignore[union-attr]
                    table, records=rows, columns=columns
                )

    async def ping(self) -> None:
        """Answer if the database does.

        Raises:
            StoreUnavailable: It does not.
        """
        await self.fetch(_PING)

    async def close(self) -> None:
        """Close every pooled connection."""
        await self.engine.dispose()


class _Ping(Read):
    def __init__(self) -> None:
        self.sql, self._names, self._defaults = "SELECT 1", (), {}


_PING = _Ping()


def _create_engine(url: str, settings: Settings) -> AsyncEngine:
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    connect: dict[str, Any] = {
        "timeout": settings.database_timeout,
        "command_timeout": settings.database_timeout,
        "server_settings": {"application_name": "isthmus", "timezone": "UTC"},
    }
    connect["ssl"] = ssl_of(parsed.query, settings.postgres_ca)
    parsed = parsed.difference_update_query(SSL_OPTIONS)
    if not settings.database_prepared_statements:
        connect |= {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    engine = create_async_engine(
        parsed,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_overflow,
        pool_timeout=settings.database_timeout,
        pool_recycle=settings.database_pool_recycle,
        connect_args=connect,
        hide_parameters=True,  # an error's text, and so a log, must not have what people sent
        json_deserializer=orjson.loads,  # also of raw reads: SQLAlchemy sets it on the connection
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(dbapi_connection: Any, _record: Any, _proxy: Any) -> None:
    # A pre-ping without its round trip: asyncpg has seen the server close the socket.
    if dbapi_connection.driver_connection.is_closed():
        raise exc.DisconnectionError


def _hear_what_is_written(dbapi_connection: Any, record: Any) -> None:
    # Before the statement's own answer is: messages and answers come on one connection, in order.
    def hear(_: Any, message: Any) -> None:
        if message.message == _WRITTEN:
            record.info.setdefault(_WRITTEN, []).extend(orjson.loads(message.detail))

    dbapi_connection.driver_connection.add_log_listener(hear)
