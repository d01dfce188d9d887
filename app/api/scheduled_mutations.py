"""Mutations of messages that are to be sent later."""

from datetime import datetime
from typing import Annotated, Any, TypeVar, cast

import strawberry
from strawberry import Maybe
from strawberry.scalars import JSON

from app.api.chat_mutations import ContentInput, ConversationId, content_of, file_keys
from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, MediumInput, Payload, attachments_of, given, mutation
from app.api.types import ScheduledMessage, User
from app.scheduled import commands
from app.scheduled.commands import ScheduledChanges
from app.scheduled.queries import ScheduledRecord
from app.users.queries import UserRecord

ScheduledId = Annotated[
    strawberry.ID, strawberry.argument(description="The scheduled message's id.")
]


@strawberry.input(description="A message for later.")
class MessageScheduleInput(ContentInput):
    """The input of `messageSchedule`."""

    send_at: datetime = strawberry.field(description="When, within a year.")


@strawberry.input(description="What is to be sent later; what is left out stays as it is.")
class ScheduledMessageUpdateInput(KeyedInput):
    """The input of `scheduledMessageUpdate`."""

    text: Maybe[str | None] = strawberry.field(
        description="What it is to say: at most 10,000 characters; null beside files alone."
    )
    attachments: Maybe[list[MediumInput] | None] = strawberry.field(
        description="All files beside the text that were not uploaded: at most 20."
    )
    attachment_ids: Maybe[list[strawberry.ID] | None] = strawberry.field(
        description="All files that you uploaded for it with `attachmentCreate`: at most 20 with "
        "the others. What is not among them is free again."
    )
    metadata: Maybe[JSON | None] = strawberry.field(
        description="An object that clients keep with it: at most 8 kB."
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


PayloadT = TypeVar("PayloadT", bound=_ScheduledPayload)


@strawberry.type
class ScheduledMutations:
    """Writes."""

    @mutation(
        MessageSchedulePayload,
        description="Send a message at a later time, once, if you may send it then; at most "
        f"{commands.MAX_WAITING} wait. No other message has its uploaded files meanwhile.",
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
        scheduled = await commands.schedule_message(
            info.context.services,
            info.context.viewer,
            key,
            content_of(input_),
            input_.send_at,
            client_key=input_.client_key,
        )
        return await _shown(info, MessageSchedulePayload, scheduled)

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
        media = given(input_.attachments, "attachments")
        files = given(input_.attachment_ids, "attachmentIds")
        changes = ScheduledChanges(
            None if input_.text is None else (input_.text.value,),
            None if media is None else attachments_of(media),
            None if files is None else file_keys(files),
            cast("dict[str, Any] | None", given(input_.metadata, "metadata")),
            given(input_.send_at, "sendAt"),
        )
        scheduled = await commands.update_scheduled(
            info.context.services, info.context.viewer, key, changes, client_key=input_.client_key
        )
        return await _shown(info, ScheduledMessageUpdatePayload, scheduled)

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
        return await _shown(info, ScheduledMessageCancelPayload, scheduled)


async def _shown(info: Info, payload: type[PayloadT], scheduled: ScheduledRecord) -> PayloadT:
    user = await info.context.loaders.user_by_id.load(scheduled.sender_id)
    return payload(scheduled_message=scheduled, user=user)
