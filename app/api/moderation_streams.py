"""Products and the moderation queue, live."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

import strawberry
from strawberry import Parent

from app.api.context import Info
from app.api.ids import global_id, key_of
from app.api.types import ModerationItem, Product, User
from app.moderation.models import ItemEvent
from app.moderation.queries import ItemRecord, is_about
from app.products import streams as products
from app.products.queries import ProductRecord
from app.review import streams as review
from app.users.queries import UserRecord

_After = Annotated[
    str | None, strawberry.argument(description="Go on after the event with this cursor.")
]


@strawberry.type(description="Something that happened to a moderation item.")
class ModerationEvent:
    """Read off a `review.ModerationEvent`."""

    cursor: str = strawberry.field(
        description="Where the stream stands: give it as `after` to go on from here."
    )
    seq: int = strawberry.field(
        description="The event's place: dense, so that a client may drop what it has seen."
    )
    kind: ItemEvent = strawberry.field(description="What happened.")

    @strawberry.field(
        description="The item as it is now; null if it is gone, or with `REFETCH_NEEDED`.",
        graphql_type=ModerationItem | None,
    )
    async def item(self, root: Parent[review.ModerationEvent], info: Info) -> ItemRecord | None:
        if root.item_id is None:
            return None
        return await info.context.loaders.moderation_item_by_id.load(root.item_id)

    @strawberry.field(
        description="Who did it; null for what was submitted or withdrawn, and of a report about "
        "you or what is yours.",
        graphql_type=User | None,
    )
    async def actor(self, root: Parent[review.ModerationEvent], info: Info) -> UserRecord | None:
        loaders = info.context.loaders
        if root.actor_id is None:
            return None
        if root.kind is ItemEvent.CREATED and root.item_id is not None:
            item = await loaders.moderation_item_by_id.load(root.item_id)
            if item is None or is_about(info.context.viewer.require(), item):
                return None
        return await loaders.user_by_id.load(root.actor_id)


@strawberry.type(
    description="A product has changed; or, without a `productId`, too much has, or too long ago, "
    "to be told one by one: fetch your products anew. The stream goes on from here."
)
class ProductEvent:
    """Read off a `products.ProductEvent`."""

    cursor: str = strawberry.field(
        description="Where the stream stands: give it as `after` to go on from here."
    )
    product: ProductRecord | None = strawberry.field(
        description="The product as it is now; null if you do not see it any more.",
        graphql_type=Product | None,
    )

    @strawberry.field(description="The product's id; null where all are to be fetched anew.")
    def product_id(self, root: Parent[products.ProductEvent]) -> strawberry.ID | None:
        return None if root.product_id is None else global_id("Product", root.product_id)


@strawberry.type
class ModerationSubscriptions:
    """Streams."""

    @strawberry.subscription(
        description="Everything that happens to moderation items, exactly once and in order: "
        "first what happened after the cursor, if one is given, then what happens from now on. "
        "For staff.",
        graphql_type=ModerationEvent,
    )
    async def moderation_events(
        self, info: Info, after: _After = None
    ) -> AsyncIterator[review.ModerationEvent]:
        context = info.context
        events = review.moderation_events(context.services.feeds, context.viewer, after)
        async with aclosing(events):
            async for event in events:
                yield event

    @strawberry.subscription(
        description="Your products as they change, or one that you see: first those that changed "
        "after the cursor, if one is given, then whenever one does. Several changes of a product "
        "may come as one event, which shows the last. The stream of one product ends when you do "
        "not see it any more.",
        graphql_type=ProductEvent,
    )
    async def product_events(
        self,
        info: Info,
        product_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="The product's id; yours if none is."),
        ] = None,
        after: _After = None,
    ) -> AsyncIterator[products.ProductEvent]:
        context = info.context
        services = context.services
        key = None if product_id is None else key_of(product_id, "Product", field=["productId"])
        events = products.product_events(services.main, services.feeds, context.viewer, key, after)
        async with aclosing(events):
            async for event in events:
                yield event
