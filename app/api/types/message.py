"""Messages: who said what, and who has read it."""

import asyncio
from datetime import datetime
from typing import Any, NamedTuple

import strawberry
from strawberry import Parent
from strawberry.scalars import JSON

from app.api.connection import connection
from app.api.context import Info
from app.api.types import ring
from app.api.types.medium import Medium
from app.api.types.node import Node, id_of
from app.api.types.pages import users_of, users_page
from app.chat.changes import is_own, may_delete
from app.chat.content import is_leader
from app.chat.log import ConversationRecord, LogEntry
from app.chat.log import Reaction as ReactionRecord
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

    @strawberry.field(description="Its number among the conversation's messages: dense, from 1 on.")
    def number(self, root: Parent[LogEntry]) -> int:
        return root.msg_no or 0

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

    reply_count: int = strawberry.field(
        description="How many replies the thread has that began with it; deleted ones count."
    )
    mentions_everyone: bool = strawberry.field(
        description="Whether it mentions everybody who took part when it was sent."
    )
    edited_at: datetime | None = strawberry.field(
        description="When its sender last edited it; null if never."
    )

    @strawberry.field(
        description="The message that it answers; null if it answers none.",
        graphql_type=ring.Message | None,
    )
    async def reply_to(self, root: Parent[LogEntry], info: Info) -> LogEntry | None:
        if root.reply_to_id is None:
            return None
        return await info.context.loaders.shown_message_by_id.load(root.reply_to_id)

    @strawberry.field(
        description="The message that its thread began with; null if it answers none.",
        graphql_type=ring.Message | None,
    )
    async def thread_root(self, root: Parent[LogEntry], info: Info) -> LogEntry | None:
        if root.thread_id is None:
            return None
        return await info.context.loaders.shown_message_by_id.load(root.thread_id)

    @connection(
        ring.Message,
        description="The thread that began with it, the oldest reply first. What answers a reply "
        "is in the same thread.",
    )
    async def replies(self, root: Parent[LogEntry], info: Info, args: PageArgs) -> Page[LogEntry]:
        return await info.context.loaders.replies_by_message.load((root, args))

    @connection(
        ring.MessageEdit, description="What it said before each of its edits, the oldest first."
    )
    async def edits(self, root: Parent[LogEntry], info: Info, args: PageArgs) -> Page[LogEntry]:
        return await info.context.loaders.edits_by_message.load((root, args))

    @strawberry.field(
        description="Its reactions, at most 20, in the order in which each emoji first came; "
        "none once it is deleted.",
        graphql_type=list[ring.Reaction],
    )
    async def reactions(self, root: Parent[LogEntry], info: Info) -> list[ReactionRecord]:
        return await info.context.loaders.reactions_by_message.load(root)

    @connection(
        ring.User,
        description="Whom it mentions, in the order of their accounts: everybody else who took "
        "part, if it mentions everybody.",
        nullable=True,
    )
    async def mentions(
        self, root: Parent[LogEntry], info: Info, args: PageArgs
    ) -> Page[UserRecord]:
        return await users_page(info, root.mention_ids, args)

    @strawberry.field(description="Whether it is pinned in its conversation.")
    async def is_pinned(self, root: Parent[LogEntry], info: Info) -> bool:
        pins = await info.context.loaders.pins_by_conversation.load(root.conversation_id)
        return any(message_id == root.id for _, message_id in pins)

    @strawberry.field(description="Whether you may edit it.")
    async def viewer_can_edit(self, root: Parent[LogEntry], info: Info) -> bool:
        return is_own(info.context.viewer, root) and (await _standing(root, info)).is_open

    @strawberry.field(description="Whether you may delete it.")
    async def viewer_can_delete(self, root: Parent[LogEntry], info: Info) -> bool:
        standing = await _standing(root, info)
        return standing.is_open and may_delete(
            info.context.viewer, root, leads_group=standing.leads and standing.in_group
        )

    @strawberry.field(description="Whether you may react to it.")
    async def viewer_can_react(self, root: Parent[LogEntry], info: Info) -> bool:
        return (await _standing(root, info)).is_open

    @strawberry.field(description="Whether you may pin it, or unpin it.")
    async def viewer_can_pin(self, root: Parent[LogEntry], info: Info) -> bool:
        standing = await _standing(root, info)
        return standing.is_open and standing.leads

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a message's."""
        return isinstance(obj, LogEntry)


class _Standing(NamedTuple):
    """How the viewer stands to a message that they see.

    Attributes:
        is_open: Whether neither it nor its conversation was deleted.
        leads: Whether the conversation's order is the viewer's to keep.
        in_group: Whether it is a group's.
    """

    is_open: bool
    leads: bool
    in_group: bool


async def _standing(message: LogEntry, info: Info) -> _Standing:
    loaders = info.context.loaders
    conversation = await loaders.conversation_by_id.load(message.conversation_id)
    if message.deleted or conversation is None:
        return _Standing(is_open=False, leads=False, in_group=False)
    group_id = conversation.group_id
    if group_id is None:
        return _Standing(is_open=True, leads=True, in_group=False)
    group, member = await asyncio.gather(
        loaders.group_by_id.load(group_id), loaders.membership.load(group_id)
    )
    is_open = group is not None and group.deleted_at is None
    return _Standing(is_open=is_open, leads=is_leader(member), in_group=True)


@strawberry.type(description="What a message said before one of its edits.")
class MessageEdit:
    """Read off a `LogEntry` of an edit."""

    created_at: datetime = strawberry.field(description="When it was edited.")

    @strawberry.field(description="What it said until then; null if it was deleted since.")
    def text(self, root: Parent[LogEntry]) -> str | None:
        text: str | None = root.metadata.get("text")
        return text

    @strawberry.field(
        description="The files that it had until then; none if it was deleted since.",
        graphql_type=list[Medium],
    )
    def attachments(self, root: Parent[LogEntry]) -> list[dict[str, str]]:
        attachments: list[dict[str, str]] = root.metadata.get("attachments", [])
        return attachments

    @strawberry.field(
        description="Who edited it; null if the account is gone.", graphql_type=ring.User | None
    )
    async def editor(self, root: Parent[LogEntry], info: Info) -> UserRecord | None:
        if root.sender_id is None:
            return None
        return await info.context.loaders.user_by_id.load(root.sender_id)


@strawberry.type(description="An emoji that a message has, and who reacted with it.")
class Reaction:
    """Read off a `ReactionRecord`."""

    emoji: str = strawberry.field(description="The emoji.")

    count: int = strawberry.field(description="How many reacted with it.")
    viewer_has_reacted: bool = strawberry.field(description="Whether you did.")

    @connection(
        ring.User, description="Who reacted with it, in the order of their accounts.", nullable=True
    )
    async def users(
        self, root: Parent[ReactionRecord], info: Info, args: PageArgs
    ) -> Page[UserRecord]:
        return await users_of(info, await info.context.loaders.users_by_reaction.load((root, args)))
