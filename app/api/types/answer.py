"""Answers that grow, read off what is known of them for as long as they do."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry import Parent
from strawberry.scalars import JSON

from app.answers.queries import AnswerNow, AnswerState
from app.api.context import Info
from app.api.ids import global_id
from app.api.types import ring
from app.chat.log import ConversationRecord, LogEntry
from app.users.queries import UserRecord


@strawberry.type(
    description="An answer that a service account gives piece by piece, until it is a message."
)
class Answer:
    """Read off an `AnswerNow`."""

    state: AnswerState = strawberry.field(description="How it stands.")
    length: int = strawberry.field(
        description="How many characters it has so far: Unicode code points. 0 where it has ended "
        "and nothing of it is kept."
    )

    @strawberry.field(description="The id by which its mutations name it.")
    def id(self, root: Parent[AnswerNow]) -> strawberry.ID:
        return global_id("Answer", root.record.id)

    @strawberry.field(
        description="The id of its message once it is finished, known from the start: what grows "
        "may stand in its place already."
    )
    def message_id(self, root: Parent[AnswerNow]) -> strawberry.ID:
        return global_id("Message", root.record.message_id)

    @strawberry.field(description="The model that writes it.")
    def model(self, root: Parent[AnswerNow]) -> str | None:
        return root.record.model

    @strawberry.field(description="Who runs that model.")
    def provider(self, root: Parent[AnswerNow]) -> str | None:
        return root.record.provider

    @strawberry.field(
        description="What clients keep with it; once it has ended its message has it.",
        graphql_type=JSON,
    )
    def metadata(self, root: Parent[AnswerNow]) -> dict[str, Any]:
        return root.record.metadata

    @strawberry.field(description="When it was started.")
    def started_at(self, root: Parent[AnswerNow]) -> datetime:
        return root.record.created_at

    @strawberry.field(
        description="Who gives it; null if the account is gone.", graphql_type=ring.User | None
    )
    async def sender(self, root: Parent[AnswerNow], info: Info) -> UserRecord | None:
        return await info.context.loaders.user_by_id.load(root.record.sender_id)

    @strawberry.field(
        description="The conversation it is given in; null unless you take part.",
        graphql_type=ring.Conversation | None,
    )
    async def conversation(self, root: Parent[AnswerNow], info: Info) -> ConversationRecord | None:
        return await info.context.loaders.conversation_by_id.load(root.record.conversation_id)

    @strawberry.field(
        description="The message that it answers; null if it answers none.",
        graphql_type=ring.Message | None,
    )
    async def reply_to(self, root: Parent[AnswerNow], info: Info) -> LogEntry | None:
        if root.record.reply_to_id is None:
            return None
        return await info.context.loaders.message_by_id.load(root.record.reply_to_id)

    @strawberry.field(
        description="The message that it became; null until it is finished.",
        graphql_type=ring.Message | None,
    )
    async def message(self, root: Parent[AnswerNow], info: Info) -> LogEntry | None:
        if root.state is not AnswerState.FINISHED:
            return None
        return await info.context.loaders.message_by_id.load(root.record.message_id)
