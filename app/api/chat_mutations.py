"""Mutations of conversations and messages."""

from dataclasses import replace
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from app.api.context import Info
from app.api.ids import uuid_of
from app.api.message_mutations import mention_keys
from app.api.mutation import KeyedInput, MediumInput, Payload, attachments_of, mutation
from app.api.types import Conversation, Message
from app.chat import commands
from app.chat.commands import NewAssistantConversation
from app.chat.content import NewMessage
from app.chat.log import ConversationRecord, LogEntry, group_conversation_id
from app.chat.models import ConversationKind, MessageRole
from app.errors import Invalid, NotFound, Required
from app.once import check_client_key

ConversationId = Annotated[strawberry.ID, strawberry.argument(description="The conversation's id.")]


@strawberry.input(description="A conversation to start, or to find if there is one.")
class ConversationStartInput(KeyedInput):
    """The input of `conversationStart`."""

    kind: ConversationKind = strawberry.field(description="Between whom it is to be.")
    user_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="With whom: for a direct one, of which there is one for each pair; for one "
        "with an assistant, the service account that is to answer.",
    )
    group_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose, for a group's; every group has one, for its members."
    )
    title: str | None = strawberry.field(
        default=None,
        description="What to call it, for one with an assistant: at most 200 characters.",
    )
    context: JSON | None = strawberry.field(
        default=None,
        description="An object of what an assistant should know, for one with an assistant: at "
        "most 8 kB.",
    )
    metadata: JSON | None = strawberry.field(
        default=None,
        description="An object that clients keep with it, for one with an assistant: at most 8 kB.",
    )


@strawberry.type(description="What came of `conversationStart`.")
class ConversationStartPayload(Payload):
    """The conversation."""

    conversation: ConversationRecord | None = strawberry.field(
        default=None, graphql_type=Conversation | None, description="The conversation."
    )


@strawberry.input(description="What a message says, sent now or later.")
class ContentInput(KeyedInput):
    """What `messageSend` and `messageSchedule` both take."""

    text: str | None = strawberry.field(
        default=None,
        description="What it says: at most 10,000 characters. Needed without attachments.",
    )
    attachments: list[MediumInput] = strawberry.field(
        default_factory=list, description="Files beside the text: at most 20."
    )
    attachment_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="Files that you uploaded for this conversation with `attachmentCreate`, after "
        "the others: at most 20 together.",
    )
    metadata: JSON | None = strawberry.field(
        default=None, description="An object that clients keep with it: at most 8 kB."
    )
    reply_to_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The message that it answers, of the same conversation; it joins that one's "
        "thread, or begins one.",
    )


@strawberry.input(description="A message.")
class MessageSendInput(ContentInput):
    """The input of `messageSend`."""

    mention_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="Whom it mentions, who take part: at most 50 users.",
    )
    mention_everyone: bool = strawberry.field(
        default=False,
        description="Whether it mentions everybody who takes part: for owners and admins of a "
        "group.",
    )
    role: MessageRole = strawberry.field(
        default=MessageRole.USER,
        description="Who speaks: `ASSISTANT` and `SYSTEM` are for service accounts.",
    )
    model: str | None = strawberry.field(
        default=None, description="What wrote an assistant's answer: at most 100 characters."
    )
    provider: str | None = strawberry.field(
        default=None, description="Whose model that is: at most 100 characters."
    )
    tokens: int | None = strawberry.field(
        default=None,
        description="What an assistant's answer cost: used by whoever started the conversation.",
    )


@strawberry.type(description="What came of `messageSend`.")
class MessageSendPayload(Payload):
    """The message, and the conversation that it changed."""

    message: LogEntry | None = strawberry.field(
        default=None, graphql_type=Message | None, description="The message, with its place."
    )
    conversation: ConversationRecord | None = strawberry.field(
        default=None,
        graphql_type=Conversation | None,
        description="The conversation as it is now.",
    )


@strawberry.input(description="How far you have read.")
class ConversationMarkReadInput(KeyedInput):
    """The input of `conversationMarkRead`."""

    message_id: strawberry.ID | None = strawberry.field(
        default=None, description="The last message that you have read; all of them if left out."
    )


@strawberry.type(description="What came of `conversationMarkRead`.")
class ConversationMarkReadPayload(Payload):
    """The conversation."""

    conversation: ConversationRecord | None = strawberry.field(
        default=None,
        graphql_type=Conversation | None,
        description="The conversation, with its unread count as it is now.",
    )


