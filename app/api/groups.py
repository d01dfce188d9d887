"""Root fields that read groups."""

from typing import Annotated, Any

import strawberry

from app.api.connection import OrderDirection, connection
from app.api.context import Info
from app.api.ids import key_of, uuid_of
from app.api.types import Group
from app.errors import NotFound
from app.groups import queries
from app.groups.commands import MAX_NAME
from app.groups.queries import GroupOrder, GroupRecord
from app.paging import ListQuery, Page, PageArgs
from app.text import clean_text


@strawberry.input(description="Which groups to list; every condition that is given must hold.")
class GroupFilter:
    """Conditions of `groups`."""

    product_id: strawberry.ID | None = strawberry.field(
        default=None, description="Around the product with this id."
    )
    name_contains: str | None = strawberry.field(
        default=None, description="With this in the name, in either case."
    )


@strawberry.input(name="GroupOrder", description="How to order groups.")
class GroupOrderInput:
    """The `orderBy` of `groups`."""

    field: GroupOrder = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Which way."
    )


@strawberry.type
class GroupQueries:
    """Reads."""

    @strawberry.field(
        description="One group; null if there is none that you may see.",
        graphql_type=Group | None,
    )
    async def group(
        self,
        info: Info,
        id_: Annotated[
            strawberry.ID, strawberry.argument(name="id", description="The group's id.")
        ],
    ) -> GroupRecord | None:
        try:
            key = uuid_of(id_, "Group", field=["id"])
        except NotFound:
            return None
        return await info.context.loaders.group_by_id.load(key)

    @connection(
        Group,
        description="The groups that you may see, newest first unless you say otherwise. Needs a "
        "signed-in viewer.",
        nullable=True,
    )
    async def groups(
        self,
        info: Info,
        *,
        args: PageArgs,
        filter_: Annotated[
            GroupFilter | None, strawberry.argument(name="filter", description="Which ones.")
        ] = None,
        order_by: Annotated[
            GroupOrderInput | None, strawberry.argument(description="In which order.")
        ] = None,
    ) -> Page[GroupRecord]:
        order = order_by or GroupOrderInput(
            field=GroupOrder.CREATED_AT, direction=OrderDirection.DESC
        )
        query = ListQuery(
            order.field,
            descending=order.direction is OrderDirection.DESC,
            filters=tuple((await _filters(info, filter_ or GroupFilter())).items()),
            args=args,
        )
        return await queries.list_groups(info.context.services.main, info.context.viewer, query)


async def _filters(info: Info, given: GroupFilter) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if given.product_id is not None:
        field = ["filter", "productId"]
        key = key_of(given.product_id, "Product", field=field)
        # Else the groups around somebody's draft would tell that there is one.
        if await info.context.loaders.product_by_id.load(key) is None:
            raise NotFound("There is no such product.", field=field)
        filters["product"] = key
    if given.name_contains is not None:
        filters["name_contains"] = clean_text(
            given.name_contains, field=["filter", "nameContains"], max_length=MAX_NAME
        )
    return filters
