"""The stream of growing answers: what each subscriber was not told yet comes as one piece.

However often something is appended, and however slowly a client reads, a subscriber is a number
for each answer: how far it was told.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID

from app.answers.backend import Backend
from app.answers.live import AnswerFeed, Growing
from app.answers.queries import AnswerNow, AnswerState
from app.chat.attendance import Attendance
from app.viewer import Viewer

_PACE = 0.05  # seconds between the pieces of an answer


@dataclass(frozen=True, slots=True)
class MessageDelta:
    """A piece of an answer, which follows directly on those before it.

    Attributes:
        answer: The answer as it stands after the piece.
        offset: How many characters were told before.
    """

    answer: AnswerNow
    offset: int
    text: str


async def message_deltas(
    backend: Backend, viewer: Viewer, conversation_id: UUID
) -> AsyncGenerator[MessageDelta, None]:
    """What grows in a conversation: what there is of it first, then how it goes on and ends.

    The stream ends when the viewer no longer takes part.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such conversation, or the viewer does not take part in it.
    """
    viewer.require()
    changed = asyncio.Event()
    told: dict[Growing, int] = {}
    attendance = Attendance(backend.chat, backend.live, viewer, conversation_id, changed.set)
    try:
        await attendance.begin()
        feed = await backend.answers.follow(conversation_id, changed.set)
        while True:
            changed.clear()
            if await attendance.now() is None:
                return
            for growing in _known(told, feed):
                delta = _news(growing, told.get(growing))
                if growing.state is not AnswerState.RUNNING:
                    told.pop(growing, None)
                elif delta is not None:
                    told[growing] = delta.answer.length
                if delta is not None:
                    yield delta
                    if await attendance.now() is None:
                        return
            await asyncio.sleep(_PACE)
            await changed.wait()
    finally:
        await backend.answers.unfollow(conversation_id, changed.set)
        await attendance.end()


def _known(told: dict[Growing, int], feed: AnswerFeed) -> list[Growing]:
    return list(dict.fromkeys([*told, *feed.growing.values()]))


def _news(growing: Growing, at: int | None) -> MessageDelta | None:
    """What a subscriber was not told; None if there is nothing new."""
    text, state = growing.text[at or 0 :], growing.state
    if at is not None and not text and state is AnswerState.RUNNING:
        return None
    offset = at or 0
    return MessageDelta(AnswerNow(growing.record, state, offset + len(text)), offset, text)
