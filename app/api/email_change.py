"""Mutations that change the address one signs in with."""

from typing import Annotated

import strawberry

from app.api.accounts import AuthCode
from app.api.context import Info
from app.api.mutation import KeyedInput, Payload, mutation
from app.api.types import User
from app.users.email_change import change_email, request_email_change
from app.users.one_time_codes import DIGITS
from app.users.queries import UserRecord

_FRESH = "You have signed in within the last 15 minutes."


@strawberry.input(description="The address that is to be yours.")
class UserEmailChangeRequestInput(KeyedInput):
    """The input of `userEmailChangeRequest`."""

    email: str = strawberry.field(description="The address to sign in with.")


@strawberry.input(description="The address that is to be yours, and the code that it was sent.")
class UserEmailChangeInput(KeyedInput):
    """The input of `userEmailChange`."""

    email: str = strawberry.field(description="The address, as it was given for the code.")
    code: str = strawberry.field(
        description=f"The {DIGITS} digits; spaces and dashes between them do no harm."
    )


@strawberry.type(description="What came of a change of address.")
class _AddressPayload(Payload):
    user: UserRecord | None = strawberry.field(
        default=None, graphql_type=User | None, description="You, as you are now."
    )


@strawberry.type(description="What came of `userEmailChangeRequest`.")
class UserEmailChangeRequestPayload(_AddressPayload):
    """The same for every address."""

    code: AuthCode | None = strawberry.field(default=None, description="What to ask the user for.")


@strawberry.type(description="What came of `userEmailChange`.")
class UserEmailChangePayload(_AddressPayload):
    """The user, with the new address."""


@strawberry.type
class EmailMutations:
    """Writes."""

    @mutation(
        UserEmailChangeRequestPayload,
        description="Send a one-time code to the address that is to be yours. The answer is the "
        f"same whether it has an account or not; one that has is sent a notice instead. {_FRESH}",
    )
    async def user_email_change_request(
        self,
        info: Info,
        input_: Annotated[
            UserEmailChangeRequestInput, strawberry.argument(name="input", description="Where to.")
        ],
    ) -> UserEmailChangeRequestPayload:
        context = info.context
        expires_at = await request_email_change(
            context.services.accounts, context.viewer, input_.email, client_key=input_.client_key
        )
        return UserEmailChangeRequestPayload(
            user=await _viewer(info), code=AuthCode(digits=DIGITS, expires_at=expires_at)
        )

    @mutation(
        UserEmailChangePayload,
        description="Sign in with another address from now on, by the code that it was sent. Your "
        f"other sessions end, and the address that you had is told. {_FRESH}",
    )
    async def user_email_change(
        self,
        info: Info,
        input_: Annotated[
            UserEmailChangeInput, strawberry.argument(name="input", description="The code.")
        ],
    ) -> UserEmailChangePayload:
        context = info.context
        await change_email(
            context.services.accounts,
            context.viewer,
            input_.email,
            input_.code,
            client_key=input_.client_key,
        )
        return UserEmailChangePayload(user=await _viewer(info))


async def _viewer(info: Info) -> UserRecord | None:
    return await info.context.loaders.user_by_id.load(info.context.viewer.require())
