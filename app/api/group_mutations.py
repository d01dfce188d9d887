"""Mutations of groups and who belongs to them."""

from typing import Annotated

import strawberry
from strawberry import Maybe

from app.api.context import Info
from app.api.ids import key_of, uuid_of
from app.api.mutation import KeyedInput, Payload, given, mutation
from app.api.types import Group, User
from app.chat import membership
from app.groups import commands
from app.groups.commands import UNSET, GroupChanges, NewGroup
from app.groups.models import GroupRole
from app.groups.queries import GroupRecord
from app.users.queries import UserRecord

_NAME = "The name to show: one line of at most 120 characters."
_DESCRIPTION = "What it is for: at most 2,000 characters."


@strawberry.input(description="A new group.")
class GroupCreateInput(KeyedInput):
    """The input of `groupCreate`."""

    name: str = strawberry.field(description=_NAME)
    description: str | None = strawberry.field(default=None, description=_DESCRIPTION)
    product_id: strawberry.ID | None = strawberry.field(
        default=None, description="The product it is around: one that you may see."
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=None, description="The group it is below: one that you own or administer."
    )


@strawberry.input(description="What to change; what is left out stays as it is.")
class GroupUpdateInput(KeyedInput):
    """The input of `groupUpdate`."""

    name: Maybe[str | None] = strawberry.field(description=_NAME)
    description: Maybe[str | None] = strawberry.field(
        description=f"{_DESCRIPTION} Null takes it away."
    )
    product_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The product it is around: one that you may see. Null takes it away."
    )


@strawberry.input(description="A new member.")
class GroupMemberAddInput(KeyedInput):
    """The input of `groupMemberAdd`."""

    user_id: strawberry.ID = strawberry.field(description="Who.")
    role: GroupRole = strawberry.field(
        default=GroupRole.MEMBER,
        description="What they may do: `ADMIN` is the owner's to give, `OWNER` nobody's. "
        "For a member, the owner changes the role by it.",
    )


@strawberry.input(description="The end of a membership.")
class GroupMemberRemoveInput(KeyedInput):
    """The input of `groupMemberRemove`."""

    user_id: strawberry.ID = strawberry.field(description="Who: somebody else, or you.")


@strawberry.type(description="What came of `groupCreate`.")
class GroupCreatePayload(Payload):
    """The new group."""

    group: GroupRecord | None = strawberry.field(
        default=None, graphql_type=Group | None, description="The new group."
    )


@strawberry.type(description="What came of `groupUpdate`.")
class GroupUpdatePayload(Payload):
    """The changed group."""

    group: GroupRecord | None = strawberry.field(
        default=None, graphql_type=Group | None, description="The group as it is now."
    )


@strawberry.type(description="What came of a change of members.")
class _MemberPayload(Payload):
    group: GroupRecord | None = strawberry.field(
        default=None,
        graphql_type=Group | None,
        description="The group, with its members as they are now.",
    )
    user: UserRecord | None = strawberry.field(
        default=None,
        graphql_type=User | None,
        description="The user, with their groups as they are now.",
    )


@strawberry.type(description="What came of `groupMemberAdd`.")
class GroupMemberAddPayload(_MemberPayload):
    """The group and its new member."""


@strawberry.type(description="What came of `groupMemberRemove`.")
class GroupMemberRemovePayload(_MemberPayload):
    """The group and its former member."""


GroupId = Annotated[strawberry.ID, strawberry.argument(description="The group's id.")]


@strawberry.type
class GroupMutations:
    """Writes."""

    @mutation(
        GroupCreatePayload,
        description="Found a group with its conversation; you own it and are its first member.",
    )
    async def group_create(
        self,
        info: Info,
        input_: Annotated[
            GroupCreateInput, strawberry.argument(name="input", description="What you say of it.")
        ],
    ) -> GroupCreatePayload:
        parent = input_.parent_id
        new = NewGroup(
            name=input_.name,
            description=input_.description,
            product_id=_product_key(input_.product_id),
            parent_id=None
            if parent is None
            else uuid_of(parent, "Group", field=["input", "parentId"]),
        )
        group = await membership.create_group(
            info.context.services, info.context.viewer, new, client_key=input_.client_key
        )
        return GroupCreatePayload(group=group)

    @mutation(
        GroupUpdatePayload,
        description="Change what a group says of itself. For its owner and admins.",
    )
    async def group_update(
        self,
        info: Info,
        id_: Annotated[
            strawberry.ID, strawberry.argument(name="id", description="The group's id.")
        ],
        input_: Annotated[
            GroupUpdateInput, strawberry.argument(name="input", description="What to change.")
        ],
    ) -> GroupUpdatePayload:
        name, product = given(input_.name, "name"), input_.product_id
        changes = GroupChanges(
            name=UNSET if name is None else name,
            description=UNSET if input_.description is None else input_.description.value,
            product_id=UNSET if product is None else _product_key(product.value),
        )
        group = await commands.update_group(
            info.context.services.main,
            info.context.viewer,
            uuid_of(id_, "Group", field=["id"]),
            changes,
            client_key=input_.client_key,
        )
        return GroupUpdatePayload(group=group)

    @mutation(
        GroupMemberAddPayload,
        description="Let somebody belong to a group and its conversation. For owner and admins.",
    )
    async def group_member_add(
        self,
        info: Info,
        group_id: GroupId,
        input_: Annotated[
            GroupMemberAddInput, strawberry.argument(name="input", description="Who, and as what.")
        ],
    ) -> GroupMemberAddPayload:
        group, user = await membership.add_group_member(
            info.context.services,
            info.context.viewer,
            uuid_of(group_id, "Group", field=["groupId"]),
            uuid_of(input_.user_id, "User", field=["input", "userId"]),
            input_.role,
            client_key=input_.client_key,
        )
        return GroupMemberAddPayload(group=group, user=user)

    @mutation(
        GroupMemberRemovePayload,
        description="End somebody's membership, or your own; the group's conversation is then "
        "hidden from them. For owner and admins, and anybody but the owner for themselves.",
    )
    async def group_member_remove(
        self,
        info: Info,
        group_id: GroupId,
        input_: Annotated[
            GroupMemberRemoveInput, strawberry.argument(name="input", description="Who.")
        ],
    ) -> GroupMemberRemovePayload:
        group, user = await membership.remove_group_member(
            info.context.services,
            info.context.viewer,
            uuid_of(group_id, "Group", field=["groupId"]),
            uuid_of(input_.user_id, "User", field=["input", "userId"]),
            client_key=input_.client_key,
        )
        return GroupMemberRemovePayload(group=group, user=user)


def _product_key(value: strawberry.ID | None) -> str | None:
    return None if value is None else key_of(value, "Product", field=["input", "productId"])
