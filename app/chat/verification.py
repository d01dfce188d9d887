"""Whether both stores hold the same log, and what makes MongoDB hold it again.

PostgreSQL is written first, so that what it has committed is the truth. Sends go on meanwhile: what
is pending is no fault, and a fault is one that two looks find.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import md5
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.chat.log import MESSAGES, Window
from app.chat.mirror import Mirror
from app.chat.mongo_documents import message_document
from app.chat.mongo_log import MongoLog
from app.chat.postgres_log import PostgresLog
from app.stores.mongo import Document, Mongo, unavailable
from app.stores.postgres import Postgres

_CONVERSATIONS = 50  # compared with one command to each store
_ENTRIES = 2_000
_AGAIN = 0.5  # seconds between the two looks: what was under way is over
_BEFORE_ALL = UUID(int=0)

# What a conversation's entries add up to, which a lost entry and a lost edit change.
_TOTALS = text(
    """
    SELECT h.conversation_id, h.last_seq, h.last_msg_no, m.entries, m.versions
    FROM conversation_heads h, LATERAL (
      SELECT count(*) AS entries, coalesce(sum(version), 0)::bigint AS versions
      FROM messages WHERE conversation_id = h.conversation_id
    ) AS m
    WHERE h.conversation_id > :after ORDER BY h.conversation_id LIMIT :limit
    """
)
_ROWS = text(
    """
    SELECT m.seq, m.id, m.version, md5(coalesce(m.text, '')) AS digest, EXISTS (
      SELECT FROM mirror_pending p
      WHERE p.conversation_id = m.conversation_id AND p.seq IN (m.seq, m.version)
    ) AS is_pending
    FROM messages m
    WHERE m.conversation_id = :conversation_id AND m.seq BETWEEN :low AND :high
    """
)
_LAST = text(
    """
    SELECT last_seq, last_msg_no, EXISTS (
      SELECT FROM mirror_pending p WHERE p.conversation_id = h.conversation_id
    ) AS is_pending
    FROM conversation_heads h WHERE conversation_id = :conversation_id
    """
)


class Fault(StrEnum):
    """How a place of MongoDB's differs."""

    MISSING = "is missing"
    STALE = "lacks a later edit or deletion"
    ALTERED = "says something else"
    OTHER = "is another entry"
    UNKNOWN = "is not in PostgreSQL"
    HEAD = "is not where the conversation ends"


# PostgreSQL's entry may take the place; the others are for people to look at.
_MENDABLE = frozenset({Fault.MISSING, Fault.STALE, Fault.ALTERED, Fault.HEAD})


@dataclass(frozen=True, slots=True)
class Difference:
    """One place of the log, and what is wrong there in MongoDB."""

    conversation_id: UUID
    seq: int
    fault: Fault


