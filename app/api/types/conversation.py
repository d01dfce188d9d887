"""Conversations, read off MongoDB with edges into both stores."""

from datetime import UTC, datetime
from typing import Any

import strawberry
from strawberry import Parent
from strawberry.scalars import JSON

from app.api.connection import connection
from app.api.context import Info
from app.api.types import ring
from app.api.types.node import Node, id_of
from app.api.types.pages import users_page
from app.api.types.preferences import AssistantPreferences
from app.chat.log import ConversationRecord, LogEntry
from app.chat.message_queries import pinned_page
from app.chat.models import ConversationKind
from app.chat.queries import message_cursor
from app.chat.settings import FOR_GOOD
from app.groups.queries import GroupRecord
from app.paging import Page, PageArgs
from app.users.preferences import PreferencesRecord
from app.users.queries import UserRecord


@strawberry.type(description="Messages between people, in a group, or with an assistant.")
class Conversation(Node):
    """Read off a `ConversationRecord`."""

    id: strawberry.ID = id_of("Conversation")
    kind: ConversationKind = strawberry.field(description="Between whom it is.")
    summary: str | None = strawberry.field(description="What was said, in short.")
    tags: list[str] = strawberry.field(description="Words to find it by.")
    context: JSON = strawberry.field(description="What an assistant should know.")
    metadata: JSON = strawberry.field(description="What clients keep with it.")
    message_count: int = strawberry.field(description="How many messages were sent in it.")
    total_tokens: int = strawberry.field(description="How many tokens its answers cost.")
    last_activity_at: datetime = strawberry.field(
        description="When it was started, its last message was sent, or its members last changed."
    )
    created_at: datetime = strawberry.field(description="When it was started.")
    updated_at: datetime = strawberry.field(description="When its description was last changed.")

    @strawberry.field(
        description="Where it stands as of this answer: `conversationEvents` tells, after this "
        "cursor, all that happened since."
    )
    def events_cursor(self, root: Parent[ConversationRecord]) -> str:
        return message_cursor(root.id, root.last_seq, root.message_count)

    @strawberry.field(
        description="What it is called, if anything; a group's is called what the group is."
    )
    async def title(self, root: Parent[ConversationRecord], info: Info) -> str | None:
        if root.group_id is None:
            return root.title
        group = await info.context.loaders.group_by_id.load(root.group_id)
        return None if group is None else group.name

    @strawberry.field(
        description="The group whose conversation it is.", graphql_type=ring.Group | None
    )
    async def group(self, root: Parent[ConversationRecord], info: Info) -> GroupRecord | None:
        if root.group_id is None:
            return None
        return await info.context.loaders.group_by_id.load(root.group_id)

    @strawberry.field(
        description="Who started it; null if the account is gone.", graphql_type=ring.User | None
    )
    async def creator(self, root: Parent[ConversationRecord], info: Info) -> UserRecord | None:
        return await info.context.loaders.user_by_id.load(root.user_id)

    @strawberry.field(
        description="How whoever started it wants an assistant to answer: for them and for service "
        "accounts that take part; null where it is with no assistant.",
        graphql_type=AssistantPreferences | None,
    )
    async def assistant_preferences(
        self, root: Parent[ConversationRecord], info: Info
    ) -> PreferencesRecord | None:
        return await info.context.loaders.assistant_preferences.load(root)

    @connection(
        ring.User, description="Who takes part, in the order of their accounts.", nullable=True
    )
    async def participants(
        self, root: Parent[ConversationRecord], info: Info, args: PageArgs
    ) -> Page[UserRecord]:
        return await users_page(info, sorted(root.participant_ids), args)

    @connection(
        ring.Message,
        description="What was said, from the first message to the newest; `last: 50` is a screen.",
    )
    async def messages(
        self, root: Parent[ConversationRecord], info: Info, args: PageArgs
    ) -> Page[LogEntry]:
        return await info.context.loaders.messages_by_conversation.load((root, args))

    @strawberry.field(
        description="The newest message; null while there is none.",
        graphql_type=ring.Message | None,
    )
    async def last_message(self, root: Parent[ConversationRecord], info: Info) -> LogEntry | None:
        if root.last_message_id is None:
            return None
        return await info.context.loaders.shown_message_by_id.load(root.last_message_id)

    @strawberry.field(description="How many messages you have not read.")
    async def unread_count(self, root: Parent[ConversationRecord], info: Info) -> int:
        state = await info.context.loaders.member_state.load(root.id)
        # One's own newest message may be marked as read a moment before it is visible.
        return max(0, root.message_count - state.read_msg_no)

    @strawberry.field(description="Whether you have put it away.")
    async def is_archived(self, root: Parent[ConversationRecord], info: Info) -> bool:
        return (await info.context.loaders.member_state.load(root.id)).is_archived

    @strawberry.field(description="Whether you want to hear nothing of it now.")
    async def is_muted(self, root: Parent[ConversationRecord], info: Info) -> bool:
        state = await info.context.loaders.member_state.load(root.id)
        return state.is_muted(datetime.now(UTC))

    @strawberry.field(
        description="Until when you want to hear nothing of it; null if you hear of it, or have "
        "muted it for good."
    )
    async def muted_until(self, root: Parent[ConversationRecord], info: Info) -> datetime | None:
        state = await info.context.loaders.member_state.load(root.id)
        if not state.is_muted(datetime.now(UTC)) or state.muted_until == FOR_GOOD:
            return None
        return state.muted_until

    @strawberry.field(description="Whether you have put it on top.")
    async def is_pinned(self, root: Parent[ConversationRecord], info: Info) -> bool:
        return (await info.context.loaders.member_state.load(root.id)).pinned_at is not None

    @strawberry.field(description="When you have put it on top; null if you have not.")
    async def pinned_at(self, root: Parent[ConversationRecord], info: Info) -> datetime | None:
        return (await info.context.loaders.member_state.load(root.id)).pinned_at

    @strawberry.field(description="How many messages that mention you you have not read.")
    async def unread_mention_count(self, root: Parent[ConversationRecord], info: Info) -> int:
        return await info.context.loaders.unread_mentions.load(root.id)

    @connection(
        ring.Message, description="The messages that are pinned in it, the last pinned first."
    )
    async def pinned_messages(
        self, root: Parent[ConversationRecord], info: Info, args: PageArgs
    ) -> Page[LogEntry]:
        loaders = info.context.loaders
        page = pinned_page(root.id, await loaders.pins_by_conversation.load(root.id), args)
        messages = await loaders.shown_message_by_id.load_many(page.items)
        known = [(m, c) for m, c in zip(messages, page.cursors, strict=True) if m is not None]
        return Page([m for m, _ in known], [c for _, c in known], page.has_next, page.has_previous)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a conversation's."""
        return isinstance(obj, ConversationRecord)
