"""What somebody has still to send, live."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

import strawberry
from strawberry import Parent

from app.api.context import Info
from app.api.ids import global_id
from app.api.types import ScheduledMessage
from app.scheduled import streams
from app.scheduled.queries import ScheduledRecord


@strawberry.type(
    description="A scheduled message of yours has changed; or, without an id, too much has, or too "
    "long ago, to be told one by one: fetch them anew. The stream goes on from here."
)
class ScheduledMessageEvent:
    """Read off a `streams.ScheduledEvent`."""

    cursor: str = strawberry.field(
        description="Where the stream stands: give it as `after` to go on from here."
    )

    @strawberry.field(description="Its id; null where all are to be fetched anew.")
    def scheduled_message_id(self, root: Parent[streams.ScheduledEvent]) -> strawberry.ID | None:
        key = root.scheduled_id
        return None if key is None else global_id("ScheduledMessage", key)

    @strawberry.field(
        description="The scheduled message as it is now. It is one of your `scheduledMessages` "
        "unless its state is `SENT` or `CANCELLED`.",
        graphql_type=ScheduledMessage | None,
    )
    async def scheduled_message(
        self, root: Parent[streams.ScheduledEvent], info: Info
    ) -> ScheduledRecord | None:
        if root.scheduled_id is None:
            return None
        return await info.context.loaders.scheduled_message_by_id.load(root.scheduled_id)


@strawberry.type
class ScheduledSubscriptions:
    """Streams."""

    @strawberry.subscription(
        description="What you have still to send, as it changes: first what changed after the "
        "cursor, if one is given, then whatever does from now on.",
        graphql_type=ScheduledMessageEvent,
    )
    async def scheduled_message_events(
        self,
        info: Info,
        after: Annotated[
            str | None, strawberry.argument(description="Go on after the event with this cursor.")
        ] = None,
    ) -> AsyncIterator[streams.ScheduledEvent]:
        context = info.context
        events = streams.scheduled_events(context.services.feeds, context.viewer, after)
        async with aclosing(events):
            async for event in events:
                yield event
