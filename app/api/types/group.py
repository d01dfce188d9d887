"""Communities and who belongs to them."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry import Parent

from app.api.connection import connection
from app.api.context import Info
from app.api.types import ring
from app.api.types.node import Node, id_of
from app.chat.log import ConversationRecord, group_conversation_id
from app.groups.models import GroupRole
from app.groups.queries import GroupOrder, GroupRecord, MemberOrder, MemberRecord
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
    created_at: datetime = strawberry.field(description="When it was founded.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @strawberry.field(
        description="The product it is around; null if none, or none that you may see.",
        graphql_type=ring.Product | None,
    )
    async def product(self, root: Parent[GroupRecord], info: Info) -> ProductRecord | None:
        if root.product_id is None:
            return None
        return await info.context.loaders.product_by_id.load(root.product_id)

    @strawberry.field(description="The group it is below.", graphql_type=ring.Group | None)
    async def parent(self, root: Parent[GroupRecord], info: Info) -> GroupRecord | None:
        if root.parent_id is None:
            return None
        return await info.context.loaders.group_by_id.load(root.parent_id)

    @connection(ring.Group, description="The groups below it, newest first.")
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
