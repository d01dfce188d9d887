"""Mutations of messages that are to be sent later."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Maybe

from app.api.chat_mutations import ConversationId, answered
from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, Payload, given, mutation
from app.api.types import ScheduledMessage, User
from app.scheduled import commands
from app.scheduled.commands import NewScheduled, ScheduledChanges
from app.scheduled.queries import ScheduledRecord
from app.users.queries import UserRecord

ScheduledId = Annotated[
    strawberry.ID, strawberry.argument(description="The scheduled message's id.")
]


@strawberry.input(description="A message for later.")
class MessageScheduleInput(KeyedInput):
    """The input of `messageSchedule`."""

    text: str = strawberry.field(description="What it is to say: at most 10,000 characters.")
    send_at: datetime = strawberry.field(description="When, within a year.")
    reply_to_id: strawberry.ID | None = strawberry.field(
        default=None, description="The message that it answers, of the same conversation."
    )


@strawberry.input(description="What is to be sent later; what is left out stays as it is.")
class ScheduledMessageUpdateInput(KeyedInput):
    """The input of `scheduledMessageUpdate`."""

    text: Maybe[str | None] = strawberry.field(
        description="What it is to say: at most 10,000 characters."
    )
    send_at: Maybe[datetime | None] = strawberry.field(description="When, within a year.")


@strawberry.input(description="A message not to send.")
class ScheduledMessageCancelInput(KeyedInput):
    """The input of `scheduledMessageCancel`."""


@strawberry.type(description="What came of a change of a scheduled message.")
class _ScheduledPayload(Payload):
    scheduled_message: ScheduledRecord | None = strawberry.field(
        default=None, graphql_type=ScheduledMessage | None, description="What waits, as it is now."
    )
    user: UserRecord | None = strawberry.field(
        default=None, graphql_type=User | None, description="Whose it is: you."
    )


@strawberry.type(description="What came of `messageSchedule`.")
class MessageSchedulePayload(_ScheduledPayload):
    """What waits for its time, and its sender."""


@strawberry.type(description="What came of `scheduledMessageUpdate`.")
class ScheduledMessageUpdatePayload(_ScheduledPayload):
    """What waits, and its sender."""


@strawberry.type(description="What came of `scheduledMessageCancel`.")
class ScheduledMessageCancelPayload(_ScheduledPayload):
    """What no longer waits, and its sender."""


@strawberry.type
class ScheduledMutations:
    """Writes."""

    @mutation(
        MessageSchedulePayload,
        description="Send a message at a later time, once, if you may send it then; at most "
        f"{commands.MAX_WAITING} wait.",
    )
    async def message_schedule(
        self,
        info: Info,
        conversation_id: ConversationId,
        input_: Annotated[
            MessageScheduleInput,
            strawberry.argument(name="input", description="What to say, and when."),
        ],
    ) -> MessageSchedulePayload:
        key = uuid_of(conversation_id, "Conversation", field=["conversationId"])
        new = NewScheduled(input_.text, input_.send_at, answered(input_.reply_to_id))
        scheduled = await commands.schedule_message(
            info.context.services, info.context.viewer, key, new, client_key=input_.client_key
        )
        user = await info.context.loaders.user_by_id.load(scheduled.sender_id)
        return MessageSchedulePayload(scheduled_message=scheduled, user=user)

    @mutation(
        ScheduledMessageUpdatePayload,
        description="Change a message that is still to be sent; one that could not be waits again.",
    )
    async def scheduled_message_update(
        self,
        info: Info,
        scheduled_message_id: ScheduledId,
        input_: Annotated[
            ScheduledMessageUpdateInput,
            strawberry.argument(name="input", description="What changes."),
        ],
    ) -> ScheduledMessageUpdatePayload:
        key = uuid_of(scheduled_message_id, "ScheduledMessage", field=["scheduledMessageId"])
        changes = ScheduledChanges(given(input_.text, "text"), given(input_.send_at, "sendAt"))
        scheduled = await commands.update_scheduled(
            info.context.services, info.context.viewer, key, changes, client_key=input_.client_key
        )
        user = await info.context.loaders.user_by_id.load(scheduled.sender_id)
        return ScheduledMessageUpdatePayload(scheduled_message=scheduled, user=user)

    @mutation(
        ScheduledMessageCancelPayload,
        description="Never send a scheduled message; one that is being sent cannot be held back.",
    )
    async def scheduled_message_cancel(
        self,
        info: Info,
        scheduled_message_id: ScheduledId,
        input_: Annotated[
            ScheduledMessageCancelInput,
            strawberry.argument(name="input", description="The client key."),
        ],
    ) -> ScheduledMessageCancelPayload:
        key = uuid_of(scheduled_message_id, "ScheduledMessage", field=["scheduledMessageId"])
        scheduled = await commands.cancel_scheduled(
            info.context.services, info.context.viewer, key, client_key=input_.client_key
        )
        user = await info.context.loaders.user_by_id.load(scheduled.sender_id)
        return ScheduledMessageCancelPayload(scheduled_message=scheduled, user=user)
