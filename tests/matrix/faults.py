"""Stores that die, and clients that leave, at one chosen step of one request."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

import asyncpg
import pytest
from pymongo.asynchronous.pool import AsyncConnection
from pymongo.errors import AutoReconnect
from sqlalchemy.dialects.postgresql.asyncpg import (
    AsyncAdapt_asyncpg_connection,
    AsyncAdapt_asyncpg_cursor,
)

from app.api.http import GraphQLOverHTTP
from app.request import request_id
from app.services import Services


class Fault(Enum):
    """What happens at the step."""

    UNHEARD = "the store dies before it hears of it"
    UNANSWERED = "the store does it, and dies before it says so"
    CANCELLED = "the request is cancelled"


class Faults:
    """Counts the commands of a request to the stores, and lets one of them go wrong.

    A store that has died stays dead for the request. All other requests, and the background, are
    left alone.
    """

    def __init__(self) -> None:
        self.steps: list[str] = []
        self._request: str | None = None
        self._at: int | None = None
        self._fault = Fault.UNHEARD
        self._dead: set[str] = set()
        self._task: asyncio.Task[Any] | None = None

    @contextmanager
    def at(self, request: str, step: int | None, fault: Fault = Fault.UNHEARD) -> Iterator[None]:
        """Count the steps of a request, by its id; and let one go wrong."""
        self.steps, self._request, self._at, self._fault = [], request, step, fault
        self._dead, self._task = set(), None
        try:
            yield
        finally:
            self._request = None

    def step(self, store: str, what: str) -> Fault | None:
        """What goes wrong with a command, if anything."""
        if self._request is None or request_id() != self._request:
            return None
        self.steps.append(f"{store} {what}")
        if store in self._dead:
            return Fault.UNHEARD
        if len(self.steps) - 1 != self._at:
            return None
        if self._fault is Fault.CANCELLED:
            assert self._task is not None
            self._task.cancel()
            return None
        self._dead.add(store)
        return self._fault

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand between the drivers and the stores."""
        self._watch_requests(patch)
        self._watch_postgresql(patch)
        self._watch_mongodb(patch)

    def _watch_requests(self, patch: pytest.MonkeyPatch) -> None:
        answer = GraphQLOverHTTP.__call__

        async def call(app: GraphQLOverHTTP, *args: Any) -> None:
            if request_id() == self._request:
                self._task = asyncio.current_task()
            await answer(app, *args)

        patch.setattr(GraphQLOverHTTP, "__call__", call)

    def _watch_postgresql(self, patch: pytest.MonkeyPatch) -> None:
        commit: Any = AsyncAdapt_asyncpg_connection.commit
        execute: Any = AsyncAdapt_asyncpg_cursor._prepare_and_execute
        fetch = asyncpg.Connection.fetch

        def committing(connection: Any) -> None:
            fault = self.step("postgresql", "commit")
            if fault is Fault.UNHEARD:
                connection.driver_connection.terminate()
            commit(connection)
            if fault is Fault.UNANSWERED:
                connection.driver_connection.terminate()
                connection._handle_exception(asyncpg.ConnectionDoesNotExistError("gone"))

        async def executing(cursor: Any, operation: str, parameters: Any) -> Any:
            if self.step("postgresql", operation[:40]):
                cursor._connection.terminate()
            return await execute(cursor, operation, parameters)

        async def fetching(connection: Any, query: str, *args: Any, **options: Any) -> Any:
            if self.step("postgresql", query[:40]):
                connection.terminate()
            return await fetch(connection, query, *args, **options)

        patch.setattr(AsyncAdapt_asyncpg_connection, "commit", committing)
        patch.setattr(AsyncAdapt_asyncpg_cursor, "_prepare_and_execute", executing)
        patch.setattr(asyncpg.Connection, "fetch", fetching)

    def _watch_mongodb(self, patch: pytest.MonkeyPatch) -> None:
        send, receive = AsyncConnection.send_message, AsyncConnection.receive_message

        async def sending(connection: Any, message: bytes, *args: Any) -> None:
            fault = self.step("mongodb", "command")
            if fault is Fault.UNHEARD:
                raise AutoReconnect("gone")
            await send(connection, message, *args)
            if fault is Fault.UNANSWERED:
                await receive(connection, None)
                raise AutoReconnect("gone")

        patch.setattr(AsyncConnection, "send_message", sending)


async def all_returned(services: Services) -> None:
    """Wait until no connection to PostgreSQL is taken: the background takes some for moments."""
    async with asyncio.timeout(20):
        for store in (services.main, services.auth):
            pool: Any = store.engine.pool
            while pool.checkedout():  # noqa: ASYNC110 - the pool tells nobody
                await asyncio.sleep(0.01)
