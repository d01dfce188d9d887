"""Root fields that read products."""

from decimal import Decimal
from typing import Annotated, Any

import strawberry

from app.api.connection import OrderDirection, connection
from app.api.context import Info
from app.api.ids import key_of, uuid_of
from app.api.types import Product
from app.errors import NotFound
from app.paging import ListQuery, Page, PageArgs
from app.products import queries
from app.products.commands import MAX_TITLE, check_price
from app.products.models import Cause, PublishingStatus
from app.products.queries import ProductOrder, ProductRecord
from app.text import clean_text


@strawberry.input(description="Which products to list; every condition that is given must hold.")
class ProductFilter:
    """Conditions of `products`."""

    causes: list[Cause] | None = strawberry.field(
        default=None, description="For any of these causes."
    )
    statuses: list[PublishingStatus] | None = strawberry.field(
        default=None, description="In any of these statuses, as far as you may see them."
    )
    vendor_id: strawberry.ID | None = strawberry.field(
        default=None, description="Sold by the user with this id."
    )
    min_selling_price: Decimal | None = strawberry.field(
        default=None, description="Sold at this price or more."
    )
    max_selling_price: Decimal | None = strawberry.field(
        default=None, description="Sold at this price or less."
    )
    title_contains: str | None = strawberry.field(
        default=None, description="With this in the title, in either case."
    )


@strawberry.input(name="ProductOrder", description="How to order products.")
class ProductOrderInput:
    """The `orderBy` of `products`."""

    field: ProductOrder = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Which way."
    )


@strawberry.type
class ProductQueries:
    """Reads."""

    @strawberry.field(
        description="One product; null if there is none that you may see.",
        graphql_type=Product | None,
    )
    async def product(
        self,
        info: Info,
        id_: Annotated[
            strawberry.ID, strawberry.argument(name="id", description="The product's id.")
        ],
    ) -> ProductRecord | None:
        try:
            key = key_of(id_, "Product", field=["id"])
        except NotFound:
            return None
        return await info.context.loaders.product_by_id.load(key)

    @connection(
        Product,
        description="The products that you may see, newest first unless you say otherwise.",
        nullable=True,
    )
    async def products(
        self,
        info: Info,
        *,
        args: PageArgs,
        filter_: Annotated[
            ProductFilter | None, strawberry.argument(name="filter", description="Which ones.")
        ] = None,
        order_by: Annotated[
            ProductOrderInput | None, strawberry.argument(description="In which order.")
        ] = None,
    ) -> Page[ProductRecord]:
        order = order_by or ProductOrderInput(
            field=ProductOrder.CREATED_AT, direction=OrderDirection.DESC
        )
        filters = await _filters(info, filter_ or ProductFilter())
        query = ListQuery(
            order.field,
            descending=order.direction is OrderDirection.DESC,
            filters=tuple(filters.items()),
            args=args,
        )
        context = info.context
        return await queries.list_products(context.services.main, context.viewer, query)


async def _filters(info: Info, given: ProductFilter) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    # Sorted and single: two ways of asking for the same are one statement's parameters.
    if given.causes is not None:
        filters["causes"] = tuple(sorted(set(given.causes)))
    if given.statuses is not None:
        filters["statuses"] = tuple(sorted(set(given.statuses)))
    if given.vendor_id is not None:
        key = uuid_of(given.vendor_id, "User", field=["filter", "vendorId"])
        vendor = await info.context.loaders.user_by_public_id.load(key)
        if vendor is None:
            raise NotFound("There is no such user.", field=["filter", "vendorId"])
        filters["vendor"] = vendor.id
    if given.min_selling_price is not None:
        field = ["filter", "minSellingPrice"]
        filters["min_price"] = check_price(given.min_selling_price, field=field)
    if given.max_selling_price is not None:
        field = ["filter", "maxSellingPrice"]
        filters["max_price"] = check_price(given.max_selling_price, field=field)
    if given.title_contains is not None:
        field = ["filter", "titleContains"]
        filters["title_contains"] = clean_text(
            given.title_contains, field=field, max_length=MAX_TITLE
        )
    return filters
