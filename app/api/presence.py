"""Who is online and who types: a mutation, and streams."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

import strawberry
from strawberry import Parent

from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, Payload, mutation
from app.api.types import Conversation, User
from app.chat.log import ConversationRecord
from app.once import check_client_key
from app.presence import commands, subscriptions
from app.presence.subscriptions import MAX_SHOWN, MAX_WATCHED
from app.users.queries import UserRecord

ConversationId = Annotated[strawberry.ID, strawberry.argument(description="The conversation's id.")]


@strawberry.input(description="Whether you type.")
class ConversationTypingInput(KeyedInput):
    """The input of `conversationTyping`."""

    is_typing: bool = strawberry.field(
        default=True, description="False when you stop, or have sent what you typed."
    )


@strawberry.type(description="What came of `conversationTyping`.")
class ConversationTypingPayload(Payload):
    """Where somebody types."""

    conversation: ConversationRecord | None = strawberry.field(
        default=None, graphql_type=Conversation | None, description="The conversation."
    )


@strawberry.type
class PresenceMutations:
    """Writes, of what is forgotten at once."""

    @mutation(
        ConversationTypingPayload,
        description="Show the others of a conversation that you type. It holds for six seconds: "
        "say it again every three for as long as it is so.",
    )
    async def conversation_typing(
        self,
        info: Info,
        conversation_id: ConversationId,
        input_: Annotated[
            ConversationTypingInput, strawberry.argument(name="input", description="Whether.")
        ],
    ) -> ConversationTypingPayload:
        check_client_key(input_.client_key)  # it is harmless if repeated
        conversation = await commands.set_typing(
            info.context.services,
            info.context.viewer,
            uuid_of(conversation_id, "Conversation", field=["conversationId"]),
            is_typing=input_.is_typing,
        )
        return ConversationTypingPayload(conversation=conversation)


@strawberry.type(description="Who came, who went, and who is called otherwise.")
class PresenceChanged:
    """Read off a `subscriptions.PresenceChanged`."""

    @strawberry.field(
        description="Who is online now and was not; in the first event, all who are.",
        graphql_type=list[User] | None,
    )
    async def online(
        self, root: Parent[subscriptions.PresenceChanged], info: Info
    ) -> list[UserRecord]:
        return await _known(info, root.online)

    @strawberry.field(
        description="Who was online and is no more; in the first event, all who are not, and "
        "people with whom you share no conversation.",
        graphql_type=list[User] | None,
    )
    async def offline(
        self, root: Parent[subscriptions.PresenceChanged], info: Info
    ) -> list[UserRecord]:
        return await _known(info, root.offline)

    @strawberry.field(
        description="Whose profile is another one than before: their name, their picture, their "
        "role, or whether the account is in use.",
        graphql_type=list[User] | None,
    )
    async def changed(
        self, root: Parent[subscriptions.PresenceChanged], info: Info
    ) -> list[UserRecord]:
        return await _known(info, root.changed)


@strawberry.type(description="Who of a conversation is there.")
class ConversationPresence:
    """Read off a `subscriptions.ConversationPresence`."""

    online_count: int = strawberry.field(description="How many participants are online.")

    @strawberry.field(description="The conversation.", graphql_type=Conversation | None)
    async def conversation(
        self, root: Parent[subscriptions.ConversationPresence], info: Info
    ) -> ConversationRecord | None:
        return await info.context.loaders.conversation_by_id.load(root.conversation_id)

    @strawberry.field(
        description=f"Participants who are online, of more than {MAX_SHOWN} the first.",
        graphql_type=list[User] | None,
    )
    async def online(
        self, root: Parent[subscriptions.ConversationPresence], info: Info
    ) -> list[UserRecord]:
        return await _known(info, root.online)

    @strawberry.field(
        description="Others who type, the last who said so at the end.",
        graphql_type=list[User] | None,
    )
    async def typing(
        self, root: Parent[subscriptions.ConversationPresence], info: Info
    ) -> list[UserRecord]:
        return await _known(info, root.typing)


async def _known(info: Info, ids: list[int]) -> list[UserRecord]:
    users = await info.context.loaders.user_by_id.load_many(ids)
    return [user for user in users if user is not None]


@strawberry.type
class PresenceSubscriptions:
    """Streams."""

    @strawberry.subscription(
        description="Who of these people is online: all of them first, then whoever comes or "
        f"goes, or changes their profile. At most {MAX_WATCHED}.",
        graphql_type=PresenceChanged,
    )
    async def presence(
        self,
        info: Info,
        user_ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="The users' ids.")
        ],
    ) -> AsyncIterator[subscriptions.PresenceChanged]:
        context = info.context
        context.viewer.require()
        keys = [uuid_of(i, "User", field=["userIds"]) for i in user_ids[: MAX_WATCHED + 1]]
        users = await context.loaders.user_by_public_id.load_many(keys)
        known = [user.id for user in users if user is not None]
        events = subscriptions.presence_events(context.services, context.viewer, known)
        async with aclosing(events):
            async for event in events:
                yield event

    @strawberry.subscription(
        description="Who of a conversation is online and who types: as it is first, then whenever "
        "that changes; of a crowd every two seconds at most. It ends when you no longer take part.",
        graphql_type=ConversationPresence,
    )
    async def conversation_presence(
        self, info: Info, conversation_id: ConversationId
    ) -> AsyncIterator[subscriptions.ConversationPresence]:
        context = info.context
        events = subscriptions.conversation_presence(
            context.services,
            context.viewer,
            uuid_of(conversation_id, "Conversation", field=["conversationId"]),
        )
        async with aclosing(events):
            async for event in events:
                yield event
