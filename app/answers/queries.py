"""Reads of answers, for those who take part in their conversations."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Integer, Uuid, any_, bindparam, select

from app.answers.models import Answer, AnswerOutcome
from app.chat.log import message_id
from app.chat.models import ConversationMember
from app.stores.postgres import Postgres, Read
from app.viewer import Viewer


class AnswerState(StrEnum):
    """How an answer stands."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """What is known of an answer beside its text."""

    id: UUID
    conversation_id: UUID
    sender_id: int
    reply_to_id: UUID | None
    model: str | None
    provider: str | None
    metadata: dict[str, Any]
    outcome: AnswerOutcome
    created_at: datetime

    @property
    def client_key(self) -> str:
        """The client key of its message, which no retry of anything makes twice."""
        return f"answer:{self.id}"

    @property
    def message_id(self) -> UUID:
        """The id that its message has, or will have."""
        return message_id(self.conversation_id, self.sender_id, self.client_key)

    @classmethod
    def of(cls, row: Iterable[Any]) -> Self:
        """From its columns; the driver gives an enum as its label."""
        values = dict(zip(_FIELDS, row, strict=True))
        return cls(**values | {"outcome": AnswerOutcome(values["outcome"])})

    def encode(self) -> bytes:
        """As JSON."""
        # asyncpg has a UUID type of its own, which orjson gives to `default`.
        return orjson.dumps(asdict(self), default=str)

    @classmethod
    def decode(cls, known: bytes | str) -> Self:
        """From what `encode` gave.

        Raises:
            ValueError, TypeError, KeyError: It did not: a process of another release.
        """
        values: dict[str, Any] = orjson.loads(known)
        for name in ("id", "conversation_id", "reply_to_id"):
            values[name] = UUID(values[name]) if values[name] else None
        values["created_at"] = datetime.fromisoformat(values["created_at"])
        return cls(**values | {"outcome": AnswerOutcome(values["outcome"])})


@dataclass(frozen=True, slots=True)
class AnswerNow:
    """An answer as it stands at a moment.

    Attributes:
        length: How many characters it has, of which a subscriber was told.
    """

    record: AnswerRecord
    state: AnswerState
    length: int


_FIELDS = [f.name for f in fields(AnswerRecord)]
_A = Answer.__table__.c
COLUMNS = [_A[name] for name in _FIELDS]
_VISIBLE = Read(
    select(*COLUMNS)
    .join(ConversationMember, ConversationMember.conversation_id == _A.conversation_id)
    .where(
        _A.id == bindparam("id", type_=Uuid),
        ConversationMember.user_id == bindparam("me", type_=Integer),
        ConversationMember.removed_seq.is_(None),
    )
)
_OUTCOMES = Read(
    select(_A.id, _A.outcome).where(_A.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
)


async def visible_answer(main: Postgres, viewer: Viewer, answer_id: UUID) -> AnswerRecord | None:
    """An answer; None unless the viewer takes part in its conversation now.

    Raises:
        Unauthenticated: Nobody is signed in.
    """
    rows = await main.fetch(_VISIBLE, id=answer_id, me=viewer.require())
    return AnswerRecord.of(rows[0]) if rows else None


async def outcomes_of(main: Postgres, ids: Sequence[UUID]) -> dict[UUID, AnswerOutcome]:
    """What was decided of these answers, as far as there are such."""
    rows = await main.fetch(_OUTCOMES, ids=list(ids))
    return {row[0]: AnswerOutcome(row[1]) for row in rows}
