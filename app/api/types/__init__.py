"""The object types, which only translate; what they read stands in the domains.

They are a ring (user, product, group, conversation, message), so they name each other by `ring`.
"""

from app.api import enums  # noqa: F401 - describes the enums before a type names them
from app.api.types.answer import Answer
from app.api.types.conversation import Conversation
from app.api.types.group import Group, GroupMember
from app.api.types.invitation import GroupInvitation, GroupInvitationLink
from app.api.types.medium import Medium
from app.api.types.message import Message
from app.api.types.moderation import ModerationDecision, ModerationItem
from app.api.types.node import Node
from app.api.types.preferences import Preferences
from app.api.types.product import Product
from app.api.types.scheduled import ScheduledMessage
from app.api.types.user import Session, User

__all__ = [
    "Answer",
    "Conversation",
    "Group",
    "GroupInvitation",
    "GroupInvitationLink",
    "GroupMember",
    "Medium",
    "Message",
    "ModerationDecision",
    "ModerationItem",
    "Node",
    "Preferences",
    "Product",
    "ScheduledMessage",
    "Session",
    "User",
]
