"""Mutations of a conversation itself: what it says of itself, and how somebody keeps it."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Maybe

from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, Payload, given, mutation
from app.api.types import Conversation
from app.chat.log import ConversationRecord
from app.chat.settings import MAX_PINNED, SettingsChanges, update_settings

ConversationId = Annotated[strawberry.ID, strawberry.argument(description="The conversation's id.")]


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
