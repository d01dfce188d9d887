"""Mutations of who belongs to a group, and as what."""

from typing import Annotated

import strawberry

from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, Payload, mutation
from app.api.types import Group, User
from app.chat import membership
from app.groups import roles
from app.groups.models import GroupRole
from app.groups.queries import GroupRecord
from app.users.queries import UserRecord


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


@strawberry.input(description="Another role.")
class GroupMemberRoleChangeInput(KeyedInput):
    """The input of `groupMemberRoleChange`."""

    user_id: strawberry.ID = strawberry.field(description="Who: a member.")
    role: GroupRole = strawberry.field(description="What they may do from now on; not `OWNER`.")


@strawberry.input(description="Another owner.")
class GroupOwnershipTransferInput(KeyedInput):
    """The input of `groupOwnershipTransfer`."""

    user_id: strawberry.ID = strawberry.field(description="Who owns the group then: a member.")


@strawberry.input(description="Joining a group.")
class GroupJoinInput(KeyedInput):
    """The input of `groupJoin`."""


@strawberry.input(description="Leaving a group.")
class GroupLeaveInput(KeyedInput):
    """The input of `groupLeave`."""


@strawberry.type(description="What came of a change of members.")
class _MemberPayload(Payload):
    group: GroupRecord | None = strawberry.field(
        default=None,
        graphql_type=Group | None,
        description="The group, with its members as they are now; null if you no longer see it.",
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


@strawberry.type(description="What came of `groupMemberRoleChange`.")
class GroupMemberRoleChangePayload(_MemberPayload):
    """The group and the member."""


@strawberry.type(description="What came of `groupOwnershipTransfer`.")
class GroupOwnershipTransferPayload(_MemberPayload):
    """The group and its new owner."""


@strawberry.type(description="What came of `groupJoin`.")
class GroupJoinPayload(_MemberPayload):
    """The group and the viewer."""


@strawberry.type(description="What came of `groupLeave`.")
class GroupLeavePayload(_MemberPayload):
    """The group and the viewer."""


GroupId = Annotated[strawberry.ID, strawberry.argument(description="The group's id.")]


@strawberry.type
class MembershipMutations:
    """Writes."""

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
        description="End somebody's membership, or your own, of a group and of all below it; the "
        "conversations are then hidden from them. For owner and admins, and anybody but the owner "
        "for themselves.",
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

    @mutation(
        GroupJoinPayload,
        description="Belong to a public group that is open to all, and to its conversation.",
    )
    async def group_join(
        self,
        info: Info,
        group_id: GroupId,
        input_: Annotated[
            GroupJoinInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> GroupJoinPayload:
        group, user = await membership.join_group(
            info.context.services,
            info.context.viewer,
            uuid_of(group_id, "Group", field=["groupId"]),
            client_key=input_.client_key,
        )
        return GroupJoinPayload(group=group, user=user)

    @mutation(
        GroupLeavePayload,
        description="End your membership of a group and of all below it; groups below that you own "
        "pass to its owner. The owner transfers the ownership first.",
    )
    async def group_leave(
        self,
        info: Info,
        group_id: GroupId,
        input_: Annotated[
            GroupLeaveInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> GroupLeavePayload:
        group, user = await membership.leave_group(
            info.context.services,
            info.context.viewer,
            uuid_of(group_id, "Group", field=["groupId"]),
            client_key=input_.client_key,
        )
        return GroupLeavePayload(group=group, user=user)

    @mutation(
        GroupMemberRoleChangePayload,
        description="Make a member an admin, or an admin a member. For the owner.",
    )
    async def group_member_role_change(
        self,
        info: Info,
        group_id: GroupId,
        input_: Annotated[
            GroupMemberRoleChangeInput,
            strawberry.argument(name="input", description="Who, and as what."),
        ],
    ) -> GroupMemberRoleChangePayload:
        services = info.context.services
        group, user = await roles.change_role(
            services.main,
            services.auth,
            info.context.viewer,
            uuid_of(group_id, "Group", field=["groupId"]),
            user=uuid_of(input_.user_id, "User", field=["input", "userId"]),
            role=input_.role,
            client_key=input_.client_key,
        )
        return GroupMemberRoleChangePayload(group=group, user=user)

    @mutation(
        GroupOwnershipTransferPayload,
        description="Make a member the owner; the owner becomes an admin. For the owner, and for "
        "admins of the system where there is none any more.",
    )
    async def group_ownership_transfer(
        self,
        info: Info,
        group_id: GroupId,
        input_: Annotated[
            GroupOwnershipTransferInput, strawberry.argument(name="input", description="To whom.")
        ],
    ) -> GroupOwnershipTransferPayload:
        services = info.context.services
        group, user = await roles.transfer_ownership(
            services.main,
            services.auth,
            info.context.viewer,
            uuid_of(group_id, "Group", field=["groupId"]),
            user=uuid_of(input_.user_id, "User", field=["input", "userId"]),
            client_key=input_.client_key,
        )
        return GroupOwnershipTransferPayload(group=group, user=user)