class LogVerifier:
    """Compares the two copies.

    Args:
        main: PostgreSQL's main database.
        mongo: MongoDB.
    """

    def __init__(self, main: Postgres, mongo: Mongo) -> None:
        self._main = main
        self._messages = mongo.database["messages"]
        self._conversations = mongo.database["conversations"]
        self._postgres = PostgresLog(main)
        self._mirror = Mirror(self._postgres, MongoLog(mongo), mongo)

    async def differences(self, *, full: bool = False) -> AsyncIterator[Difference]:
        """Where the copies differ, conversation by conversation.

        Args:
            full: Compare every entry's words, too; without it, those of a conversation whose
                entries do not add up to the same in both.

        Raises:
            StoreUnavailable: A store does not answer.
        """
        after = _BEFORE_ALL
        while page := await self._unequal(after):
            after = page[-1][0]
            for conversation_id, is_unequal in page:
                if (full or is_unequal) and (first := await self._look(conversation_id)):
                    await asyncio.sleep(_AGAIN)
                    found = first & await self._look(conversation_id)
                    for difference in sorted(found, key=lambda d: d.seq):
                        yield difference

    async def mend(self, difference: Difference) -> bool:
        """Let MongoDB hold what PostgreSQL does; False where that would overwrite what it has not.

        Raises:
            StoreUnavailable: A store does not answer; it is safe to try again.
        """
        if difference.fault not in _MENDABLE:
            return False
        conversation_id, seq = difference.conversation_id, difference.seq
        if difference.fault is Fault.HEAD:
            await self._carry_last_message(conversation_id)
        for entry in await self._postgres.entries(conversation_id, [seq]):
            if difference.fault in (Fault.STALE, Fault.ALTERED):
                older = {"_id": entry.id, "version": {"$lte": entry.version}}
                with unavailable():
                    await self._messages.replace_one(older, message_document(entry))
            await self._mirror.carry(entry)
            if entry.version > entry.seq:
                for change in await self._postgres.entries(conversation_id, [entry.version]):
                    await self._mirror.carry(change)
        return True

    async def _carry_last_message(self, conversation_id: UUID) -> None:
        if found := await self._postgres.conversation(conversation_id):
            last: int = found[0]["last_msg_no"]
            for entry in await self._postgres.series(Window(conversation_id, last, last), MESSAGES):
                await self._mirror.carry(entry)

    async def _unequal(self, after: UUID) -> list[tuple[UUID, bool]]:
        """The next conversations, each with whether its copies differ in what they add up to."""
        async with self._main.begin() as tx:
            rows = list(await tx.execute(_TOTALS, {"after": after, "limit": _CONVERSATIONS}))
        ids = [row.conversation_id for row in rows]
        if not ids:
            return []
        added: list[Document] = [
            {"$match": {"conversation_id": {"$in": ids}}},
            {
                "$group": {
                    "_id": "$conversation_id",
                    "entries": {"$sum": 1},
                    "versions": {"$sum": "$version"},
                }
            },
        ]
        with unavailable():
            totals = {row["_id"]: row async for row in await self._messages.aggregate(added)}
            heads = {
                row["_id"]: (row["last_seq"], row["message_count"])
                async for row in self._conversations.find(
                    {"_id": {"$in": ids}}, {"last_seq": 1, "message_count": 1}
                )
            }

        def says(conversation_id: UUID) -> tuple[int, ...]:
            total = totals.get(conversation_id, {"entries": 0, "versions": 0})
            return total["entries"], total["versions"], *heads.get(conversation_id, ())

        return [
            (
                row.conversation_id,
                says(row.conversation_id)
                != (row.entries, row.versions, row.last_seq, row.last_msg_no),
            )
            for row in rows
        ]

    async def _look(self, conversation_id: UUID) -> set[Difference]:
        async with self._main.begin() as tx:
            head = (await tx.execute(_LAST, {"conversation_id": conversation_id})).one_or_none()
        if head is None:
            return set()
        faults: dict[int, Fault] = {}
        for low in range(1, head.last_seq + 1, _ENTRIES):
            high = min(low + _ENTRIES - 1, head.last_seq)
            faults |= await self._look_within(conversation_id, low, high)
        with unavailable():
            here = await self._conversations.find_one({"_id": conversation_id})
            beyond = {"conversation_id": conversation_id, "seq": {"$gt": head.last_seq}}
            async for row in self._messages.find(beyond, ["seq"]):
                faults[row["seq"]] = Fault.UNKNOWN
        is_behind = (
            here is None
            or here["last_seq"] < head.last_seq
            or here["message_count"] < head.last_msg_no
        )
        if is_behind and not head.is_pending:
            faults.setdefault(head.last_seq, Fault.HEAD)
        return {Difference(conversation_id, seq, fault) for seq, fault in faults.items()}

    async def _look_within(self, conversation_id: UUID, low: int, high: int) -> dict[int, Fault]:
        place = {"conversation_id": conversation_id, "low": low, "high": high}
        async with self._main.begin() as tx:
            rows = list(await tx.execute(_ROWS, place))
        wanted = {"conversation_id": conversation_id, "seq": {"$gte": low, "$lte": high}}
        with unavailable():
            found = self._messages.find(wanted, ["seq", "version", "text"])
            held = {row["seq"]: row async for row in found}
        unknown = held.keys() - {row.seq for row in rows}
        compared = {row.seq: _fault(row, held.get(row.seq)) for row in rows}
        return {seq: fault for seq, fault in compared.items() if fault is not None} | dict.fromkeys(
            unknown, Fault.UNKNOWN
        )


def _fault(row: Row[Any], held: Document | None) -> Fault | None:
    """What is wrong with MongoDB's entry in the place of a row of PostgreSQL's."""
    if row.is_pending:
        return None
    if held is None:
        return Fault.MISSING
    if held["_id"] != row.id:
        return Fault.OTHER
    if held["version"] < row.version:
        return Fault.STALE
    says = md5((held["text"] or "").encode(), usedforsecurity=False).hexdigest()
    return Fault.ALTERED if held["version"] == row.version and says != row.digest else None
