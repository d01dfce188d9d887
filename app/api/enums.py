"""The domains' enums as the schema shows them, described to the last value."""

from enum import Enum

import strawberry

from app.answers.queries import AnswerState
from app.audit.queries import AuditOrder
from app.chat.inbox import ConversationOrder
from app.chat.models import ConversationKind, MessageRole
from app.errors import ErrorCode
from app.groups.facts import GroupFact
from app.groups.invitations import InvitationState
from app.groups.models import GroupRole, GroupVisibility, JoinPolicy
from app.groups.queries import GroupOrder
from app.media import AttachmentType
from app.moderation.models import ItemEvent, ModerationStatus, ModerationVerdict, SubjectKind
from app.moderation.queries import DecisionOrder, ItemOrder
from app.products.models import Cause, PublishingStatus
from app.products.queries import ProductOrder
from app.reports.queries import EndpointReportOrder, UserReportOrder
from app.scheduled.models import ScheduledState
from app.users.models import (
    AiProvider,
    ChatTheme,
    DeviceType,
    Platform,
    SubscriptionTier,
    UserRole,
    UserStatus,
    VerificationAction,
)
from app.users.queries import UserOrder


def describe(cls: type[Enum], description: str, *, name: str | None = None, **values: str) -> None:
    """Make an enum a type of the schema.

    Args:
        cls: The enum, whose member names the schema takes.
        description: What the type says.
        name: The type's name; the Python name if none is given.
        values: What each member says, by name; none may be left out.
    """
    strawberry.enum(cls, name=name, description=description)
    definition = cls.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values.pop(value.name)
    if values:
        raise TypeError(f"{cls.__name__} has no {', '.join(values)}")


