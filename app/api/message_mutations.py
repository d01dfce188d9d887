"""Mutations of messages that were sent: edit, delete, react, pin."""

from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import Maybe

from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, MediumInput, Payload, attachments_of, given, mutation
from app.api.types import Conversation, Message
from app.chat import changes
from app.chat.changes import MessageEdits
from app.chat.log import ConversationRecord, LogEntry

MessageId = Annotated[strawberry.ID, strawberry.argument(description="The message's id.")]


@strawberry.input(description="What a message is to say; what is left out stays as it is.")
class MessageEditInput(KeyedInput):
    """The input of `messageEdit`."""

    text: Maybe[str | None] = strawberry.field(
        description="What it says: at most 10,000 characters; null beside attachments alone."
    )
    attachments: Maybe[list[MediumInput] | None] = strawberry.field(
        description="All files beside the text: at most 20."
    )
    mention_ids: Maybe[list[strawberry.ID] | None] = strawberry.field(
        description="All whom it mentions, who take part: at most 50 users."
    )
    mention_everyone: Maybe[bool | None] = strawberry.field(
        description="Whether it mentions everybody who takes part: for owners and admins of a "
        "group."
    )


@strawberry.input(description="A message to delete.")
class MessageDeleteInput(KeyedInput):
    """The input of `messageDelete`."""


@strawberry.input(description="An emoji to react with.")
class MessageReactionAddInput(KeyedInput):
    """The input of `messageReactionAdd`."""

    emoji: str = strawberry.field(description="One emoji, as Unicode has it: no name of one.")


@strawberry.input(description="An emoji to take back.")
class MessageReactionRemoveInput(KeyedInput):
    """The input of `messageReactionRemove`."""

    emoji: str = strawberry.field(description="One emoji, as Unicode has it: no name of one.")


@strawberry.input(description="A message to pin.")
class MessagePinInput(KeyedInput):
    """The input of `messagePin`."""


@strawberry.input(description="A message to unpin.")
class MessageUnpinInput(KeyedInput):
    """The input of `messageUnpin`."""


@strawberry.type(description="What came of a change of a message.")
class _MessagePayload(Payload):
    message: LogEntry | None = strawberry.field(
        default=None, graphql_type=Message | None, description="The message as it is now."
    )


@strawberry.type(description="What came of a change that the conversation shows.")
class _ShownPayload(_MessagePayload):
    conversation: ConversationRecord | None = strawberry.field(
        default=None,
        graphql_type=Conversation | None,
        description="The conversation as it is now.",
    )


@strawberry.type(description="What came of `messageEdit`.")
class MessageEditPayload(_ShownPayload):
    """The message, and the conversation that shows it."""


@strawberry.type(description="What came of `messageDelete`.")
class MessageDeletePayload(_ShownPayload):
    """What is left of the message, and the conversation that shows it."""

    message: LogEntry | None = strawberry.field(
        default=None,
        graphql_type=Message | None,
        description="What is left of it: its place, and who sent it when.",
    )


@strawberry.type(description="What came of `messageReactionAdd`.")
class MessageReactionAddPayload(_MessagePayload):
    """The message."""


@strawberry.type(description="What came of `messageReactionRemove`.")
class MessageReactionRemovePayload(_MessagePayload):
    """The message."""


@strawberry.type(description="What came of `messagePin`.")
class MessagePinPayload(_ShownPayload):
    """The message, and the conversation in which it is pinned."""


@strawberry.type(description="What came of `messageUnpin`.")
class MessageUnpinPayload(_ShownPayload):
    """The message, and the conversation in which it was pinned."""