@strawberry.type
class ChatMutations:
    """Writes."""

    @mutation(
        ConversationStartPayload,
        description="Start a conversation, or find the one there is.",
    )
    async def conversation_start(
        self,
        info: Info,
        input_: Annotated[
            ConversationStartInput, strawberry.argument(name="input", description="With whom.")
        ],
    ) -> ConversationStartPayload:
        return ConversationStartPayload(conversation=await _start(info, input_))

    @mutation(
        MessageSendPayload,
        description="Send a message. What is acknowledged is never lost; what is not may be sent "
        "again with the same client key, and makes one message.",
    )
    async def message_send(
        self,
        info: Info,
        conversation_id: ConversationId,
        input_: Annotated[
            MessageSendInput, strawberry.argument(name="input", description="What to say.")
        ],
    ) -> MessageSendPayload:
        key = uuid_of(conversation_id, "Conversation", field=["conversationId"])
        new = replace(
            content_of(input_),
            mentions=mention_keys(input_.mention_ids),
            everyone=input_.mention_everyone,
            role=input_.role,
            model=input_.model,
            provider=input_.provider,
            tokens=input_.tokens,
        )
        message = await commands.send_message(
            info.context.services, info.context.viewer, key, new, client_key=input_.client_key
        )
        conversation = await info.context.loaders.conversation_by_id.load(key)
        return MessageSendPayload(message=message, conversation=conversation)

    @mutation(
        ConversationMarkReadPayload,
        description="Note how far you have read; it never goes back.",
    )
    async def conversation_mark_read(
        self,
        info: Info,
        conversation_id: ConversationId,
        input_: Annotated[
            ConversationMarkReadInput,
            strawberry.argument(name="input", description="Up to which message."),
        ],
    ) -> ConversationMarkReadPayload:
        context = info.context
        context.viewer.require()
        check_client_key(input_.client_key)  # moving forward is harmless if repeated
        key = uuid_of(conversation_id, "Conversation", field=["conversationId"])
        msg_no = None
        if input_.message_id is not None:
            where = ["input", "messageId"]
            message_key = uuid_of(input_.message_id, "Message", field=where)
            message = await context.loaders.message_by_id.load(message_key)
            if message is None or message.conversation_id != key:
                raise NotFound("There is no such message in this conversation.", field=where)
            msg_no = message.msg_no
        conversation = await commands.mark_read(context.services, context.viewer, key, msg_no)
        return ConversationMarkReadPayload(conversation=conversation)


def content_of(given: ContentInput) -> NewMessage:
    """What an input says, as the domain takes it.

    Raises:
        NotFound: One of its ids is of nothing of that kind.
    """
    return NewMessage(
        given.text,
        attachments_of(given.attachments),
        {} if given.metadata is None else cast("dict[str, Any]", given.metadata),
        answered(given.reply_to_id),
        files=file_keys(given.attachment_ids),
    )


def answered(message_id: strawberry.ID | None) -> UUID | None:
    """The key of an input's `replyToId`.

    Raises:
        NotFound: It is no message's id.
    """
    if message_id is None:
        return None
    return uuid_of(message_id, "Message", field=["input", "replyToId"])


def file_keys(attachment_ids: list[strawberry.ID]) -> list[UUID]:
    """The keys of an input's `attachmentIds`.

    Raises:
        NotFound: One is no file's id.
    """
    return [
        uuid_of(given_id, "Attachment", field=["input", "attachmentIds", str(place)])
        for place, given_id in enumerate(attachment_ids)
    ]


_STARTED_WITH = {
    ConversationKind.DIRECT: {"userId"},
    ConversationKind.GROUP: {"groupId"},
    ConversationKind.ASSISTANT: {"userId", "title", "context", "metadata"},
}


async def _start(info: Info, given: ConversationStartInput) -> ConversationRecord:
    context = info.context
    check_client_key(given.client_key)  # also where what is started follows from who takes part
    values = {
        "userId": given.user_id,
        "groupId": given.group_id,
        "title": given.title,
        "context": given.context,
        "metadata": given.metadata,
    }
    for name, value in values.items():
        if value is not None and name not in _STARTED_WITH[given.kind]:
            raise Invalid(
                f"A {given.kind.value} conversation has no `{name}`.", field=["input", name]
            )
    where = ["input", "userId"]
    other = None if given.user_id is None else uuid_of(given.user_id, "User", field=where)
    if given.kind is ConversationKind.ASSISTANT:
        new = NewAssistantConversation(
            given.title, other, *({} if v is None else v for v in (given.context, given.metadata))
        )
        return await commands.start_assistant(
            context.services, context.viewer, new, client_key=given.client_key
        )
    if given.kind is ConversationKind.DIRECT:
        if other is None:
            raise Required("A direct conversation needs `userId`.", field=where)
        return await commands.start_direct(context.services, context.viewer, other)
    where = ["input", "groupId"]
    if given.group_id is None:
        raise Required("A group's conversation needs `groupId`.", field=where)
    context.viewer.require()
    key = group_conversation_id(uuid_of(given.group_id, "Group", field=where))
    conversation = await context.loaders.conversation_by_id.load(key)
    if conversation is None:
        raise NotFound("There is no such group that you belong to.", field=where)
    return conversation
