"""Messages: who said what, and who has read it."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry import Parent
from strawberry.scalars import JSON

from app.api.connection import connection
from app.api.context import Info
from app.api.types import ring
from app.api.types.medium import Medium
from app.api.types.node import Node, id_of
from app.api.types.pages import users_page
from app.chat.log import ConversationRecord, LogEntry
from app.chat.models import MessageRole
from app.paging import Page, PageArgs
from app.users.queries import UserRecord


@strawberry.type(description="One message of a conversation.")
class Message(Node):
    """Read off a `LogEntry`."""

    id: strawberry.ID = id_of("Message")
    text: str | None = strawberry.field(description="What it says; null if it was deleted.")
    role: MessageRole = strawberry.field(description="Who speaks.")
    model: str | None = strawberry.field(description="The model that wrote it, for an answer.")
    provider: str | None = strawberry.field(description="Who runs that model.")
    tokens: int | None = strawberry.field(description="How many tokens it cost.")
    metadata: JSON = strawberry.field(description="What clients keep with it.")
    deleted: bool = strawberry.field(description="Whether it was deleted; its place stays.")
    seq: int = strawberry.field(
        description="Its place in the conversation's log: dense over everything that happens there."
    )
    created_at: datetime = strawberry.field(
        description="When it was sent. Messages are ordered by `seq`, not by time."
    )
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @strawberry.field(description="Files beside the text.", graphql_type=list[Medium])
    def attachments(self, root: Parent[LogEntry]) -> list[dict[str, str]]:
        return root.attachments

    @strawberry.field(
        description="Who sent it; null for the system or if the account is gone.",
        graphql_type=ring.User | None,
    )
    async def sender(self, root: Parent[LogEntry], info: Info) -> UserRecord | None:
        if root.sender_id is None:
            return None
        return await info.context.loaders.user_by_id.load(root.sender_id)

    @strawberry.field(
        description="The conversation it is in; null unless you take part.",
        graphql_type=ring.Conversation | None,
    )
    async def conversation(self, root: Parent[LogEntry], info: Info) -> ConversationRecord | None:
        return await info.context.loaders.conversation_by_id.load(root.conversation_id)

    @connection(
        ring.User, description="Who has read it, in the order of their accounts.", nullable=True
    )
    async def read_by(self, root: Parent[LogEntry], info: Info, args: PageArgs) -> Page[UserRecord]:
        receipts = await info.context.loaders.receipts.load(root.conversation_id)
        readers = [user for user, read in receipts if read >= (root.msg_no or 0)]
        return await users_page(info, readers, args)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a message's."""
        return isinstance(obj, LogEntry)
