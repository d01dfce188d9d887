"""Conversations and messages: root fields, and the streams of what happens in them."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

import strawberry

from app.api.chat_events import ConversationEvent, InboxEvent
from app.api.connection import connection
from app.api.context import Info
from app.api.ids import uuid_of
from app.api.types import Conversation, Message
from app.chat import conversation_events as events
from app.chat import subscriptions
from app.chat.log import ConversationRecord, LogEntry
from app.chat.message_queries import list_mentions
from app.errors import NotFound
from app.paging import Page, PageArgs

ConversationId = Annotated[strawberry.ID, strawberry.argument(description="The conversation's id.")]


@strawberry.type
class ChatQueries:
    """Reads."""

    @strawberry.field(
        description="One conversation; null unless you take part in it.",
        graphql_type=Conversation | None,
    )
    async def conversation(
        self,
        info: Info,
        id_: Annotated[
            strawberry.ID, strawberry.argument(name="id", description="The conversation's id.")
        ],
    ) -> ConversationRecord | None:
        try:
            key = uuid_of(id_, "Conversation", field=["id"])
        except NotFound:
            return None
        return await info.context.loaders.conversation_by_id.load(key)

    @connection(
        Message,
        description="The messages that mention you, the newest first. Those of conversations that "
        "you have left are passed over, so that a page may be short. Needs a signed-in viewer.",
        nullable=True,
    )
    async def mentions(self, info: Info, args: PageArgs) -> Page[LogEntry]:
        context = info.context
        return await list_mentions(context.services.chat, context.viewer, args)


@strawberry.type
class ChatSubscriptions:
    """Streams."""

    @strawberry.subscription(
        description="Everything that happens in a conversation, exactly once and in order: first "
        "what happened after the cursor, if one is given, then what happens from now on. It ends "
        "when you no longer take part.",
        graphql_type=ConversationEvent,
    )
    async def conversation_events(
        self,
        info: Info,
        conversation_id: ConversationId,
        after: Annotated[
            str | None, strawberry.argument(description="Go on after the event with this cursor.")
        ] = None,
    ) -> AsyncIterator[events.ConversationEvent]:
        context = info.context
        happened = subscriptions.conversation_events(
            context.services.chat,
            context.services.live,
            context.viewer,
            uuid_of(conversation_id, "Conversation", field=["conversationId"]),
            after,
        )
        async with aclosing(happened):
            async for event in happened:
                yield event

    @strawberry.subscription(
        description="Your conversations as they change: first those that changed after the "
        "cursor, if one is given, then whenever one does. Several changes of one conversation "
        "may come as one event, which shows the last.",
        graphql_type=InboxEvent,
    )
    async def inbox(
        self,
        info: Info,
        after: Annotated[
            str | None, strawberry.argument(description="Go on after the event with this cursor.")
        ] = None,
    ) -> AsyncIterator[subscriptions.InboxEvent]:
        context = info.context
        services = context.services
        events = subscriptions.inbox_events(services.chat, services.live, context.viewer, after)
        async with aclosing(events):
            async for event in events:
                yield event
