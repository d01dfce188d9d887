"""The object types: a ring (user, product, group, conversation, message), so in one module.

They only translate; what they read stands in the domains.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import Parent
from strawberry.scalars import JSON

from app.api import enums  # noqa: F401 - describes the enums before a type names them
from app.api.connection import (
    After,
    Before,
    Connection,  # noqa: F401 - named in strings, for the ring
    First,
    Last,
)
from app.api.context import Info
from app.api.ids import global_id
from app.chat.log import (
    ConversationRecord,
    LogEntry,
    direct_conversation_id,
    group_conversation_id,
)
from app.chat.models import ConversationKind, MessageRole
from app.groups.models import GroupRole
from app.groups.queries import GroupOrder, GroupRecord, MemberOrder, MemberRecord
from app.media import AttachmentType
from app.paging import ListQuery, Page, PageArgs, page_args, page_of_ids
from app.products.models import Cause, PublishingStatus
from app.products.queries import ProductOrder, ProductRecord, can_update_product
from app.users.models import DeviceType, Platform, SubscriptionTier, UserRole, UserStatus
from app.users.queries import PersonalDetails, UserRecord
from app.users.sessions import SessionOrder, SessionRecord


@strawberry.interface(description="An object with an id by which `node` finds it again.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(description="The object's opaque, lasting id.")


def _id_of(type_name: str, key: str = "id") -> Any:
    def resolve(root: Parent[Any]) -> strawberry.ID:
        return global_id(type_name, getattr(root, key))

    return strawberry.field(resolver=resolve, description="The object's opaque, lasting id.")


@strawberry.type(description="Somebody with an account: a buyer, a vendor, a moderator.")
class User(Node):
    """Read off a `UserRecord`."""

    id: strawberry.ID = _id_of("User", "public_id")
    name: str = strawberry.field(description="The name to show.")
    username: str | None = strawberry.field(description="The handle, unique where it is set.")
    first_name: str | None = strawberry.field(description="The given name.")
    last_name: str | None = strawberry.field(description="The family name.")
    profile_image_url: str | None = strawberry.field(description="The address of a portrait.")
    subscription_tier: SubscriptionTier = strawberry.field(description="What they subscribe to.")
    status: UserStatus = strawberry.field(description="Whether the account was proved.")
    role: UserRole = strawberry.field(description="What they may do beyond their own things.")
    registration_platform: Platform = strawberry.field(description="Through what they came.")
    is_online: bool = strawberry.field(
        description="Whether they were online when that was last recorded."
    )
    profile: JSON | None = strawberry.field(
        description="What they tell of themselves as a vendor; null if they sell nothing."
    )
    created_at: datetime = strawberry.field(description="When the account was made.")
    updated_at: datetime = strawberry.field(description="When the profile was last changed.")

    @strawberry.field(
        description="Contact and personal details; null unless this is you or you are staff.",
        graphql_type="PersonalInformation | None",
    )
    async def personal(self, root: Parent[UserRecord], info: Info) -> PersonalDetails | None:  # noqa: D102
        return await info.context.loaders.personal_details.load(root.id)

    @strawberry.field(
        description="Where you are signed in, newest first; null unless this is you.",
        graphql_type="Connection[Session] | None",
    )
    async def sessions(  # noqa: D102
        self,
        root: Parent[UserRecord],
        info: Info,
        *,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[SessionRecord] | None:
        args = page_args(first, after, last, before)
        if root.id != info.context.viewer.user_id:
            return None
        query = ListQuery(SessionOrder.STARTED_AT, descending=True, args=args)
        return await info.context.loaders.sessions_by_user.load((root.id, query))

    @strawberry.field(
        description="What they sell, newest first, as far as you may see it.",
        graphql_type="Connection[Product] | None",
    )
    async def products(  # noqa: D102
        self,
        root: Parent[UserRecord],
        info: Info,
        *,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[ProductRecord]:
        args = page_args(first, after, last, before)
        query = ListQuery(ProductOrder.CREATED_AT, descending=True, args=args)
        return await info.context.loaders.products_by_vendor.load((root.id, query))

    @strawberry.field(
        description="The groups they belong to, newest first.",
        graphql_type="Connection[Group] | None",
    )
    async def groups(  # noqa: D102
        self,
        root: Parent[UserRecord],
        info: Info,
        *,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[GroupRecord]:
        args = page_args(first, after, last, before)
        query = ListQuery(GroupOrder.CREATED_AT, descending=True, args=args)
        return await info.context.loaders.groups_by_member.load((root.id, query))

    @strawberry.field(
        description="Your direct conversation with them; null if there is none, or for yourself.",
        graphql_type="Conversation | None",
    )
    async def direct_conversation(  # noqa: D102
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


@strawberry.type(description="What only a user and the staff may see of the user.")
class PersonalInformation:
    """Read off `PersonalDetails`."""

    email: str = strawberry.field(description="The address they sign in with.")
    contact_country_code: str | None = strawberry.field(description="The telephone's country code.")
    city: str | None = strawberry.field(description="The city they live in.")
    state: str | None = strawberry.field(description="The state or province.")
    country: str | None = strawberry.field(description="The country.")
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

    @strawberry.field(description="The telephone number, in digits.")
    def contact_number(self, root: Parent[PersonalDetails]) -> str | None:  # noqa: D102
        return None if root.contact_number is None else str(root.contact_number)

    @strawberry.field(description="The postal code.")
    def pincode(self, root: Parent[PersonalDetails]) -> str | None:  # noqa: D102
        return None if root.pincode is None else str(root.pincode)


@strawberry.type(description="A sign-in of yours on one device, which has not ended.")
class Session(Node):
    """Read off a `SessionRecord`."""

    id: strawberry.ID = _id_of("Session")
    device_name: str | None = strawberry.field(description="What the device was called.")
    device_type: DeviceType | None = strawberry.field(description="What it is.")
    platform: Platform | None = strawberry.field(description="Through what you signed in.")
    user_agent: str | None = strawberry.field(description="What its program calls itself.")
    started_at: datetime = strawberry.field(description="When you signed in.")
    last_activity_at: datetime = strawberry.field(
        description="When it was last used, to within minutes."
    )

    @strawberry.field(description="The network address from which you signed in.")
    def address(self, root: Parent[SessionRecord]) -> str | None:  # noqa: D102
        return None if root.address is None else str(root.address)

    @strawberry.field(description="Whether it is the session of this request.")
    def is_current(self, root: Parent[SessionRecord], info: Info) -> bool:  # noqa: D102
        return root.id == info.context.viewer.session_id

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a session's."""
        return isinstance(obj, SessionRecord)


