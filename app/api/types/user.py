"""People: what everybody sees of them, what they alone do, and where they are signed in."""

from datetime import date, datetime
from typing import Any

import strawberry
from strawberry import Parent
from strawberry.scalars import JSON

from app.api.connection import connection
from app.api.context import Info
from app.api.types import ring
from app.api.types.node import Node, id_of
from app.api.types.preferences import Preferences
from app.api.types.usage import Usage
from app.chat.log import ConversationRecord, direct_conversation_id
from app.groups.invitations import InvitationOrder, InvitationRecord
from app.groups.queries import GroupOrder, GroupRecord
from app.moderation.queries import ItemOrder, ItemRecord
from app.paging import ListQuery, Page, PageArgs
from app.presence.queries import Sight
from app.products.queries import ProductOrder, ProductRecord
from app.scheduled.queries import ScheduledOrder, ScheduledRecord
from app.usage.queries import UsageRecord
from app.users.details import PersonalDetails
from app.users.models import DeviceType, Platform, SubscriptionTier, UserRole, UserStatus
from app.users.preferences import PreferencesRecord
from app.users.queries import UserRecord
from app.users.sessions import SessionOrder, SessionRecord


@strawberry.type(description="What only a user and the staff may see of the user.")
class PersonalInformation:
    """Read off `PersonalDetails`."""

    email: str = strawberry.field(description="The address they sign in with.")
    contact_number: str | None = strawberry.field(description="The telephone number, in digits.")
    contact_country_code: str | None = strawberry.field(description="The telephone's country code.")
    city: str | None = strawberry.field(description="The city they live in.")
    state: str | None = strawberry.field(description="The state or province.")
    country: str | None = strawberry.field(description="The country.")
    pincode: str | None = strawberry.field(description="The postal code.")
    gender: str | None = strawberry.field(description="The gender they gave.")
    dob: date | None = strawberry.field(description="The date of birth.")
    purpose_code: str | None = strawberry.field(description="Why they came, as a code.")
    nationality: str | None = strawberry.field(description="The nationality they gave.")
    ethnicity: str | None = strawberry.field(description="The ethnicity they gave.")
    qualification: str | None = strawberry.field(description="The highest qualification.")
    profession: str | None = strawberry.field(description="What they work as.")
    external_subject: str | None = strawberry.field(
        description="The account's subject at an external identity provider."
    )
    last_login_at: datetime | None = strawberry.field(description="When they last signed in.")


@strawberry.type(
    description="A sign-in of yours on one device, or a service account's key, which has not ended."
)
class Session(Node):
    """Read off a `SessionRecord`."""

    id: strawberry.ID = id_of("Session")
    device_name: str | None = strawberry.field(
        description="What the device, or the key, was called."
    )
    device_type: DeviceType | None = strawberry.field(description="What it is.")
    platform: Platform | None = strawberry.field(description="Through what you signed in.")
    user_agent: str | None = strawberry.field(description="What its program calls itself.")
    started_at: datetime = strawberry.field(description="When you signed in.")
    last_activity_at: datetime = strawberry.field(
        description="When it was last used, to within minutes."
    )

    @strawberry.field(description="The network address from which you signed in.")
    def address(self, root: Parent[SessionRecord]) -> str | None:
        return None if root.address is None else str(root.address)

    @strawberry.field(description="Whether it is the session of this request.")
    def is_current(self, root: Parent[SessionRecord], info: Info) -> bool:
        return root.id == info.context.viewer.session_id

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a session's."""
        return isinstance(obj, SessionRecord)


