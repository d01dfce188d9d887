"""Erasing again, after a restore from a backup that still has who was erased since."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.errors import OperatorError
from app.personal.erased import Stores
from app.personal.erasing import resume
from app.personal.models import Erasure

_E = Erasure.__table__.c


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger: numbers and a time, and nothing of whom it was."""

    user_id: int
    public_id: UUID
    requested_at: datetime

    def to_json(self) -> str:
        """As a file of the ledger has it."""
        return orjson.dumps(self, default=str).decode()


def entry_from_json(line: str) -> Entry:
    """A line of such a file.

    Raises:
        OperatorError: It is none.
    """
    try:
        read: dict[str, Any] = orjson.loads(line)
        return Entry(
            int(read["user_id"]),
            UUID(read["public_id"]),
            datetime.fromisoformat(read["requested_at"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorError("This is no line of a ledger of erasures.") from error


async def read_ledger(stores: Stores) -> list[Entry]:
    """Every erasure that this database knows, oldest first."""
    columns = (_E.user_id, _E.public_id, _E.requested_at)
    async with stores.auth.begin() as tx:
        found = await tx.execute(select(*columns).order_by(_E.requested_at, _E.id))
        return [Entry(*row) for row in found]


async def reapply(stores: Stores, kept: Iterable[Entry], progress: Callable[[Entry], None]) -> None:
    """Do every erasure again from its first step: those of the database, and those kept outside.

    Raises:
        OperatorError: A number is another user's since; those before it are done.
        StoreUnavailable: A store does not answer.
    """
    entries = {entry.public_id: entry for entry in (*await read_ledger(stores), *kept)}
    for entry in sorted(entries.values(), key=lambda entry: entry.requested_at):
        anew: dict[str, Any] = {
            "steps": [],
            "completed_at": None,
            "claimed_until": func.now() + timedelta(hours=1),
        }
        noted = insert(Erasure).values(
            user_id=entry.user_id,
            public_id=entry.public_id,
            requested_at=entry.requested_at,
            **anew,
        )
        noted = noted.on_conflict_do_update(index_elements=["public_id"], set_=anew)
        async with stores.auth.begin() as tx:
            erasure_id = (await tx.execute(noted.returning(_E.id))).scalar_one()
        await resume(stores, erasure_id, under_way=timedelta(0))
        progress(entry)
