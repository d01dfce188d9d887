"""Every command that an operation gives to a store, as a line each.

A context variable tells an operation's commands from those of the sweeps beside it, so the
operation has to run in the test's own task: over ASGI, and not over a socket.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import orjson
import pytest
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)
from sqlalchemy import event

from app.services import Services
from app.stores.postgres import Postgres, Read

_heard: ContextVar[list[str] | None] = ContextVar("commands", default=None)

# Columns are many, and which they are is not what a command costs.
_COLUMNS = re.compile(r"\bSELECT (?!count).*? FROM\b")
# What the driver adds to a command, and what says how it is answered and not what is asked.
_MONGO_NOISE = {
    "lsid",
    "$db",
    "$clusterTime",
    "$readPreference",
    "txnNumber",
    "writeConcern",
    "maxTimeMS",
}


@contextmanager
def recorded() -> Iterator[list[str]]:
    """The commands that this task and those that it starts give within the block."""
    commands: list[str] = []
    token = _heard.set(commands)
    try:
        yield commands
    finally:
        _heard.reset(token)


def watch(services: Services, patch: pytest.MonkeyPatch) -> None:
    """Record what these services ask of PostgreSQL and Redis."""
    names = {id(services.main): "main", id(services.auth): "auth"}
    fetch = Postgres.fetch

    async def heard_fetch(self: Postgres, read: Read, **values: Any) -> Any:
        _hear(names.get(id(self), "other"), _COLUMNS.sub("SELECT … FROM", _line(read.sql)))
        return await fetch(self, read, **values)

    patch.setattr(Postgres, "fetch", heard_fetch)
    for database in {services.main, services.auth}:
        name = names[id(database)]

        def heard_statement(*arguments: Any, name: str = name) -> None:
            _hear(name, _line(arguments[2]))

        event.listen(database.engine.sync_engine, "before_cursor_execute", heard_statement)
    execute = services.redis.client.execute_command

    async def heard_command(*arguments: Any, **options: Any) -> Any:
        _hear("redis", str(arguments[0]))
        return await execute(*arguments, **options)  # type: ignore[no-untyped-call]

    patch.setattr(services.redis.client, "execute_command", heard_command)


class MongoCommands(CommandListener):
    """Records what is asked of MongoDB; to be registered before its client is made."""

    def started(self, event: CommandStartedEvent) -> None:
        name, collection = event.command_name, event.command[event.command_name]
        body = {
            key: value
            for key, value in event.command.items()
            if key not in _MONGO_NOISE | {name, "projection"}
        }
        shape = orjson.dumps(_shape(body)).decode().replace('"', "")
        _hear("mongodb", f"{name} {collection} {shape}")

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass


def _hear(store: str, command: str) -> None:
    commands = _heard.get()
    if commands is not None:
        commands.append(f"{store}: {command}")


def _line(sql: str) -> str:
    return " ".join(sql.split())


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return "?"
