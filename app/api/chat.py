"""Conversations and messages: root fields, and the streams of what happens in them."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

import strawberry
from strawberry import Parent

from app.api.context import Info
from app.api.ids import global_id, uuid_of
from app.api.types import Conversation, Message, User
from app.chat import subscriptions
from app.chat.log import ConversationRecord, LogEntry
from app.errors import NotFound
from app.users.queries import UserRecord

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


@strawberry.interface(description="Something that happened in a conversation.")
class ConversationEvent:
    """Read off a `subscriptions.ConversationEvent`."""

    cursor: str = strawberry.field(
        description="Where the stream stands: give it as `after` to go on from here."
    )
    seq: int = strawberry.field(
        description="The event's place in the conversation's log: dense, so that a client may "
        "drop what it has seen."
    )

    @strawberry.field(
        description="The conversation as it is now; null if you no longer take part.",
        graphql_type=Conversation | None,
    )
    async def conversation(
        self, root: Parent[subscriptions.ConversationEvent], info: Info
    ) -> ConversationRecord | None:
        return await info.context.loaders.conversation_by_id.load(root.conversation_id)


@strawberry.type(description="A message was sent.")
class MessageSent(ConversationEvent):
    """Read off a `subscriptions.MessageSent`."""

    message: LogEntry = strawberry.field(description="The message.", graphql_type=Message)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, subscriptions.MessageSent)


@strawberry.type(description="Somebody joined or left, or the conversation was started.")
class MembersChanged(ConversationEvent):
    """Read off a `subscriptions.MembersChanged`."""

    @strawberry.field(
        description="Who changed it; null if the account is gone.", graphql_type=User | None
    )
    async def actor(
        self, root: Parent[subscriptions.MembersChanged], info: Info
    ) -> UserRecord | None:
        return await _actor(info, root.actor_id)

    @strawberry.field(description="Who joined.", graphql_type=list[User] | None)
    async def added(
        self, root: Parent[subscriptions.MembersChanged], info: Info
    ) -> list[UserRecord]:
        return await _known_users(info, root.added_ids)

    @strawberry.field(description="Who left.", graphql_type=list[User] | None)
    async def removed(
        self, root: Parent[subscriptions.MembersChanged], info: Info
    ) -> list[UserRecord]:
        return await _known_users(info, root.removed_ids)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, subscriptions.MembersChanged)


@strawberry.type(description="The conversation's description was changed.")
class ConversationChanged(ConversationEvent):
    """Read off a `subscriptions.ConversationChanged`."""

    changed: list[str] = strawberry.field(
        description="Which of its fields: `title`, `summary`, `tags`, `context`, `metadata`."
    )

    @strawberry.field(
        description="Who changed it; null if the account is gone.", graphql_type=User | None
    )
    async def actor(
        self, root: Parent[subscriptions.ConversationChanged], info: Info
    ) -> UserRecord | None:
        return await _actor(info, root.actor_id)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, subscriptions.ConversationChanged)


@strawberry.type(
    description="Too much has happened since `after` to be told one by one: fetch the "
    "conversation's messages anew. The stream goes on from here."
)
class RefetchNeeded(ConversationEvent):
    """Read off a `subscriptions.RefetchNeeded`."""

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, subscriptions.RefetchNeeded)


@strawberry.type(description="A conversation of yours has changed.")
class InboxEvent:
    """Read off a `subscriptions.InboxEvent`."""

    cursor: str = strawberry.field(
        description="Where the stream stands: give it as `after` to go on from here."
    )
    conversation: ConversationRecord | None = strawberry.field(
        description="The conversation as it is now; null if you no longer take part.",
        graphql_type=Conversation | None,
    )

    @strawberry.field(description="The conversation's id.")
    def conversation_id(self, root: Parent[subscriptions.InboxEvent]) -> strawberry.ID:
        return global_id("Conversation", root.conversation_id)


async def _actor(info: Info, user_id: int | None) -> UserRecord | None:
    return None if user_id is None else await info.context.loaders.user_by_id.load(user_id)


async def _known_users(info: Info, ids: list[int]) -> list[UserRecord]:
    users = await info.context.loaders.user_by_id.load_many(ids)
    return [user for user in users if user is not None]


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
    ) -> AsyncIterator[subscriptions.ConversationEvent]:
        context = info.context
        events = subscriptions.conversation_events(
            context.services.chat,
            context.services.live,
            context.viewer,
            uuid_of(conversation_id, "Conversation", field=["conversationId"]),
            after,
        )
        async with aclosing(events):
            async for event in events:
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
