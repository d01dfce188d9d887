"""What somebody says at a later time."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry import Parent
from strawberry.scalars import JSON

from app.api.context import Info
from app.api.types import ring
from app.api.types.medium import Medium
from app.api.types.node import Node, id_of
from app.chat.log import ConversationRecord, LogEntry
from app.errors import ErrorCode
from app.scheduled.models import ScheduledState
from app.scheduled.queries import ScheduledRecord


@strawberry.type(description="A message of yours that is to be sent later.")
class ScheduledMessage(Node):
    """Read off a `ScheduledRecord`."""

    id: strawberry.ID = id_of("ScheduledMessage")
    text: str | None = strawberry.field(
        description="What it will say; null once it is sent, for the message has it, or cancelled."
    )
    metadata: JSON = strawberry.field(
        description="What clients keep with it; empty once it is sent or cancelled."
    )
    send_at: datetime = strawberry.field(description="When it is to be sent.")
    state: ScheduledState = strawberry.field(description="How far it is.")
    created_at: datetime = strawberry.field(description="When it was scheduled.")

    @strawberry.field(
        description="Files beside the text; none once it is sent, for the message has them, or "
        "cancelled.",
        graphql_type=list[Medium],
    )
    def attachments(self, root: Parent[ScheduledRecord]) -> list[dict[str, str]]:
        return root.attachments

    @strawberry.field(
        description="Why it could not be sent: `NOT_FOUND` where you no longer take part, "
        "`FORBIDDEN` where your account was closed; null if it did not fail."
    )
    def failure(self, root: Parent[ScheduledRecord]) -> ErrorCode | None:
        return None if root.failure is None else ErrorCode(root.failure)

    @strawberry.field(
        description="Where it is to be sent; null if you no longer take part.",
        graphql_type=ring.Conversation | None,
    )
    async def conversation(
        self, root: Parent[ScheduledRecord], info: Info
    ) -> ConversationRecord | None:
        return await info.context.loaders.conversation_by_id.load(root.conversation_id)

    @strawberry.field(
        description="The message that it answers, if it answers one that you still see.",
        graphql_type=ring.Message | None,
    )
    async def reply_to(self, root: Parent[ScheduledRecord], info: Info) -> LogEntry | None:
        return await _message(info, root.reply_to_id)

    @strawberry.field(
        description="What was sent; null until then.", graphql_type=ring.Message | None
    )
    async def message(self, root: Parent[ScheduledRecord], info: Info) -> LogEntry | None:
        return await _message(info, root.message_id)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a scheduled message's."""
        return isinstance(obj, ScheduledRecord)


async def _message(info: Info, key: Any) -> LogEntry | None:
    return None if key is None else await info.context.loaders.message_by_id.load(key)
