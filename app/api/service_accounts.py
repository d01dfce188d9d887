"""Mutations by which admins make the accounts of programs, and their keys."""

from typing import Annotated

import strawberry

from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, Payload, mutation
from app.api.types import Session, User
from app.users import service_accounts
from app.users.models import Platform
from app.users.queries import UserRecord
from app.users.service_accounts import NewKey, NewService
from app.users.sessions import SessionRecord


@strawberry.input(description="A new service account.")
class ServiceAccountCreateInput(KeyedInput):
    """The input of `serviceAccountCreate`."""

    name: str = strawberry.field(
        description="The name to show: one line of at most 120 characters."
    )
    platform: Platform = strawberry.field(description="The product for which it works.")


@strawberry.input(description="One more key.")
class ServiceKeyCreateInput(KeyedInput):
    """The input of `serviceKeyCreate`."""

    name: str | None = strawberry.field(
        default=None,
        description="What to call it, at most 80 characters; its first characters by default.",
    )


@strawberry.type(description="A key of a service account, just made.")
class ServiceKey:
    """Read off a `NewKey`."""

    token: str | None = strawberry.field(
        description="The key itself, to be sent as a bearer token. It is told once: not stored, "
        "and given again to a retry for ten minutes alone."
    )
    session: SessionRecord | None = strawberry.field(
        graphql_type=Session | None,
        description="What it is listed as, and revoked by with `sessionRevoke`.",
    )


@strawberry.type(description="An account of a program, just made.")
class ServiceAccount:
    """The user that it is, and how it signs in."""

    user: UserRecord | None = strawberry.field(
        graphql_type=User | None, description="The account, as everybody sees it."
    )
    key: ServiceKey = strawberry.field(description="Its first key.")


@strawberry.type(description="What came of `serviceAccountCreate`.")
class ServiceAccountCreatePayload(Payload):
    """The account and its first key."""

    service_account: ServiceAccount | None = strawberry.field(
        default=None, description="The new account."
    )


@strawberry.type(description="What came of `serviceKeyCreate`.")
class ServiceKeyCreatePayload(Payload):
    """The account and its newest key."""

    service_key: ServiceKey | None = strawberry.field(default=None, description="The new key.")
    user: UserRecord | None = strawberry.field(
        default=None,
        graphql_type=User | None,
        description="The service account, with its keys as they are now.",
    )


@strawberry.type
class ServiceAccountMutations:
    """Writes."""

    @mutation(
        ServiceAccountCreatePayload,
        description="Make an account for a program, such as an assistant or an integration, with "
        "a first key. It takes part like a user, and never signs in by a code. For admins.",
    )
    async def service_account_create(
        self,
        info: Info,
        input_: Annotated[
            ServiceAccountCreateInput,
            strawberry.argument(name="input", description="What it is called."),
        ],
    ) -> ServiceAccountCreatePayload:
        made = await service_accounts.create_service_account(
            info.context.services.accounts,
            info.context.viewer,
            NewService(input_.name, input_.platform),
            client_key=input_.client_key,
        )
        user, key = await _shown(info, made)
        return ServiceAccountCreatePayload(service_account=ServiceAccount(user=user, key=key))

    @mutation(
        ServiceKeyCreatePayload,
        description="Give a service account one more key, of at most "
        f"{service_accounts.MAX_KEYS}. To rotate keys make one, let the program use it, and revoke "
        "the old one. For admins.",
    )
    async def service_key_create(
        self,
        info: Info,
        user_id: Annotated[
            strawberry.ID, strawberry.argument(description="The service account's id.")
        ],
        input_: Annotated[
            ServiceKeyCreateInput, strawberry.argument(name="input", description="Its name.")
        ],
    ) -> ServiceKeyCreatePayload:
        made = await service_accounts.create_service_key(
            info.context.services.accounts,
            info.context.viewer,
            uuid_of(user_id, "User", field=["userId"]),
            input_.name,
            client_key=input_.client_key,
        )
        user, key = await _shown(info, made)
        return ServiceKeyCreatePayload(service_key=key, user=user)


async def _shown(info: Info, made: NewKey) -> tuple[UserRecord | None, ServiceKey]:
    loaders = info.context.loaders
    user = await loaders.user_by_public_id.load(made.user)
    session = await loaders.session_by_id.load(made.session_id)
    return user, ServiceKey(token=made.key, session=session)
