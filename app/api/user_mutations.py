"""Mutations by which admins decide about accounts."""

from typing import Annotated

import strawberry

from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, Payload, mutation
from app.api.types import User
from app.users import commands
from app.users.models import UserRole
from app.users.queries import UserRecord

_UserId = Annotated[strawberry.ID, strawberry.argument(description="The user's id.")]


@strawberry.input(description="Why somebody is locked out.")
class UserDeactivateInput(KeyedInput):
    """The input of `userDeactivate`."""

    reason: str = strawberry.field(
        description=f"Why, for the audit: at most {commands.MAX_REASON} characters."
    )


@strawberry.input(description="The end of a deactivation.")
class UserReactivateInput(KeyedInput):
    """The input of `userReactivate`."""


@strawberry.input(description="Another role.")
class UserRoleChangeInput(KeyedInput):
    """The input of `userRoleChange`."""

    role: UserRole = strawberry.field(description="What they may do from now on.")


@strawberry.type(description="What came of a decision about an account.")
class _UserPayload(Payload):
    user: UserRecord | None = strawberry.field(
        default=None, graphql_type=User | None, description="The user as they are now."
    )


@strawberry.type(description="What came of `userDeactivate`.")
class UserDeactivatePayload(_UserPayload):
    """Who was locked out."""


@strawberry.type(description="What came of `userReactivate`.")
class UserReactivatePayload(_UserPayload):
    """Who may sign in again."""


@strawberry.type(description="What came of `userRoleChange`.")
class UserRoleChangePayload(_UserPayload):
    """Who may do something else now."""


@strawberry.type
class UserMutations:
    """Writes."""

    @mutation(
        UserDeactivatePayload,
        description="Lock somebody out: their sessions end everywhere, with their open "
        "subscriptions, and they cannot sign in. What they wrote stays. For admins, and not for "
        "oneself.",
    )
    async def user_deactivate(
        self,
        info: Info,
        user_id: _UserId,
        input_: Annotated[
            UserDeactivateInput, strawberry.argument(name="input", description="Why.")
        ],
    ) -> UserDeactivatePayload:
        user = await commands.deactivate_user(
            info.context.services.accounts,
            info.context.viewer,
            uuid_of(user_id, "User", field=["userId"]),
            input_.reason,
            client_key=input_.client_key,
        )
        return UserDeactivatePayload(user=user)

    @mutation(
        UserReactivatePayload,
        description="Let somebody sign in again who was locked out. For admins.",
    )
    async def user_reactivate(
        self,
        info: Info,
        user_id: _UserId,
        input_: Annotated[
            UserReactivateInput, strawberry.argument(name="input", description="The client key.")
        ],
    ) -> UserReactivatePayload:
        user = await commands.reactivate_user(
            info.context.services.accounts,
            info.context.viewer,
            uuid_of(user_id, "User", field=["userId"]),
            client_key=input_.client_key,
        )
        return UserReactivatePayload(user=user)

    @mutation(
        UserRoleChangePayload,
        description="Give somebody another role; their sessions end, so that they sign in with "
        "it. For admins, and not for oneself: one admin always remains.",
    )
    async def user_role_change(
        self,
        info: Info,
        user_id: _UserId,
        input_: Annotated[
            UserRoleChangeInput, strawberry.argument(name="input", description="Which one.")
        ],
    ) -> UserRoleChangePayload:
        user = await commands.change_role(
            info.context.services.accounts,
            info.context.viewer,
            uuid_of(user_id, "User", field=["userId"]),
            input_.role,
            client_key=input_.client_key,
        )
        return UserRoleChangePayload(user=user)
