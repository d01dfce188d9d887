"""Products as they change, live: the viewer's own, or one."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from app.errors import NotFound
from app.feeds.live import Feeds, fact_cursor
from app.products.queries import ProductRecord, products_by_ids
from app.products.rows import vendor_feed
from app.stores.postgres import Postgres
from app.viewer import Viewer


@dataclass(slots=True)
class ProductEvent:
    """A product has changed; None where it is not to be seen any more.

    Without an id it stands for changes that are told no more: all are to be fetched anew.
    """

    product_id: str | None
    product: ProductRecord | None
    cursor: str


async def product_events(
    main: Postgres, feeds: Feeds, viewer: Viewer, product_id: str | None, after: str | None
) -> AsyncGenerator[ProductEvent, None]:
    """The viewer's own products as they change, or one that they may see.

    Several changes of a product may come as one event, which shows the last. The stream of one
    product ends when it is not to be seen any more.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such product that the viewer may see.
        InvalidCursor: The cursor is of another list, or of a place that is not taken yet.
    """
    vendor_id = viewer.require()
    if product_id is not None:
        (product,) = await products_by_ids(main, viewer, [product_id])
        if product is None:
            raise NotFound("There is no such product.", field=["productId"])
        vendor_id = product.vendor_id
    feed = vendor_feed(vendor_id)
    async with aclosing(feeds.follow(feed, after)) as batches:
        async for facts in batches:
            last = {fact.subject_id: fact.seq for fact in facts}
            if facts and facts[0].is_gap:
                if product_id is None:
                    yield ProductEvent(None, None, fact_cursor(feed, facts[0].seq))
                    continue
                last = {product_id: facts[0].seq}  # what was missed of one is what it is now
            changed = [i for i in last if product_id in (None, i)]
            products = await products_by_ids(main, viewer, changed)
            # A cursor promises what came before it, so that events go by their last change.
            news = sorted(zip(changed, products, strict=True), key=lambda item: last[item[0]])
            for changed_id, product in news:
                yield ProductEvent(changed_id, product, fact_cursor(feed, last[changed_id]))
                if product is None and product_id is not None:
                    return
