"""The schema, assembled: what the domains' modules offer, and Relay's `node`."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from app.api.account_streams import AccountSubscriptions
from app.api.accounts import AccountMutations
from app.api.answer_mutations import AnswerMutations
from app.api.answers import AnswerSubscriptions
from app.api.attachments import AttachmentMutations
from app.api.audit import AuditEvent, AuditQueries
from app.api.chat import ChatQueries, ChatSubscriptions
from app.api.chat_events import (
    ConversationChanged,
    MembersChanged,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    PinChanged,
    ReactionChanged,
    ReceiptChanged,
    RefetchNeeded,
)
from app.api.chat_mutations import ChatMutations
from app.api.context import Info
from app.api.conversation_mutations import ConversationMutations
from app.api.email_change import EmailMutations
from app.api.group_mutations import GroupMutations
from app.api.group_streams import GroupSubscriptions
from app.api.groups import GroupQueries
from app.api.ids import parse_id, uuid_in
from app.api.inbox import InboxQueries
from app.api.invitation_mutations import InvitationMutations
from app.api.loaders import Loaders
from app.api.membership_mutations import MembershipMutations
from app.api.message_mutations import MessageMutations
from app.api.moderation import ModerationQueries
from app.api.moderation_mutations import ModerationMutations
from app.api.moderation_streams import ModerationSubscriptions
from app.api.personal_data import PersonalDataMutations
from app.api.preferences import PreferencesMutations, PreferencesSubscriptions
from app.api.presence import PresenceMutations, PresenceSubscriptions
from app.api.product_mutations import ProductMutations
from app.api.products import ProductQueries
from app.api.profile import ProfileMutations, ProfileQueries
from app.api.rate_limit import RateLimitQueries
from app.api.reports import ReportQueries
from app.api.scalars import BIG_INT, DATE_TIME, BigInt
from app.api.scheduled_mutations import ScheduledMutations
from app.api.scheduled_streams import ScheduledSubscriptions
from app.api.search import SearchQueries
from app.api.service_accounts import ServiceAccountMutations
from app.api.types import (
    Conversation,
    Group,
    GroupInvitation,
    GroupInvitationLink,
    Message,
    ModerationDecision,
    ModerationItem,
    Node,
    Product,
    ScheduledMessage,
    Session,
    User,
)
from app.api.user_mutations import UserMutations
from app.api.users import UserQueries
from app.errors import Invalid
from app.paging import MAX_PAGE_SIZE


@strawberry.type
class NodeQueries:
    """Relay's root fields."""

    @strawberry.field(
        description="Any object by its id; null if there is none, or none that you may see.",
        graphql_type=Node | None,
    )
    async def node(
        self,
        info: Info,
        id_: Annotated[
            strawberry.ID, strawberry.argument(name="id", description="The object's id.")
        ],
    ) -> Any:
        return await _node(info.context.loaders, id_)

    @strawberry.field(
        description="Objects by their ids, in the same order; null for each that there is not, "
        f"or that you may not see. At most {MAX_PAGE_SIZE} at once.",
        graphql_type=list[Node | None],
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="The objects' ids.")],
    ) -> list[Any]:
        if len(ids) > MAX_PAGE_SIZE:
            raise Invalid(f"At most {MAX_PAGE_SIZE} ids at once.", field=["ids"])
        # An error is its item's alone: the store of one may be down, and those of others up.
        found = (_node(info.context.loaders, i) for i in ids)
        return list(await asyncio.gather(*found, return_exceptions=True))


async def _node(loaders: Loaders, id_: str) -> Any:
    type_name, key = parse_id(id_) or ("", "")
    if type_name == "Product":
        return await loaders.product_by_id.load(key)
    by_uuid = {
        "User": "user_by_public_id",
        "Session": "session_by_id",
        "Group": "group_by_id",
        "GroupInvitation": "invitation_by_id",
        "GroupInvitationLink": "link_by_id",
        "Conversation": "conversation_by_id",
        "Message": "message_by_id",
        "ScheduledMessage": "scheduled_message_by_id",
        "AuditEvent": "change_by_id",
        "ModerationItem": "moderation_item_by_id",
        "ModerationDecision": "moderation_decision_by_id",
    }
    if type_name not in by_uuid:
        return None
    uuid = uuid_in(key)
    if uuid is None:
        return None
    return await getattr(loaders, by_uuid[type_name]).load(uuid)


Query = merge_types(
    "Query",
    (
        NodeQueries,
        UserQueries,
        ProfileQueries,
        ProductQueries,
        GroupQueries,
        ChatQueries,
        InboxQueries,
        SearchQueries,
        ModerationQueries,
        AuditQueries,
        ReportQueries,
        RateLimitQueries,
    ),
)
Mutation = merge_types(
    "Mutation",
    (
        AccountMutations,
        UserMutations,
        ProfileMutations,
        EmailMutations,
        ServiceAccountMutations,
        PersonalDataMutations,
        ProductMutations,
        ModerationMutations,
        GroupMutations,
        MembershipMutations,
        InvitationMutations,
        ChatMutations,
        ConversationMutations,
        PresenceMutations,
        AttachmentMutations,
        MessageMutations,
        PreferencesMutations,
        ScheduledMutations,
        AnswerMutations,
    ),
)
Subscription = merge_types(
    "Subscription",
    (
        ChatSubscriptions,
        PresenceSubscriptions,
        GroupSubscriptions,
        ModerationSubscriptions,
        PreferencesSubscriptions,
        AccountSubscriptions,
        ScheduledSubscriptions,
        AnswerSubscriptions,
    ),
)

schema = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    types=[
        User,
        Session,
        AuditEvent,
        Product,
        ModerationItem,
        ModerationDecision,
        Group,
        GroupInvitation,
        GroupInvitationLink,
        Conversation,
        Message,
        ScheduledMessage,
        MessageSent,
        MessageEdited,
        MessageDeleted,
        ReactionChanged,
        PinChanged,
        ReceiptChanged,
        MembersChanged,
        ConversationChanged,
        RefetchNeeded,
    ],
    config=StrawberryConfig(scalar_map={datetime: DATE_TIME, BigInt: BIG_INT}),
)
