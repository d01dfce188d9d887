"""Mutations of answers that are given piece by piece."""

from typing import Annotated, Any, cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from app.answers import commands
from app.answers.commands import FinalAnswer, NewAnswer
from app.answers.queries import AnswerNow
from app.api.chat_mutations import ConversationId, answered
from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, Payload, mutation
from app.api.types import Answer, Conversation, Message
from app.chat.log import ConversationRecord, LogEntry
from app.once import check_client_key

AnswerId = Annotated[strawberry.ID, strawberry.argument(description="The answer's id.")]


@strawberry.input(description="An answer that is to grow.")
class AnswerStartInput(KeyedInput):
    """The input of `answerStart`."""

    reply_to_id: strawberry.ID | None = strawberry.field(
        default=None, description="The message that it answers, of the same conversation."
    )
    model: str | None = strawberry.field(
        default=None, description="What writes it: at most 100 characters."
    )
    provider: str | None = strawberry.field(
        default=None, description="Whose model that is: at most 100 characters."
    )
    metadata: JSON | None = strawberry.field(
        default=None, description="An object that clients keep with it: at most 8 kB."
    )


@strawberry.input(description="A piece of an answer.")
class AnswerAppendInput(KeyedInput):
    """The input of `answerAppend`."""

    offset: int = strawberry.field(
        description="How many characters are before it: Unicode code points, as `length` counts."
    )
    text: str = strawberry.field(
        description="What it says: an answer has at most 10,000 characters. Nothing keeps the "
        "answer alive while there is nothing to say."
    )


@strawberry.input(description="How an answer ends.")
class AnswerFinishInput(KeyedInput):
    """The input of `answerFinish`."""

    text: str | None = strawberry.field(
        default=None, description="The whole text; what was appended if it is left out."
    )
    tokens: int = strawberry.field(
        description="What it cost: used by whoever started the conversation."
    )
    metadata: JSON | None = strawberry.field(
        default=None,
        description="An object that clients keep with the message: at most 8 kB; what was given "
        "at the start if it is left out.",
    )


@strawberry.input(description="An answer that is not to be given.")
class AnswerCancelInput(KeyedInput):
    """The input of `answerCancel`."""


@strawberry.type(description="What came of `answerStart`.")
class AnswerStartPayload(Payload):
    """The answer."""

    answer: AnswerNow | None = strawberry.field(
        default=None,
        graphql_type=Answer | None,
        description="The answer; of a retry as it stands, with all that was appended.",
    )


@strawberry.type(description="What came of `answerAppend`.")
class AnswerAppendPayload(Payload):
    """The answer."""

    answer: AnswerNow | None = strawberry.field(
        default=None,
        graphql_type=Answer | None,
        description="The answer, whose `length` is the next piece's offset.",
    )


@strawberry.type(description="What came of `answerFinish`.")
class AnswerFinishPayload(Payload):
    """The answer, its message, and the conversation that it changed."""

    answer: AnswerNow | None = strawberry.field(
        default=None, graphql_type=Answer | None, description="The answer, which has ended."
    )
    message: LogEntry | None = strawberry.field(
        default=None, graphql_type=Message | None, description="The message that it became."
    )
    conversation: ConversationRecord | None = strawberry.field(
        default=None,
        graphql_type=Conversation | None,
        description="The conversation as it is now.",
    )


@strawberry.type(description="What came of `answerCancel`.")
class AnswerCancelPayload(Payload):
    """The answer."""

    answer: AnswerNow | None = strawberry.field(
        default=None, graphql_type=Answer | None, description="The answer, which has ended."
    )


@strawberry.type
class AnswerMutations:
    """Writes."""

    @mutation(
        AnswerStartPayload,
        description="Begin to answer piece by piece, for service accounts that take part: one "
        "answer at a time in each conversation. Started again with its key it tells how much "
        "there is, and begins anew if it was abandoned.",
    )
    async def answer_start(
        self,
        info: Info,
        conversation_id: ConversationId,
        input_: Annotated[
            AnswerStartInput, strawberry.argument(name="input", description="What is known of it.")
        ],
    ) -> AnswerStartPayload:
        key = uuid_of(conversation_id, "Conversation", field=["conversationId"])
        metadata = {} if input_.metadata is None else cast("dict[str, Any]", input_.metadata)
        new = NewAnswer(answered(input_.reply_to_id), input_.model, input_.provider, metadata)
        answer = await commands.start_answer(
            info.context.services, info.context.viewer, key, new, client_key=input_.client_key
        )
        return AnswerStartPayload(answer=answer)

    @mutation(
        AnswerAppendPayload,
        description="Let an answer of yours grow. The same piece at the same offset does nothing "
        "twice. An answer to which nothing is appended for half a minute is abandoned.",
    )
    async def answer_append(
        self,
        info: Info,
        answer_id: AnswerId,
        input_: Annotated[
            AnswerAppendInput, strawberry.argument(name="input", description="A piece of it.")
        ],
    ) -> AnswerAppendPayload:
        check_client_key(input_.client_key)  # its offset makes it harmless if repeated
        context = info.context
        answer = await commands.append_to_answer(
            context.services, context.viewer, _key(answer_id), input_.offset, input_.text
        )
        return AnswerAppendPayload(answer=answer)

    @mutation(
        AnswerFinishPayload,
        description="Make an answer of yours a message: once, also where it was abandoned, if you "
        "give its text.",
    )
    async def answer_finish(
        self,
        info: Info,
        answer_id: AnswerId,
        input_: Annotated[
            AnswerFinishInput, strawberry.argument(name="input", description="How it ends.")
        ],
    ) -> AnswerFinishPayload:
        context = info.context
        final = FinalAnswer(input_.text, input_.tokens, input_.metadata)
        answer, message = await commands.finish_answer(
            context.services, context.viewer, _key(answer_id), final, client_key=input_.client_key
        )
        conversation = await context.loaders.conversation_by_id.load(message.conversation_id)
        return AnswerFinishPayload(answer=answer, message=message, conversation=conversation)

    @mutation(
        AnswerCancelPayload,
        description="Stop an answer, of which nothing stays: for its sender and everybody else "
        "who takes part; in a group for its owners and admins. What wrote it is told when it "
        "appends.",
    )
    async def answer_cancel(
        self,
        info: Info,
        answer_id: AnswerId,
        input_: Annotated[
            AnswerCancelInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> AnswerCancelPayload:
        context = info.context
        answer = await commands.cancel_answer(
            context.services, context.viewer, _key(answer_id), client_key=input_.client_key
        )
        return AnswerCancelPayload(answer=answer)


def _key(answer_id: strawberry.ID) -> UUID:
    return uuid_of(answer_id, "Answer", field=["answerId"])
