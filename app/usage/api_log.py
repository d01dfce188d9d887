"""A log of the API's calls that costs them nothing: kept in memory, written in batches, bounded."""

import asyncio
import logging
from collections import deque
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from itertools import islice
from uuid import UUID

from app.errors import StoreUnavailable
from app.stores.postgres import Postgres
from app.tasks import stop
from app.usage.models import ApiLog

_EVERY = 1.0  # seconds
_BATCH = 1_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call as it is logged: its columns, in this order; no arguments, no variables.

    Attributes:
        endpoint: The operation's name, or the route for everything else.
        method: HTTP's, or `WEBSOCKET`.
        error_message: The code of its first error.
    """

    id: UUID
    created_at: datetime
    user_id: int | None
    endpoint: str
    method: str
    status_code: int
    response_time_ms: float
    ip_address: str | None
    user_agent: str | None
    error_message: str | None


_COLUMNS = [field.name for field in fields(ApiCall)]


class CallLog:
    """What was called, on its way to the database; what does not fit in between is dropped.

    Args:
        main: Where it is written to.
        size: How many calls may wait.

    Attributes:
        dropped: How many did not fit, or could not be written.
    """

    def __init__(self, main: Postgres, size: int) -> None:
        self._main = main
        self._size = size
        self._waiting: deque[ApiCall] = deque()
        self._writing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self.dropped = 0

    def note(self, call: ApiCall) -> None:
        """Log a call, or drop it; never waits, and never fails."""
        if len(self._waiting) < self._size:
            self._waiting.append(call)
        else:
            self.dropped += 1

    def start(self) -> None:
        """Begin to write, in the background."""
        self._tasks = [asyncio.create_task(self._keep_writing())]

    async def close(self) -> None:
        """Write what waits, if the database answers."""
        await stop(self._tasks)
        await self.write()
        if self._waiting:
            _log.warning("%d calls were not logged", len(self._waiting))

    async def _keep_writing(self) -> None:
        told = 0
        while True:
            await asyncio.sleep(_EVERY)
            await self.write()
            if self.dropped > told:
                _log.warning("%d calls were not logged", self.dropped - told)
                told = self.dropped

    async def write(self) -> None:
        """Write what waits; what cannot be written now goes on waiting."""
        async with self._writing:
            await self._write()

    async def _write(self) -> None:
        while self._waiting:
            # They wait on until they are written: a database that is away loses none.
            batch = list(islice(self._waiting, _BATCH))
            try:
                await self._main.copy(ApiLog.__tablename__, _COLUMNS, map(astuple, batch))
            except StoreUnavailable as error:
                _log.warning("%s; the log of calls waits", error)
                return
            except Exception:  # noqa: BLE001 - logged; the next batch does not wait
                _log.exception("calls were not logged")
                self.dropped += len(batch)
            for _ in batch:
                self._waiting.popleft()
