"""Root fields that read products."""

from typing import Annotated

import strawberry

from app.api.connection import OrderDirection, connection
from app.api.context import Info
from app.api.ids import key_of
from app.api.product_filter import ProductFilter, filters_of
from app.api.types import Product
from app.errors import NotFound
from app.paging import ListQuery, Page, PageArgs
from app.products import queries
from app.products.queries import ProductOrder, ProductRecord
from app.products.search import search_products


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
        query = ListQuery(
            order.field,
            descending=order.direction is OrderDirection.DESC,
            filters=await filters_of(info, filter_),
            args=args,
        )
        context = info.context
        return await queries.list_products(context.services.main, context.viewer, query)

    @connection(
        Product,
        description="The products that you may see and that have all these words in title or "
        "description, the best first; `or` between words, quotation marks around them and a minus "
        "before them mean what they do on the web. Where none has them, those with a title that "
        "looks like them. Of more than 5,000 the newest are looked at.",
        nullable=True,
    )
    async def product_search(
        self,
        info: Info,
        *,
        args: PageArgs,
        query: Annotated[
            str, strawberry.argument(description="What for: one line of at most 200 characters.")
        ],
        filter_: Annotated[
            ProductFilter | None,
            strawberry.argument(name="filter", description="Among which ones."),
        ] = None,
    ) -> Page[ProductRecord]:
        filters = await filters_of(info, filter_)
        among = ListQuery("rank", descending=True, filters=filters, args=args)
        context = info.context
        return await search_products(context.services.main, context.viewer, query, among)
