"""The types by name, for modules that would else import each other in a ring."""

from typing import Annotated, Any, ForwardRef

import strawberry


def _named(name: str, module: str) -> Any:
    return Annotated[ForwardRef(name), strawberry.lazy(f"app.api.types.{module}")]


Conversation = _named("Conversation", "conversation")
Group = _named("Group", "group")
GroupInvitation = _named("GroupInvitation", "invitation")
GroupInvitationLink = _named("GroupInvitationLink", "invitation")
GroupMember = _named("GroupMember", "group")
Message = _named("Message", "message")
MessageEdit = _named("MessageEdit", "message")
ModerationDecision = _named("ModerationDecision", "moderation")
ModerationItem = _named("ModerationItem", "moderation")
Product = _named("Product", "product")
Reaction = _named("Reaction", "message")
ScheduledMessage = _named("ScheduledMessage", "scheduled")
Session = _named("Session", "user")
User = _named("User", "user")