@strawberry.type
class MessageMutations:
    """Writes."""

    @mutation(
        MessageEditPayload,
        description="Let a message of yours say something else. What it said stays in its "
        "`edits`, for everybody who takes part.",
    )
    async def message_edit(
        self,
        info: Info,
        message_id: MessageId,
        input_: Annotated[
            MessageEditInput, strawberry.argument(name="input", description="What to change.")
        ],
    ) -> MessageEditPayload:
        key = _key(message_id)
        attachments = given(input_.attachments, "attachments")
        mentions = given(input_.mention_ids, "mentionIds")
        edits = MessageEdits(
            None if input_.text is None else (input_.text.value,),
            None if attachments is None else attachments_of(attachments),
            None if mentions is None else mention_keys(mentions),
            given(input_.mention_everyone, "mentionEveryone"),
        )
        context = info.context
        await changes.edit_message(
            context.services, context.viewer, key, edits, client_key=input_.client_key
        )
        message, conversation = await _as_it_is(info, key)
        return MessageEditPayload(message=message, conversation=conversation)

    @mutation(
        MessageDeletePayload,
        description="Take away what a message said, now and before its edits: its sender, owners "
        "and admins of its group, and moderators who take part may. Its place stays.",
    )
    async def message_delete(
        self,
        info: Info,
        message_id: MessageId,
        input_: Annotated[
            MessageDeleteInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> MessageDeletePayload:
        key, context = _key(message_id), info.context
        await changes.delete_message(
            context.services, context.viewer, key, client_key=input_.client_key
        )
        message, conversation = await _as_it_is(info, key)
        return MessageDeletePayload(message=message, conversation=conversation)

    @mutation(
        MessageReactionAddPayload,
        description="React to a message with an emoji. A message has at most 20 different ones.",
    )
    async def message_reaction_add(
        self,
        info: Info,
        message_id: MessageId,
        input_: Annotated[
            MessageReactionAddInput, strawberry.argument(name="input", description="The emoji.")
        ],
    ) -> MessageReactionAddPayload:
        message, _ = await _react(info, message_id, input_, removed=False)
        return MessageReactionAddPayload(message=message)

    @mutation(
        MessageReactionRemovePayload,
        description="Take back an emoji that you reacted with to a message.",
    )
    async def message_reaction_remove(
        self,
        info: Info,
        message_id: MessageId,
        input_: Annotated[
            MessageReactionRemoveInput, strawberry.argument(name="input", description="The emoji.")
        ],
    ) -> MessageReactionRemovePayload:
        message, _ = await _react(info, message_id, input_, removed=True)
        return MessageReactionRemovePayload(message=message)

    @mutation(
        MessagePinPayload,
        description="Pin a message in its conversation, which has at most 100 pinned ones; in a "
        "group its owners and admins may.",
    )
    async def message_pin(
        self,
        info: Info,
        message_id: MessageId,
        input_: Annotated[
            MessagePinInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> MessagePinPayload:
        message, conversation = await _pin(info, message_id, input_, removed=False)
        return MessagePinPayload(message=message, conversation=conversation)

    @mutation(
        MessageUnpinPayload,
        description="Unpin a message; in a group its owners and admins may.",
    )
    async def message_unpin(
        self,
        info: Info,
        message_id: MessageId,
        input_: Annotated[
            MessageUnpinInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> MessageUnpinPayload:
        message, conversation = await _pin(info, message_id, input_, removed=True)
        return MessageUnpinPayload(message=message, conversation=conversation)


def mention_keys(user_ids: list[strawberry.ID]) -> list[UUID]:
    """The public ids of the users whom an input's `mentionIds` name."""
    return [uuid_of(user_id, "User", field=["input", "mentionIds"]) for user_id in user_ids]


def _key(message_id: strawberry.ID) -> UUID:
    return uuid_of(message_id, "Message", field=["messageId"])


async def _react(
    info: Info,
    message_id: strawberry.ID,
    given: MessageReactionAddInput | MessageReactionRemoveInput,
    *,
    removed: bool,
) -> tuple[LogEntry | None, ConversationRecord | None]:
    key, context = _key(message_id), info.context
    await changes.react_to_message(
        context.services,
        context.viewer,
        key,
        given.emoji,
        removed=removed,
        client_key=given.client_key,
    )
    return await _as_it_is(info, key)


async def _pin(
    info: Info,
    message_id: strawberry.ID,
    given: MessagePinInput | MessageUnpinInput,
    *,
    removed: bool,
) -> tuple[LogEntry | None, ConversationRecord | None]:
    key, context = _key(message_id), info.context
    await changes.pin_message(
        context.services, context.viewer, key, removed=removed, client_key=given.client_key
    )
    return await _as_it_is(info, key)


async def _as_it_is(info: Info, key: UUID) -> tuple[LogEntry | None, ConversationRecord | None]:
    loaders = info.context.loaders
    message = await loaders.message_by_id.load(key)
    if message is None:  # the viewer was removed meanwhile
        return None, None
    return message, await loaders.conversation_by_id.load(message.conversation_id)
