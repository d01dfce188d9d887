"""The stream of answers that grow."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import strawberry

from app.answers import subscriptions
from app.answers.queries import AnswerNow
from app.api.chat import ConversationId
from app.api.context import Info
from app.api.ids import uuid_of
from app.api.types import Answer


@strawberry.type(
    description="A piece of an answer. The first one that you are told begins at 0 and has all "
    "there is; every other one follows directly on the one before, and has all that came since."
)
class MessageDelta:
    """Read off a `subscriptions.MessageDelta`."""

    answer: AnswerNow = strawberry.field(
        description="The answer as it stands after this piece: `RUNNING` but for the last one.",
        graphql_type=Answer,
    )
    offset: int = strawberry.field(
        description="How many characters were before it: Unicode code points. At 0 begin anew."
    )
    text: str = strawberry.field(description="The piece; may be empty at the start and at the end.")


@strawberry.type
class AnswerSubscriptions:
    """Streams."""

    @strawberry.subscription(
        description="The answers that grow in a conversation: what there is of each first, then "
        "how it goes on, at most 20 times a second, and how it ends. After a reconnect it is the "
        "same again. The message itself is told by `conversationEvents`, in the log's order. It "
        "ends when you no longer take part.",
        graphql_type=MessageDelta,
    )
    async def message_delta(
        self, info: Info, conversation_id: ConversationId
    ) -> AsyncIterator[subscriptions.MessageDelta]:
        context = info.context
        deltas = subscriptions.message_deltas(
            context.services,
            context.viewer,
            uuid_of(conversation_id, "Conversation", field=["conversationId"]),
        )
        async with aclosing(deltas):
            async for delta in deltas:
                yield delta
