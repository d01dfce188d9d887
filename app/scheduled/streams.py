"""What somebody has still to send, live on all of their devices."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.feeds.live import Feeds, fact_cursor
from app.feeds.log import append
from app.scheduled.queries import ScheduledRecord
from app.viewer import Viewer


@dataclass(slots=True)
class ScheduledEvent:
    """A scheduled message has changed.

    Without an id it stands for changes that are told no more: all are to be fetched anew.
    """

    scheduled_id: UUID | None
    cursor: str


def scheduled_feed(sender_id: int) -> str:
    """The feed of what happens to what somebody has still to send."""
    return f"scheduled:{sender_id}"


async def tell(tx: AsyncConnection, record: ScheduledRecord) -> None:
    """Tell the sender's devices of a change when it is committed: the last thing to do before."""
    await append(
        tx, scheduled_feed(record.sender_id), record.state, str(record.id), record.sender_id
    )


async def scheduled_events(
    feeds: Feeds, viewer: Viewer, after: str | None
) -> AsyncGenerator[ScheduledEvent, None]:
    """The viewer's scheduled messages as they change, in order.

    Raises:
        Unauthenticated: Nobody is signed in.
        InvalidCursor: The cursor is of another list, or of a place that is not taken yet.
    """
    feed = scheduled_feed(viewer.require())
    async with aclosing(feeds.follow(feed, after)) as batches:
        async for facts in batches:
            for fact in facts:
                scheduled_id = None if fact.is_gap else UUID(fact.subject_id)
                yield ScheduledEvent(scheduled_id, fact_cursor(feed, fact.seq))