@strawberry.type(description="Somebody with an account: a buyer, a vendor, a moderator.")
class User(Node):
    """Read off a `UserRecord`."""

    id: strawberry.ID = id_of("User", "public_id")
    name: str = strawberry.field(description="The name to show.")
    username: str | None = strawberry.field(description="The handle, unique where it is set.")
    first_name: str | None = strawberry.field(description="The given name.")
    last_name: str | None = strawberry.field(description="The family name.")
    profile_image_url: str | None = strawberry.field(description="The address of a portrait.")
    subscription_tier: SubscriptionTier = strawberry.field(description="What they subscribe to.")
    status: UserStatus = strawberry.field(description="Whether the account was proved.")
    role: UserRole = strawberry.field(description="What they may do beyond their own things.")
    registration_platform: Platform = strawberry.field(description="Through what they came.")
    is_active: bool = strawberry.field(description="Whether no admin has locked them out.")
    profile: JSON | None = strawberry.field(
        description="What they tell of themselves as a vendor; null if they tell nothing."
    )
    created_at: datetime = strawberry.field(description="When the account was made.")
    updated_at: datetime = strawberry.field(description="When the profile was last changed.")

    @strawberry.field(
        description="Whether they have a socket open now; false for people with whom you share no "
        "conversation."
    )
    async def is_online(self, root: Parent[UserRecord], info: Info) -> bool:
        sight = await info.context.loaders.sight.load(root.id)
        return sight is Sight.ONLINE or (sight is Sight.UNKNOWN and root.is_online)

    @strawberry.field(
        description="When they were last seen to be online, to within minutes; null while they "
        "are, if they never were, and for people with whom you share no conversation."
    )
    async def last_seen_at(self, root: Parent[UserRecord], info: Info) -> datetime | None:
        sight = await info.context.loaders.sight.load(root.id)
        return root.last_seen_at if sight in (Sight.OFFLINE, Sight.UNKNOWN) else None

    @strawberry.field(
        description="How you want clients to behave; null unless this is you.",
        graphql_type=Preferences | None,
    )
    async def preferences(self, root: Parent[UserRecord], info: Info) -> PreferencesRecord | None:
        return await info.context.loaders.preferences.load(root.id)

    @strawberry.field(
        description="Contact and personal details; null unless this is you or you are staff.",
        graphql_type=PersonalInformation | None,
    )
    async def personal(self, root: Parent[UserRecord], info: Info) -> PersonalDetails | None:
        return await info.context.loaders.personal_details.load(root.id)

    @strawberry.field(
        description="What they used; null unless this is you or you are an admin.",
        graphql_type=Usage | None,
    )
    async def usage(self, root: Parent[UserRecord], info: Info) -> UsageRecord | None:
        return await info.context.loaders.usage_by_user.load(root.id)

    @connection(
        ring.Session,
        description="Where you are signed in, newest first; null unless this is you. Of a service "
        "account its keys, which admins see too.",
        nullable=True,
    )
    async def sessions(
        self, root: Parent[UserRecord], info: Info, args: PageArgs
    ) -> Page[SessionRecord] | None:
        viewer = info.context.viewer
        if root.id != viewer.user_id and not (viewer.is_admin and root.role == UserRole.SERVICE):
            return None
        query = ListQuery(SessionOrder.STARTED_AT, descending=True, args=args)
        return await info.context.loaders.sessions_by_user.load((root.id, query))

    @connection(
        ring.Product,
        description="What they sell, newest first, as far as you may see it.",
        nullable=True,
    )
    async def products(
        self, root: Parent[UserRecord], info: Info, args: PageArgs
    ) -> Page[ProductRecord]:
        query = ListQuery(ProductOrder.CREATED_AT, descending=True, args=args)
        return await info.context.loaders.products_by_vendor.load((root.id, query))

    @connection(
        ring.Group,
        description="The groups they belong to, newest first, as far as you see them.",
        nullable=True,
    )
    async def groups(
        self, root: Parent[UserRecord], info: Info, args: PageArgs
    ) -> Page[GroupRecord]:
        query = ListQuery(GroupOrder.CREATED_AT, descending=True, args=args)
        return await info.context.loaders.groups_by_member.load((root.id, query))

    @connection(
        ring.GroupInvitation,
        description="The groups to which you are invited, newest first; null unless this is you.",
        nullable=True,
    )
    async def invitations(
        self, root: Parent[UserRecord], info: Info, args: PageArgs
    ) -> Page[InvitationRecord] | None:
        if root.id != info.context.viewer.user_id:
            return None
        query = ListQuery(InvitationOrder.CREATED_AT, descending=True, args=args)
        return await info.context.loaders.invitations_by_user.load((root.id, query))

    @connection(
        ring.ScheduledMessage,
        description="What you have still to send, and what could not be sent, by its time; null "
        "unless this is you.",
        nullable=True,
    )
    async def scheduled_messages(
        self, root: Parent[UserRecord], info: Info, args: PageArgs
    ) -> Page[ScheduledRecord] | None:
        if root.id != info.context.viewer.user_id:
            return None
        query = ListQuery(ScheduledOrder.SEND_AT, args=args)
        return await info.context.loaders.scheduled_by_sender.load((root.id, query))

    @connection(
        ring.ModerationItem,
        description="What you have reported, newest first, and what became of it; null unless this "
        "is you.",
        nullable=True,
    )
    async def reports(
        self, root: Parent[UserRecord], info: Info, args: PageArgs
    ) -> Page[ItemRecord] | None:
        if root.id != info.context.viewer.user_id:
            return None
        query = ListQuery(ItemOrder.CREATED_AT, descending=True, args=args)
        return await info.context.loaders.moderation_items_by_reporter.load((root.id, query))

    @strawberry.field(
        description="Your direct conversation with them; null if there is none, or for yourself.",
        graphql_type=ring.Conversation | None,
    )
    async def direct_conversation(
        self, root: Parent[UserRecord], info: Info
    ) -> ConversationRecord | None:
        me = info.context.viewer.user_id
        if me is None or me == root.id:
            return None
        key = direct_conversation_id(me, root.id)
        return await info.context.loaders.conversation_by_id.load(key)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a user's."""
        return isinstance(obj, UserRecord)
