"""Mutations of a conversation itself: what it says of itself, and how somebody keeps it."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Maybe
from strawberry.scalars import JSON

from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, Payload, given, mutation
from app.api.types import Conversation
from app.chat.commands import MAX_TITLE
from app.chat.details import MAX_SUMMARY, DetailsChanges, update_details
from app.chat.log import ConversationRecord
from app.chat.settings import MAX_PINNED, SettingsChanges, update_settings
from app.chat.tags import MAX_TAG, MAX_TAGS
from app.groups.commands import UNSET

ConversationId = Annotated[strawberry.ID, strawberry.argument(description="The conversation's id.")]


@strawberry.input(description="What to change; what is left out stays as it is.")
class ConversationUpdateInput(KeyedInput):
    """The input of `conversationUpdate`."""

    title: Maybe[str | None] = strawberry.field(
        description=f"What to call it: one line of at most {MAX_TITLE} characters. Null takes it "
        "away. A group's conversation is called what the group is."
    )
    summary: Maybe[str | None] = strawberry.field(
        description=f"What was said, in short: at most {MAX_SUMMARY:,} characters. Null takes it "
        "away."
    )
    tags: Maybe[list[str] | None] = strawberry.field(
        description=f"All the words to find it by: at most {MAX_TAGS}, of at most {MAX_TAG} "
        "characters each; kept in lower case."
    )
    context: Maybe[JSON | None] = strawberry.field(
        description="An object of what an assistant should know: at most 8 kB."
    )
    metadata: Maybe[JSON | None] = strawberry.field(
        description="An object that clients keep with it: at most 8 kB."
    )


@strawberry.type(description="What came of `conversationUpdate`.")
class ConversationUpdatePayload(Payload):
    """The conversation."""

    conversation: ConversationRecord | None = strawberry.field(
        default=None,
        graphql_type=Conversation | None,
        description="The conversation as it is now.",
    )


@strawberry.input(description="What to change; what is left out stays as it is.")
class ConversationSettingsUpdateInput(KeyedInput):
    """The input of `conversationSettingsUpdate`."""

    is_archived: Maybe[bool | None] = strawberry.field(description="Whether to put it away.")
    is_muted: Maybe[bool | None] = strawberry.field(
        description="Whether to hear nothing of it: for good, or until `mutedUntil`."
    )
    muted_until: Maybe[datetime | None] = strawberry.field(
        description="Until when to hear nothing of it; mutes it. Lies in the future."
    )
    is_pinned: Maybe[bool | None] = strawberry.field(
        description=f"Whether to put it on top, as at most {MAX_PINNED} may be."
    )


@strawberry.type(description="What came of `conversationSettingsUpdate`.")
class ConversationSettingsUpdatePayload(Payload):
    """The conversation."""

    conversation: ConversationRecord | None = strawberry.field(
        default=None,
        graphql_type=Conversation | None,
        description="The conversation as you keep it now.",
    )


@strawberry.type
class ConversationMutations:
    """Writes."""

    @mutation(
        ConversationUpdatePayload,
        description="Change what a conversation says of itself. For the two of a direct one, for "
        "owner and admins of a group, for the user of an assistant.",
    )
    async def conversation_update(
        self,
        info: Info,
        conversation_id: ConversationId,
        input_: Annotated[
            ConversationUpdateInput,
            strawberry.argument(name="input", description="What to change."),
        ],
    ) -> ConversationUpdatePayload:
        tags, context = given(input_.tags, "tags"), given(input_.context, "context")
        metadata = given(input_.metadata, "metadata")
        changes = DetailsChanges(
            title=UNSET if input_.title is None else input_.title.value,
            summary=UNSET if input_.summary is None else input_.summary.value,
            tags=UNSET if tags is None else tags,
            context=UNSET if context is None else context,
            metadata=UNSET if metadata is None else metadata,
        )
        conversation = await update_details(
            info.context.services,
            info.context.viewer,
            uuid_of(conversation_id, "Conversation", field=["conversationId"]),
            changes,
            client_key=input_.client_key,
        )
        return ConversationUpdatePayload(conversation=conversation)

    @mutation(
        ConversationSettingsUpdatePayload,
        description="Change how you keep a conversation: put away, muted, on top. Nobody else is "
        "told; `inbox` tells your other devices.",
    )
    async def conversation_settings_update(
        self,
        info: Info,
        conversation_id: ConversationId,
        input_: Annotated[
            ConversationSettingsUpdateInput,
            strawberry.argument(name="input", description="What to change."),
        ],
    ) -> ConversationSettingsUpdatePayload:
        changes = SettingsChanges(
            is_archived=given(input_.is_archived, "isArchived"),
            is_muted=given(input_.is_muted, "isMuted"),
            muted_until=given(input_.muted_until, "mutedUntil"),
            is_pinned=given(input_.is_pinned, "isPinned"),
        )
        conversation = await update_settings(
            info.context.services,
            info.context.viewer,
            uuid_of(conversation_id, "Conversation", field=["conversationId"]),
            changes,
            client_key=input_.client_key,
        )
        return ConversationSettingsUpdatePayload(conversation=conversation)