@strawberry.type(description="A file, picture, film or sound, by its address.")
class Medium:
    """Read off a mapping `{url, type}`."""

    @strawberry.field(description="Where it is.")
    def url(self, root: Parent[dict[str, str]]) -> str:  # noqa: D102
        return root["url"]

    @strawberry.field(description="What it is.", graphql_type=AttachmentType)
    def type(self, root: Parent[dict[str, str]]) -> str:  # noqa: D102
        return root["type"]


@strawberry.type(description="Something that a vendor sells for a cause.")
class Product(Node):
    """Read off a `ProductRecord`."""

    id: strawberry.ID = _id_of("Product")
    title: str = strawberry.field(description="The name to show.")
    description: str = strawberry.field(description="What it is, in the vendor's words.")
    product_url: str = strawberry.field(description="Where it can be bought.")
    cause: Cause = strawberry.field(description="What its proceeds go to.")
    mrp: Decimal = strawberry.field(description="The recommended price, with two decimals.")
    selling_price: Decimal = strawberry.field(
        description="The price it is sold at, with two decimals; at most `mrp`."
    )
    publishing_status: PublishingStatus = strawberry.field(description="Who may see it, and why.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @strawberry.field(description="Pictures and other media.", graphql_type=list[Medium])
    def media(self, root: Parent[ProductRecord]) -> list[dict[str, str]]:  # noqa: D102
        return root.media

    @strawberry.field(description="The staff's notes; null unless you are staff.")
    def remarks(self, root: Parent[ProductRecord]) -> str | None:  # noqa: D102
        return root.remark

    @strawberry.field(description="Whether you may change it.")
    def viewer_can_update(self, root: Parent[ProductRecord], info: Info) -> bool:  # noqa: D102
        return can_update_product(info.context.viewer, root)

    @strawberry.field(
        description="Who sells it; null if you are not signed in or the account is gone.",
        graphql_type="User | None",
    )
    async def vendor(self, root: Parent[ProductRecord], info: Info) -> UserRecord | None:  # noqa: D102
        return await info.context.loaders.user_by_id.load(root.vendor_id)

    @strawberry.field(
        description="The groups around it, newest first.", graphql_type="Connection[Group]"
    )
    async def groups(  # noqa: D102
        self,
        root: Parent[ProductRecord],
        info: Info,
        *,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[GroupRecord]:
        args = page_args(first, after, last, before)
        query = ListQuery(GroupOrder.CREATED_AT, descending=True, args=args)
        return await info.context.loaders.groups_by_product.load((root.id, query))

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a product's."""
        return isinstance(obj, ProductRecord)


@strawberry.type(description="That a user belongs to a group.")
class GroupMember:
    """Read off a `MemberRecord`."""

    role: GroupRole = strawberry.field(description="What they may do in the group.")
    joined_at: datetime = strawberry.field(description="Since when.")

    @strawberry.field(description="Who; null if the account is gone.", graphql_type="User | None")
    async def user(self, root: Parent[MemberRecord], info: Info) -> UserRecord | None:  # noqa: D102
        return await info.context.loaders.user_by_id.load(root.user_id)


@strawberry.type(description="A community: around a product, below another group, or free.")
class Group(Node):
    """Read off a `GroupRecord`."""

    id: strawberry.ID = _id_of("Group")
    name: str = strawberry.field(description="The name to show.")
    description: str | None = strawberry.field(description="What it is for.")
    created_at: datetime = strawberry.field(description="When it was founded.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @strawberry.field(
        description="The product it is around; null if none, or none that you may see.",
        graphql_type="Product | None",
    )
    async def product(self, root: Parent[GroupRecord], info: Info) -> ProductRecord | None:  # noqa: D102
        if root.product_id is None:
            return None
        return await info.context.loaders.product_by_id.load(root.product_id)

    @strawberry.field(description="The group it is below.", graphql_type="Group | None")
    async def parent(self, root: Parent[GroupRecord], info: Info) -> GroupRecord | None:  # noqa: D102
        if root.parent_id is None:
            return None
        return await info.context.loaders.group_by_id.load(root.parent_id)

    @strawberry.field(
        description="The groups below it, newest first.", graphql_type="Connection[Group]"
    )
    async def children(  # noqa: D102
        self,
        root: Parent[GroupRecord],
        info: Info,
        *,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[GroupRecord]:
        args = page_args(first, after, last, before)
        query = ListQuery(GroupOrder.CREATED_AT, descending=True, args=args)
        return await info.context.loaders.groups_by_parent.load((root.id, query))

    @strawberry.field(
        description="Who owns it; null if the account is gone.", graphql_type="User | None"
    )
    async def owner(self, root: Parent[GroupRecord], info: Info) -> UserRecord | None:  # noqa: D102
        return await info.context.loaders.user_by_id.load(root.owner_id)

    @strawberry.field(
        description="Who belongs to it, in the order of joining.",
        graphql_type="Connection[GroupMember]",
    )
    async def members(  # noqa: D102
        self,
        root: Parent[GroupRecord],
        info: Info,
        *,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[MemberRecord]:
        args = page_args(first, after, last, before)
        query = ListQuery(MemberOrder.JOINED_AT, args=args)
        return await info.context.loaders.members_by_group.load((root.id, query))

    @strawberry.field(description="How many belong to it.")
    async def member_count(self, root: Parent[GroupRecord], info: Info) -> int:  # noqa: D102
        return await info.context.loaders.member_count.load(root.id)

    @strawberry.field(
        description="Your own membership; null if you do not belong to it.",
        graphql_type="GroupMember | None",
    )
    async def viewer_membership(  # noqa: D102
        self, root: Parent[GroupRecord], info: Info
    ) -> MemberRecord | None:
        return await info.context.loaders.membership.load(root.id)

    @strawberry.field(
        description="The group's conversation; null unless you belong to it.",
        graphql_type="Conversation | None",
    )
    async def conversation(  # noqa: D102
        self, root: Parent[GroupRecord], info: Info
    ) -> ConversationRecord | None:
        return await info.context.loaders.conversation_by_id.load(group_conversation_id(root.id))

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a group's."""
        return isinstance(obj, GroupRecord)


@strawberry.type(description="Messages between people, in a group, or with an assistant.")
class Conversation(Node):
    """Read off a `ConversationRecord`."""

    id: strawberry.ID = _id_of("Conversation")
    kind: ConversationKind = strawberry.field(description="Between whom it is.")
    title: str | None = strawberry.field(description="What it is called, if anything.")
    summary: str | None = strawberry.field(description="What was said, in short.")
    tags: list[str] = strawberry.field(description="Words to find it by.")
    context: JSON = strawberry.field(description="What an assistant should know.")
    metadata: JSON = strawberry.field(description="What clients keep with it.")
    is_archived: bool = strawberry.field(description="Whether it was put away.")
    message_count: int = strawberry.field(description="How many messages were sent in it.")
    total_tokens: int = strawberry.field(description="How many tokens its answers cost.")
    last_activity_at: datetime = strawberry.field(description="When something last happened in it.")
    created_at: datetime = strawberry.field(description="When it was started.")
    updated_at: datetime = strawberry.field(description="When its description was last changed.")

    @strawberry.field(
        description="The group whose conversation it is.", graphql_type="Group | None"
    )
    async def group(self, root: Parent[ConversationRecord], info: Info) -> GroupRecord | None:  # noqa: D102
        if root.group_id is None:
            return None
        return await info.context.loaders.group_by_id.load(root.group_id)

    @strawberry.field(
        description="Who started it; null if the account is gone.", graphql_type="User | None"
    )
    async def creator(self, root: Parent[ConversationRecord], info: Info) -> UserRecord | None:  # noqa: D102
        return await info.context.loaders.user_by_id.load(root.user_id)

    @strawberry.field(
        description="Who takes part, in the order of their accounts.",
        graphql_type="Connection[User] | None",
    )
    async def participants(  # noqa: D102
        self,
        root: Parent[ConversationRecord],
        info: Info,
        *,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[UserRecord]:
        args = page_args(first, after, last, before)
        return await _users_page(info, sorted(root.participant_ids), args)

    @strawberry.field(
        description="What was said, from the first message to the newest; `last: 50` is a screen.",
        graphql_type="Connection[Message]",
    )
    async def messages(  # noqa: D102
        self,
        root: Parent[ConversationRecord],
        info: Info,
        *,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[LogEntry]:
        args = page_args(first, after, last, before)
        return await info.context.loaders.messages_by_conversation.load((root, args))

    @strawberry.field(
        description="The newest message; null while there is none.", graphql_type="Message | None"
    )
    async def last_message(  # noqa: D102
        self, root: Parent[ConversationRecord], info: Info
    ) -> LogEntry | None:
        if root.last_message_id is None:
            return None
        return await info.context.loaders.message_by_id.load(root.last_message_id)

    @strawberry.field(description="How many messages you have not read.")
    async def unread_count(self, root: Parent[ConversationRecord], info: Info) -> int:  # noqa: D102
        read = await info.context.loaders.read_position.load(root.id)
        # One's own newest message may be marked as read a moment before it is visible.
        return max(0, root.message_count - read)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a conversation's."""
        return isinstance(obj, ConversationRecord)


@strawberry.type(description="One message of a conversation.")
class Message(Node):
    """Read off a `LogEntry`."""

    id: strawberry.ID = _id_of("Message")
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
    def attachments(self, root: Parent[LogEntry]) -> list[dict[str, str]]:  # noqa: D102
        return root.attachments

    @strawberry.field(
        description="Who sent it; null for the system or if the account is gone.",
        graphql_type="User | None",
    )
    async def sender(self, root: Parent[LogEntry], info: Info) -> UserRecord | None:  # noqa: D102
        if root.sender_id is None:
            return None
        return await info.context.loaders.user_by_id.load(root.sender_id)

    @strawberry.field(
        description="The conversation it is in; null unless you take part.",
        graphql_type="Conversation | None",
    )
    async def conversation(  # noqa: D102
        self, root: Parent[LogEntry], info: Info
    ) -> ConversationRecord | None:
        return await info.context.loaders.conversation_by_id.load(root.conversation_id)

    @strawberry.field(
        description="Who has read it, in the order of their accounts.",
        graphql_type="Connection[User] | None",
    )
    async def read_by(  # noqa: D102
        self,
        root: Parent[LogEntry],
        info: Info,
        *,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[UserRecord]:
        args = page_args(first, after, last, before)
        receipts = await info.context.loaders.receipts.load(root.conversation_id)
        readers = [user for user, read in receipts if read >= (root.msg_no or 0)]
        return await _users_page(info, readers, args)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a message's."""
        return isinstance(obj, LogEntry)


async def _users_page(info: Info, ids: list[int], args: PageArgs) -> Page[UserRecord]:
    """A page of users whose numbers are known, in order; accounts that are gone are left out."""
    page = page_of_ids(ids, args)
    users = await info.context.loaders.user_by_id.load_many(page.items)
    known = [(u, c) for u, c in zip(users, page.cursors, strict=True) if u is not None]
    return Page(
        [user for user, _ in known],
        [cursor for _, cursor in known],
        page.has_next,
        page.has_previous,
    )
