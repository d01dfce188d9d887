"""The texts of growing answers, in Redis; they run out unless something is appended."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID, uuid4

from app.answers import scripts
from app.answers.models import AnswerOutcome
from app.answers.queries import AnswerRecord
from app.errors import Conflict, StoreUnavailable
from app.stores.redis import Redis, unavailable

_log = logging.getLogger(__name__)

_PATIENCE = 2.0  # seconds that Redis may take


@dataclass(frozen=True, slots=True)
class Draft:
    """A growing answer as Redis has it.

    Attributes:
        run: In which run it grows: one that was lost and begun anew grows in another.
        length: How many characters there are.
    """

    record: AnswerRecord
    run: str
    length: int


class Drafts:
    """What is appended, in pieces.

    Args:
        redis: Where it is.
        ttl: Seconds after which an answer is gone to which nothing was appended.
    """

    def __init__(self, redis: Redis, ttl: float) -> None:
        self._redis = redis
        self.ttl = ttl

    async def begin(self, answer: AnswerRecord) -> int:
        """Let an answer grow, or find that it does; how many characters it has.

        Raises:
            Conflict: Another one of the same sender grows in this conversation.
            StoreUnavailable: Redis does not answer.
        """
        values = (str(answer.id), answer.sender_id, uuid4().hex, answer.encode(), self._lease)
        code, length = await self._run(scripts.BEGIN, _keys(answer), *values)
        if code == scripts.BUSY:
            raise Conflict("Finish or cancel your other answer in this conversation first.")
        return int(length) // scripts.WIDTH

    async def append(self, answer: AnswerRecord, offset: int, text: str) -> int:
        """Add a piece, or find that it is there; how many characters there are then.

        Raises:
            Conflict: It does not fit to what there is, or the answer grows no more.
            StoreUnavailable: Redis does not answer.
        """
        values = (
            offset * scripts.WIDTH,
            text.encode(scripts.ENCODING),
            text.encode(),
            self._lease,
        )
        code, length = await self._run(scripts.APPEND, _keys(answer), *values)
        if code != scripts.DONE:
            _refuse(code, int(length) // scripts.WIDTH)
        return int(length) // scripts.WIDTH

    async def seal(self, answer: AnswerRecord) -> str | None:
        """Its whole text, to which nothing is added any more; None if it is gone.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        text: bytes | None = await self._run(scripts.SEAL, _keys(answer)[:1])
        return None if text is None else text.decode(scripts.ENCODING)

    async def end(self, answer: AnswerRecord, outcome: AnswerOutcome) -> None:
        """Forget an answer, and tell how it ended; who is not told finds it in the table."""
        try:
            values = (str(answer.id), answer.sender_id, outcome.value)
            await self._run(scripts.END, _keys(answer), *values)
        except StoreUnavailable as error:
            _log.warning("the end of an answer was not told: %s", error)

    async def look(self, ids: Sequence[UUID]) -> list[list[Draft]]:
        """What grows in each of these conversations.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        found = await self._run(scripts.LOOK, [answers_channel(i) for i in ids])
        return [_drafts(flat) for flat in found]

    async def text(self, draft: Draft) -> str:
        """What there is of it; nothing if it does not grow any more.

        Raises:
            StoreUnavailable: Redis does not answer.
        """
        with unavailable():
            async with asyncio.timeout(_PATIENCE):
                key = _keys(draft.record)[0]
                found: Any = await self._redis.client.hmget(key, ["run", "text"])
        run, text = found
        is_same = run is not None and run.decode() == draft.run
        return text.decode(scripts.ENCODING) if is_same else ""

    @property
    def _lease(self) -> int:
        return int(self.ttl * 1000)

    async def _run(self, script: str, keys: Sequence[str], *values: str | int | bytes) -> Any:
        with unavailable():
            async with asyncio.timeout(_PATIENCE):
                return await self._redis.client.register_script(script)(keys, values)


def answers_channel(conversation_id: UUID) -> str:
    """The key of what grows in a conversation, and the channel that tells of it."""
    return f"answers:{conversation_id}"


def _keys(answer: AnswerRecord) -> list[str]:
    return [f"answer:{answer.id}", answers_channel(answer.conversation_id)]


def _drafts(flat: Sequence[Any]) -> list[Draft]:
    drafts = []
    for known, run, length in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
        with suppress(ValueError, TypeError, KeyError):  # of another release
            record = AnswerRecord.decode(known)
            drafts.append(Draft(record, run.decode(), length // scripts.WIDTH))
    return drafts


def _refuse(code: int, length: int) -> NoReturn:
    offset = ["input", "offset"]
    refusals = {
        scripts.GAP: Conflict(
            f"Something before it is missing: the answer has {length} characters.", field=offset
        ),
        scripts.OTHER: Conflict(
            f"Something else stands there: the answer has {length} characters.", field=offset
        ),
        scripts.SEALED: Conflict("The answer is being finished.", field=["answerId"]),
        scripts.GONE: Conflict(
            "The answer was abandoned: start it again with its key and append from 0, or finish "
            "it with its whole text.",
            field=["answerId"],
        ),
    }
    raise refusals[code]
