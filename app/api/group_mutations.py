"""Mutations of groups themselves."""

from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import Maybe

from app.api.context import Info
from app.api.ids import key_of, uuid_of
from app.api.mutation import KeyedInput, Payload, given, mutation
from app.api.types import Group
from app.chat import membership, naming
from app.groups.commands import UNSET, GroupChanges, NewGroup
from app.groups.models import GroupVisibility, JoinPolicy
from app.groups.queries import GroupRecord

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
    visibility: GroupVisibility = strawberry.field(
        default=GroupVisibility.PUBLIC, description="Who may know of it."
    )
    join_policy: JoinPolicy = strawberry.field(
        default=JoinPolicy.INVITATION, description="How one comes to belong to it."
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
    parent_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The group it is below: one that you own or administer. Null takes it out. "
        "Who belongs to it stays."
    )
    visibility: Maybe[GroupVisibility | None] = strawberry.field(description="Who may know of it.")
    join_policy: Maybe[JoinPolicy | None] = strawberry.field(
        description="How one comes to belong to it."
    )


@strawberry.input(description="The end of a group.")
class GroupDeleteInput(KeyedInput):
    """The input of `groupDelete`."""


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


@strawberry.type(description="What came of `groupDelete`.")
class GroupDeletePayload(Payload):
    """The deleted group."""

    group: GroupRecord | None = strawberry.field(
        default=None, graphql_type=Group | None, description="The group as it was."
    )


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
        new = NewGroup(
            name=input_.name,
            description=input_.description,
            product_id=_product_key(input_.product_id),
            parent_id=_parent_key(input_.parent_id),
            visibility=input_.visibility,
            join_policy=input_.join_policy,
        )
        group = await membership.create_group(
            info.context.services, info.context.viewer, new, client_key=input_.client_key
        )
        return GroupCreatePayload(group=group)

    @mutation(
        GroupUpdatePayload,
        description="Change what a group says of itself, who sees it and where it stands. For its "
        "owner and admins.",
    )
    async def group_update(
        self,
        info: Info,
        group_id: GroupId,
        input_: Annotated[
            GroupUpdateInput, strawberry.argument(name="input", description="What to change.")
        ],
    ) -> GroupUpdatePayload:
        name, product, parent = given(input_.name, "name"), input_.product_id, input_.parent_id
        visibility = given(input_.visibility, "visibility")
        join_policy = given(input_.join_policy, "joinPolicy")
        changes = GroupChanges(
            name=UNSET if name is None else name,
            description=UNSET if input_.description is None else input_.description.value,
            product_id=UNSET if product is None else _product_key(product.value),
            parent_id=UNSET if parent is None else _parent_key(parent.value),
            visibility=UNSET if visibility is None else visibility,
            join_policy=UNSET if join_policy is None else join_policy,
        )
        group = await naming.update_group(
            info.context.services,
            info.context.viewer,
            uuid_of(group_id, "Group", field=["groupId"]),
            changes,
            client_key=input_.client_key,
        )
        return GroupUpdatePayload(group=group)

    @mutation(
        GroupDeletePayload,
        description="Delete a group, for its owner. Its conversation is closed, and stays readable "
        "for who belonged to it; the groups below it move to the one above, and what it hid as a "
        "private group becomes private.",
    )
    async def group_delete(
        self,
        info: Info,
        group_id: GroupId,
        input_: Annotated[
            GroupDeleteInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> GroupDeletePayload:
        group = await membership.delete_group(
            info.context.services,
            info.context.viewer,
            uuid_of(group_id, "Group", field=["groupId"]),
            client_key=input_.client_key,
        )
        return GroupDeletePayload(group=group)


def _product_key(value: strawberry.ID | None) -> str | None:
    return None if value is None else key_of(value, "Product", field=["input", "productId"])


def _parent_key(value: strawberry.ID | None) -> UUID | None:
    return None if value is None else uuid_of(value, "Group", field=["input", "parentId"])