describe(
    UserRole,
    "What a user may do beyond their own things.",
    USER="Their own things.",
    MODERATOR="Decide on what others publish.",
    ADMIN="Everything.",
    SERVICE="Their own things, for they are a program: an assistant, an integration.",
)
describe(
    UserStatus,
    "Whether an account was proved to belong to someone.",
    INACTIVE="Closed, by its user or by staff.",
    VERIFIED="Proved by a one-time code.",
    NOT_VERIFIED="Registered and not proved yet.",
)
describe(
    SubscriptionTier,
    "What a user subscribes to.",
    FREE="Nothing.",
    PRO="The plan for one person.",
    ENTERPRISE="The plan for an organisation.",
)
describe(
    Platform,
    "The product through which somebody came.",
    DOBE="Dobe.",
    CAUSE_I="Cause-i.",
    DEED_O="Deed-O.",
)
describe(
    DeviceType,
    "What somebody signs in on.",
    PHONE="A telephone.",
    TABLET="A tablet.",
    DESKTOP="A computer.",
    OTHER="Something else.",
)
describe(
    AiProvider,
    "The assistant that a client should ask; the server itself asks none.",
    GEMINI="Google's.",
    OPENAI="OpenAI's.",
)
describe(
    ChatTheme,
    "How a client paints a chat.",
    LIGHT="Dark on light.",
    DARK="Light on dark.",
)
describe(
    VerificationAction,
    "What a one-time code permits.",
    name="AuthAction",
    LOGIN="Sign in to an account.",
    REGISTER="Make an account, and sign in to it.",
)
describe(
    Cause,
    "What the proceeds of a product go to.",
    GRIEF_CARE="People who lost somebody.",
    PALLIATIVE_CARE="People at the end of their lives.",
    ELDER_CARE="Old people.",
    CHILD_CARE="Children.",
    ANIMAL_CARE="Animals.",
)
describe(
    PublishingStatus,
    "How far a product is on its way to everybody's eyes.",
    DRAFT="Its vendor works on it; only the vendor and staff see it.",
    SUGGESTION="Submitted; it waits for a moderator.",
    PUBLISHED="Everybody sees it.",
    REJECTED="A moderator refused it; its vendor may change and submit it again.",
)
describe(
    GroupRole,
    "What a member may do in a group.",
    OWNER="Everything; there is one.",
    ADMIN="Change the group, add, invite and remove members.",
    MEMBER="Read and write.",
)
describe(
    GroupVisibility,
    "Who may know of a group.",
    PUBLIC="Everybody signed in; below a private group, its members.",
    PRIVATE="Who belongs to it or is invited.",
)
describe(
    JoinPolicy,
    "How one comes to belong to a group.",
    name="GroupJoinPolicy",
    OPEN="Whoever sees it may join, if it is public.",
    INVITATION="By invitation, or by being added.",
)
describe(
    InvitationState,
    "How far an invitation is.",
    name="GroupInvitationState",
    OPEN="It can be accepted.",
    ACCEPTED="Whom it was for belongs to the group, or did.",
    DECLINED="Whom it was for said no.",
    REVOKED="It was taken back, or the group was deleted.",
    EXPIRED="Nobody answered in time.",
)
describe(
    ConversationKind,
    "Between whom a conversation is.",
    DIRECT="Two people; there is one for each pair.",
    GROUP="The members of a group.",
    ASSISTANT="One person and an assistant.",
)
describe(
    MessageRole,
    "Who speaks in a message.",
    USER="A person.",
    ASSISTANT="An assistant.",
    SYSTEM="The instructions or notes of the system.",
)
describe(
    AttachmentType,
    "What a medium's address leads to.",
    FILE="A file of any kind.",
    IMAGE="A picture.",
    VIDEO="A film.",
    AUDIO="A sound.",
)
describe(
    ErrorCode,
    "Why something was refused: what a client can decide by.",
    UNAUTHENTICATED="Nobody is signed in, or the token does not hold. Sign in and try again.",
    SESSION_REVOKED="The session has ended: signed out, revoked, or its user's role has changed. "
    "Refreshing the token is of no use; sign in again.",
    FORBIDDEN="You may see it and may not do this with it.",
    NOT_FOUND="There is none, or none that you may see: the two answer alike.",
    INVALID="A value breaks a rule.",
    TOO_LONG="A text or a list is over its length.",
    REQUIRED="A value is empty and must not be.",
    CONFLICT="The state does not allow it: taken, full, already decided.",
    CLIENT_KEY_REUSED="The client key was used before for something else. Choose a new one.",
    INVALID_CURSOR="The list did not give this cursor. Start again without it.",
    RATE_LIMITED="Too much was asked for in too short a time. Wait, and try again.",
    UNAVAILABLE="A store does not answer. Try again with the same client key.",
)
describe(
    UserOrder,
    "By what users are ordered.",
    name="UserOrderField",
    CREATED_AT="When the account was made.",
    NAME="The name to show.",
)
describe(
    ProductOrder,
    "By what products are ordered.",
    name="ProductOrderField",
    CREATED_AT="When it was made.",
    UPDATED_AT="When it was last changed.",
    PRICE="The price it is sold at.",
    TITLE="The name to show.",
)
describe(
    SubjectKind,
    "What moderators are asked to look at.",
    name="ModerationSubjectKind",
    MESSAGE="A message.",
    PRODUCT="A product.",
    GROUP="A group.",
    USER="A user.",
)
describe(
    ModerationStatus,
    "How far a moderation item is.",
    PENDING="It waits.",
    IN_REVIEW="Somebody works on it.",
    RESOLVED="It was decided, or withdrawn.",
)
describe(
    ModerationVerdict,
    "What a moderator decided.",
    APPROVED="A submitted product is published; what was reported stays as it is.",
    REJECTED="A product goes back to its vendor.",
    REMOVED="A product or message is deleted, a group closed, a user locked out.",
    ESCALATED="It is left to the admins.",
)
describe(
    ItemEvent,
    "What happened to a moderation item.",
    name="ModerationEventKind",
    CREATED="It was reported or submitted.",
    ASSIGNED="Somebody works on it.",
    RELEASED="Nobody works on it any more.",
    DECIDED="A moderator decided about it.",
    WITHDRAWN="Its product was taken away by the vendor.",
    REFETCH_NEEDED="Too much, or too long ago, to be told one by one: fetch the queue anew. The "
    "stream goes on from here.",
)
describe(
    ItemOrder,
    "By what moderation items are ordered.",
    name="ModerationItemOrderField",
    PRIORITY="The most urgent first, and of equals what waits longest.",
    CREATED_AT="When it was reported or submitted.",
)
describe(
    DecisionOrder,
    "By what moderators' decisions are ordered.",
    name="ModerationDecisionOrderField",
    CREATED_AT="When it was decided.",
)
describe(
    GroupFact,
    "What happened to a group.",
    name="GroupEventKind",
    CHANGED="It says something else of itself, has another owner or place, or others are below it.",
    MEMBER_JOINED="Somebody belongs to it: the last of its `members`.",
    MEMBER_CHANGED="A member has another role.",
    MEMBER_LEFT="Somebody belongs to it no longer.",
    INVITATION_CHANGED="Somebody is invited, or no longer: for those who manage it. It is the "
    "first of its `invitations` if it is `OPEN`, and else none of them.",
    LINK_CHANGED="A link was made, used or revoked: for those who manage it. It is the first of "
    "its `invitationLinks`, or none of them if it was revoked.",
    DELETED="It was deleted.",
    REFETCH_NEEDED="Too much, or too long ago, to be told one by one: fetch the group anew. The "
    "stream goes on from here.",
)
describe(
    GroupOrder,
    "By what groups are ordered.",
    name="GroupOrderField",
    CREATED_AT="When it was founded.",
    NAME="The name to show.",
)

describe(
    ConversationOrder,
    "By what conversations can be ordered.",
    name="ConversationOrderField",
    LAST_ACTIVITY="When its last message was sent, or its members last changed.",
)
describe(
    UserReportOrder,
    "By what users are ordered.",
    name="UserReportOrderField",
    MESSAGES="Their messages.",
    TOKENS="Their tokens.",
)
describe(
    EndpointReportOrder,
    "By what operations and routes are ordered.",
    name="EndpointReportOrderField",
    CALLS="How often they were called.",
    ERRORS="How often they failed.",
    P95="How long 19 of 20 calls took.",
)
describe(
    AuditOrder,
    "By what changes are ordered.",
    name="AuditEventOrderField",
    CREATED_AT="When it was changed.",
)
describe(
    ScheduledState,
    "How far a message is that is to be sent later.",
    WAITING="Its time has not come; it can be changed.",
    SENDING="It is being sent, and can no longer be changed.",
    SENT="It is in the conversation.",
    FAILED="It could not be sent at its time; it can be changed, and then waits again.",
    CANCELLED="It will not be sent.",
)
describe(
    AnswerState,
    "How an answer stands that is given piece by piece.",
    RUNNING="It grows.",
    FINISHED="It is a message.",
    CANCELLED="It was stopped: there is no message.",
    ABANDONED="Nothing was appended for too long. It may still become a message.",
)
