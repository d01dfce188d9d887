"""MongoDB's migrations: numbered files with `up(db)` and `down(db)`, applied once each.

MongoDB cannot undo a half-made schema change, so each `up` and `down` may be run again: a run
that was killed is finished by the next. One runner at a time holds a lease, which a killed one
lets expire.
"""

import asyncio
import runpy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from pymongo import ASCENDING
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.migrations import postgres
from app.migrations.postgres import MigrationError
from app.stores.mongo import Document

_APPLIED = "schema_migrations"
_LOCK = "lock"
_LEASE = timedelta(seconds=10)
_PATIENCE = timedelta(seconds=60)


async def upgrade(database: AsyncDatabase[Document]) -> None:
    """Apply what is not applied yet, in order.

    Raises:
        MigrationError: Another runner holds the lease for longer than a minute.
    """
    if all(applied for _, _, applied in await revisions(database)):
        return
    async with _lease(database[_APPLIED]):
        for name, _, applied in await revisions(database):
            if not applied:
                await _load(name)["up"](database)
                await database[_APPLIED].insert_one({"_id": name, "applied_at": datetime.now(UTC)})


async def downgrade(database: AsyncDatabase[Document], steps: int) -> None:
    """Take back the last `steps` migrations, the newest first.

    Raises:
        MigrationError: Fewer are applied, or another runner holds the lease.
    """
    async with _lease(database[_APPLIED]):
        applied = [name for name, _, done in await revisions(database) if done]
        if steps > len(applied):
            raise MigrationError(f"mongo: only {len(applied)} migrations to take back, not {steps}")
        for name in applied[::-1][:steps]:
            await _load(name)["down"](database)
            await database[_APPLIED].delete_one({"_id": name})


async def revisions(database: AsyncDatabase[Document]) -> list[tuple[str, str, bool]]:
    """Each migration's name, what it does and whether it is applied; oldest first."""
    applied = {row["_id"] async for row in database[_APPLIED].find({}, sort=[("_id", ASCENDING)])}
    return [(name, _load(name)["__doc__"].strip(), name in applied) for name in _names()]


def write_new(message: str) -> Path:
    """Write an empty migration with the next number."""
    words = "_".join("".join(c if c.isalnum() else " " for c in message.lower()).split())
    path = postgres.ROOT / "mongo" / f"{len(_names()) + 1:04d}_{words}.py"
    path.write_text((postgres.ROOT / "mongo" / "template.txt").read_text().format(message=message))
    return path


def _names() -> list[str]:
    return sorted(path.stem for path in (postgres.ROOT / "mongo").glob("[0-9]*.py"))


def _load(name: str) -> dict[str, Any]:
    return runpy.run_path(str(postgres.ROOT / "mongo" / f"{name}.py"))


@asynccontextmanager
async def _lease(rows: AsyncCollection[Document]) -> AsyncIterator[None]:
    owner = uuid4().hex
    deadline = datetime.now(UTC) + _PATIENCE
    while not await _take(rows, owner):
        if datetime.now(UTC) > deadline:
            raise MigrationError("mongo: another process has been migrating for over a minute")
        await asyncio.sleep(0.1)
    renewing = asyncio.create_task(_renew(rows, owner))
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        await rows.delete_one({"_id": _LOCK, "owner": owner})


async def _take(rows: AsyncCollection[Document], owner: str) -> bool:
    now = datetime.now(UTC)
    lease = {"owner": owner, "until": now + _LEASE}
    try:
        await rows.insert_one({"_id": _LOCK, **lease})
    except DuplicateKeyError:
        expired = {"_id": _LOCK, "until": {"$lt": now}}
        return (await rows.update_one(expired, {"$set": lease})).modified_count == 1
    return True


async def _renew(rows: AsyncCollection[Document], owner: str) -> None:
    while True:
        await asyncio.sleep(_LEASE.total_seconds() / 3)
        until = {"$set": {"until": datetime.now(UTC) + _LEASE}}
        await rows.update_one({"_id": _LOCK, "owner": owner}, until)
