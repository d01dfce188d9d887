"""Communities and who belongs to them."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry import Parent

from app.api.connection import connection
from app.api.context import Info
from app.api.ids import global_id
from app.api.types import ring
from app.api.types.node import Node, id_of
from app.chat.log import ConversationRecord, group_conversation_id
from app.groups.invitations import InvitationOrder, InvitationRecord, LinkRecord
from app.groups.models import GroupRole, GroupVisibility, JoinPolicy
from app.groups.queries import GroupOrder, GroupRecord, MemberOrder, MemberRecord, can_manage
from app.paging import ListQuery, Page, PageArgs
from app.products.queries import ProductRecord
from app.users.queries import UserRecord


@strawberry.type(description="That a user belongs to a group.")
class GroupMember:
    """Read off a `MemberRecord`."""

    role: GroupRole = strawberry.field(description="What they may do in the group.")
    joined_at: datetime = strawberry.field(description="Since when.")

    @strawberry.field(
        description="Who; null if the account is gone.", graphql_type=ring.User | None
    )
    async def user(self, root: Parent[MemberRecord], info: Info) -> UserRecord | None:
        return await info.context.loaders.user_by_id.load(root.user_id)


@strawberry.type(description="A community: around a product, below another group, or free.")
class Group(Node):
    """Read off a `GroupRecord`."""

    id: strawberry.ID = id_of("Group")
    name: str = strawberry.field(description="The name to show.")
    description: str | None = strawberry.field(description="What it is for.")
    visibility: GroupVisibility = strawberry.field(description="Who may know of it.")
    join_policy: JoinPolicy = strawberry.field(description="How one comes to belong to it.")
    created_at: datetime = strawberry.field(description="When it was founded.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    deleted_at: datetime | None = strawberry.field(
        description="When it was deleted, which only who belonged to it is shown: its conversation "
        "is closed, and stays readable for them."
    )

    @strawberry.field(
        description="The product it is around; null if none, or none that you may see.",
        graphql_type=ring.Product | None,
    )
    async def product(self, root: Parent[GroupRecord], info: Info) -> ProductRecord | None:
        if root.product_id is None:
            return None
        return await info.context.loaders.product_by_id.load(root.product_id)

    @strawberry.field(
        description="The group it is below; null if none, or none that you see.",
        graphql_type=ring.Group | None,
    )
    async def parent(self, root: Parent[GroupRecord], info: Info) -> GroupRecord | None:
        if root.parent_id is None:
            return None
        return await info.context.loaders.group_by_id.load(root.parent_id)

    @connection(ring.Group, description="The groups below it, its channels, newest first.")
    async def children(
        self, root: Parent[GroupRecord], info: Info, args: PageArgs
    ) -> Page[GroupRecord]:
        query = ListQuery(GroupOrder.CREATED_AT, descending=True, args=args)
        return await info.context.loaders.groups_by_parent.load((root.id, query))

    @strawberry.field(
        description="Who owns it; null if the account is gone.", graphql_type=ring.User | None
    )
    async def owner(self, root: Parent[GroupRecord], info: Info) -> UserRecord | None:
        return await info.context.loaders.user_by_id.load(root.owner_id)

    @connection(ring.GroupMember, description="Who belongs to it, in the order of joining.")
    async def members(
        self, root: Parent[GroupRecord], info: Info, args: PageArgs
    ) -> Page[MemberRecord]:
        query = ListQuery(MemberOrder.JOINED_AT, args=args)
        return await info.context.loaders.members_by_group.load((root.id, query))

    @strawberry.field(description="How many belong to it.")
    async def member_count(self, root: Parent[GroupRecord], info: Info) -> int:
        return await info.context.loaders.member_count.load(root.id)

    @strawberry.field(
        description="The ids of who belongs to it, in the order of their accounts; accounts that "
        "are gone are left out."
    )
    async def member_ids(self, root: Parent[GroupRecord], info: Info) -> list[strawberry.ID] | None:
        loaders = info.context.loaders
        users = await loaders.user_by_id.load_many(await loaders.member_ids.load(root.id))
        return [global_id("User", user.public_id) for user in users if user is not None]

    @strawberry.field(description="Whether you may change it, and invite others to it.")
    async def viewer_can_manage(self, root: Parent[GroupRecord], info: Info) -> bool:
        return can_manage(root, await info.context.loaders.membership.load(root.id))

    @connection(
        ring.GroupInvitation,
        description="Who is invited and has not answered, newest first; null unless you manage it.",
        nullable=True,
    )
    async def invitations(
        self, root: Parent[GroupRecord], info: Info, args: PageArgs
    ) -> Page[InvitationRecord] | None:
        loaders = info.context.loaders
        if not can_manage(root, await loaders.membership.load(root.id)):
            return None
        query = ListQuery(InvitationOrder.CREATED_AT, descending=True, args=args)
        return await loaders.invitations_by_group.load((root.id, query))

    @connection(
        ring.GroupInvitationLink,
        description="The links that hold, newest first; null unless you manage it.",
        nullable=True,
    )
    async def invitation_links(
        self, root: Parent[GroupRecord], info: Info, args: PageArgs
    ) -> Page[LinkRecord] | None:
        loaders = info.context.loaders
        if not can_manage(root, await loaders.membership.load(root.id)):
            return None
        query = ListQuery(InvitationOrder.CREATED_AT, descending=True, args=args)
        return await loaders.links_by_group.load((root.id, query))

    @strawberry.field(
        description="Your own membership; null if you do not belong to it.",
        graphql_type=ring.GroupMember | None,
    )
    async def viewer_membership(self, root: Parent[GroupRecord], info: Info) -> MemberRecord | None:
        return await info.context.loaders.membership.load(root.id)

    @strawberry.field(
        description="The group's conversation; null unless you belong to it.",
        graphql_type=ring.Conversation | None,
    )
    async def conversation(
        self, root: Parent[GroupRecord], info: Info
    ) -> ConversationRecord | None:
        return await info.context.loaders.conversation_by_id.load(group_conversation_id(root.id))

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a group's."""
        return isinstance(obj, GroupRecord)
