"""The moderation queue, live, for staff."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from app.errors import Forbidden
from app.feeds.live import Feeds, fact_cursor
from app.moderation.models import ItemEvent
from app.moderation.queue import FEED
from app.viewer import Viewer


@dataclass(slots=True)
class ModerationEvent:
    """Something that happened to an item, at a place in the order of all that did.

    Without an item it stands for events that are told no more.
    """

    seq: int
    kind: ItemEvent
    item_id: UUID | None
    actor_id: int | None
    cursor: str


async def moderation_events(
    feeds: Feeds, viewer: Viewer, after: str | None
) -> AsyncGenerator[ModerationEvent, None]:
    """Every event after a cursor, or from now on, exactly once and in order.

    Raises:
        Unauthenticated: Nobody is signed in.
        Forbidden: The viewer is not staff.
        InvalidCursor: The cursor is of another list, or of a place that is not taken yet.
    """
    viewer.require()
    if not viewer.is_staff:
        raise Forbidden("Only staff moderate.")
    async with aclosing(feeds.follow(FEED, after)) as batches:
        async for facts in batches:
            for fact in facts:
                yield ModerationEvent(
                    fact.seq,
                    ItemEvent(fact.kind),
                    None if fact.is_gap else UUID(fact.subject_id),
                    fact.actor_id,
                    fact_cursor(FEED, fact.seq),
                )
