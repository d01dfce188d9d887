"""Root fields of users."""

from typing import Annotated, Any

import strawberry

from app.api.connection import OrderDirection, connection
from app.api.context import Info
from app.api.ids import uuid_of
from app.api.types import User
from app.errors import NotFound
from app.paging import ListQuery, Page, PageArgs
from app.text import clean_text
from app.users import queries
from app.users.models import UserRole
from app.users.queries import UserOrder, UserRecord

_MAX_NAME_PART = 100  # characters


@strawberry.input(description="Which users to list; every condition that is given must hold.")
class UserFilter:
    """Conditions of `users`."""

    role: UserRole | None = strawberry.field(default=None, description="With this role.")
    name_prefix: str | None = strawberry.field(
        default=None, description="Whose name begins with this, in either case."
    )


@strawberry.input(name="UserOrder", description="How to order users.")
class UserOrderInput:
    """The `orderBy` of `users`."""

    field: UserOrder = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Which way."
    )


@strawberry.type
class UserQueries:
    """Reads."""

    @strawberry.field(description="You; null if you are not signed in.", graphql_type=User | None)
    async def viewer(self, info: Info) -> UserRecord | None:
        user_id = info.context.viewer.user_id
        return None if user_id is None else await info.context.loaders.user_by_id.load(user_id)

    @strawberry.field(
        description="One user; null if there is none or you are not signed in.",
        graphql_type=User | None,
    )
    async def user(
        self,
        info: Info,
        id_: Annotated[strawberry.ID, strawberry.argument(name="id", description="The user's id.")],
    ) -> UserRecord | None:
        try:
            key = uuid_of(id_, "User", field=["id"])
        except NotFound:
            return None
        return await info.context.loaders.user_by_public_id.load(key)

    @connection(
        User,
        description="All users, newest first unless you say otherwise. Needs a signed-in viewer.",
        nullable=True,
    )
    async def users(
        self,
        info: Info,
        *,
        args: PageArgs,
        filter_: Annotated[
            UserFilter | None, strawberry.argument(name="filter", description="Which ones.")
        ] = None,
        order_by: Annotated[
            UserOrderInput | None, strawberry.argument(description="In which order.")
        ] = None,
    ) -> Page[UserRecord]:
        order = order_by or UserOrderInput(
            field=UserOrder.CREATED_AT, direction=OrderDirection.DESC
        )
        query = ListQuery(
            order.field,
            descending=order.direction is OrderDirection.DESC,
            filters=tuple(_filters(filter_ or UserFilter()).items()),
            args=args,
        )
        return await queries.list_users(info.context.services.auth, info.context.viewer, query)


def _filters(given: UserFilter) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if given.role is not None:
        filters["role"] = given.role
    if given.name_prefix is not None:
        filters["name_prefix"] = clean_text(
            given.name_prefix, field=["filter", "namePrefix"], max_length=_MAX_NAME_PART
        )
    return filters
