"""What the streams tell: events of a conversation, and of an inbox."""

from typing import Any
from uuid import UUID

import strawberry
from strawberry import Parent

from app.api.context import Info
from app.api.ids import global_id
from app.api.types import Conversation, Message, User
from app.chat import conversation_events as events
from app.chat import subscriptions
from app.chat.log import ConversationRecord, LogEntry
from app.errors import NotFound
from app.users.queries import UserRecord


@strawberry.interface(description="Something that happened in a conversation.")
class ConversationEvent:
    """Read off a `ConversationEvent`."""

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
        self, root: Parent[events.ConversationEvent], info: Info
    ) -> ConversationRecord | None:
        return await info.context.loaders.conversation_by_id.load(root.conversation_id)


@strawberry.type(description="A message was sent.")
class MessageSent(ConversationEvent):
    """Read off a `MessageSent`."""

    message: LogEntry = strawberry.field(description="The message.", graphql_type=Message)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, events.MessageSent)


@strawberry.type(description="A message was edited.")
class MessageEdited(ConversationEvent):
    """Read off a `MessageEdited`."""

    @strawberry.field(description="The message as it is now.", graphql_type=Message)
    async def message(self, root: Parent[events.MessageEdited], info: Info) -> LogEntry:
        return await _message(info, root.message_id)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, events.MessageEdited)


@strawberry.type(description="A message was deleted.")
class MessageDeleted(ConversationEvent):
    """Read off a `MessageDeleted`."""

    @strawberry.field(description="The message as it is now.", graphql_type=Message)
    async def message(self, root: Parent[events.MessageDeleted], info: Info) -> LogEntry:
        return await _message(info, root.message_id)

    @strawberry.field(
        description="Who deleted it; null if the account is gone.", graphql_type=User | None
    )
    async def actor(self, root: Parent[events.MessageDeleted], info: Info) -> UserRecord | None:
        return await _actor(info, root.actor_id)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, events.MessageDeleted)


@strawberry.type(description="Somebody reacted to a message, or took a reaction back.")
class ReactionChanged(ConversationEvent):
    """Read off a `ReactionChanged`."""

    emoji: str = strawberry.field(description="With what.")
    is_removed: bool = strawberry.field(description="Whether it was taken back.")

    @strawberry.field(description="The message as it is now.", graphql_type=Message)
    async def message(self, root: Parent[events.ReactionChanged], info: Info) -> LogEntry:
        return await _message(info, root.message_id)

    @strawberry.field(description="Who did; null if the account is gone.", graphql_type=User | None)
    async def actor(self, root: Parent[events.ReactionChanged], info: Info) -> UserRecord | None:
        return await _actor(info, root.actor_id)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, events.ReactionChanged)


@strawberry.type(description="A message was pinned or unpinned.")
class PinChanged(ConversationEvent):
    """Read off a `PinChanged`."""

    is_pinned: bool = strawberry.field(description="Whether it is pinned now.")

    @strawberry.field(description="The message as it is now.", graphql_type=Message)
    async def message(self, root: Parent[events.PinChanged], info: Info) -> LogEntry:
        return await _message(info, root.message_id)

    @strawberry.field(description="Who did; null if the account is gone.", graphql_type=User | None)
    async def actor(self, root: Parent[events.PinChanged], info: Info) -> UserRecord | None:
        return await _actor(info, root.actor_id)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, events.PinChanged)


@strawberry.type(
    description="Somebody has read up to a message. It has no place in the log: `seq` and "
    "`cursor` are those of the event before it, and what was missed is in the messages' `readBy`."
)
class ReceiptChanged(ConversationEvent):
    """Read off a `ReceiptChanged`."""

    @strawberry.field(description="The `number` of the last message that they have read.")
    def message_number(self, root: Parent[events.ReceiptChanged]) -> int:
        return root.msg_no

    @strawberry.field(
        description="Who has read; null if the account is gone.", graphql_type=User | None
    )
    async def user(self, root: Parent[events.ReceiptChanged], info: Info) -> UserRecord | None:
        return await _actor(info, root.user_id)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, events.ReceiptChanged)


@strawberry.type(description="Somebody joined or left, or the conversation was started.")
class MembersChanged(ConversationEvent):
    """Read off a `MembersChanged`."""

    @strawberry.field(
        description="Who changed it; null if the account is gone.", graphql_type=User | None
    )
    async def actor(self, root: Parent[events.MembersChanged], info: Info) -> UserRecord | None:
        return await _actor(info, root.actor_id)

    @strawberry.field(description="Who joined.", graphql_type=list[User] | None)
    async def added(self, root: Parent[events.MembersChanged], info: Info) -> list[UserRecord]:
        return await _known_users(info, root.added_ids)

    @strawberry.field(description="Who left.", graphql_type=list[User] | None)
    async def removed(self, root: Parent[events.MembersChanged], info: Info) -> list[UserRecord]:
        return await _known_users(info, root.removed_ids)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, events.MembersChanged)


@strawberry.type(description="The conversation's description was changed.")
class ConversationChanged(ConversationEvent):
    """Read off a `ConversationChanged`."""

    changed: list[str] = strawberry.field(
        description="Which of its fields: `title`, `summary`, `tags`, `context`, `metadata`."
    )

    @strawberry.field(
        description="Who changed it; null if the account is gone.", graphql_type=User | None
    )
    async def actor(
        self, root: Parent[events.ConversationChanged], info: Info
    ) -> UserRecord | None:
        return await _actor(info, root.actor_id)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, events.ConversationChanged)


@strawberry.type(
    description="Too much has happened since `after` to be told one by one, or somebody's account "
    "was erased with all that they said: fetch the conversation's messages anew. The stream goes "
    "on from here."
)
class RefetchNeeded(ConversationEvent):
    """Read off a `RefetchNeeded`."""

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether an event is one of these."""
        return isinstance(obj, events.RefetchNeeded)


@strawberry.type(description="A conversation of yours has changed.")
class InboxEvent:
    """Read off a `InboxEvent`."""

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


async def _message(info: Info, message_id: UUID) -> LogEntry:
    message = await info.context.loaders.message_by_id.load(message_id)
    if message is None:
        raise NotFound("There is no such message: you no longer take part.")
    return message


async def _known_users(info: Info, ids: list[int]) -> list[UserRecord]:
    users = await info.context.loaders.user_by_id.load_many(ids)
    return [user for user in users if user is not None]
