"""What vendors sell."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import Parent

from app.api.connection import connection
from app.api.context import Info
from app.api.types import ring
from app.api.types.medium import Medium
from app.api.types.node import Node, id_of
from app.groups.queries import GroupOrder, GroupRecord
from app.paging import ListQuery, Page, PageArgs
from app.products.models import Cause, PublishingStatus
from app.products.queries import ProductRecord, can_update_product
from app.users.queries import UserRecord


@strawberry.type(description="Something that a vendor sells for a cause.")
class Product(Node):
    """Read off a `ProductRecord`."""

    id: strawberry.ID = id_of("Product")
    title: str = strawberry.field(description="The name to show.")
    description: str = strawberry.field(description="What it is, in the vendor's words.")
    product_url: str = strawberry.field(description="Where it can be bought.")
    cause: Cause = strawberry.field(description="What its proceeds go to.")
    mrp: Decimal = strawberry.field(description="The recommended price, with two decimals.")
    selling_price: Decimal = strawberry.field(
        description="The price it is sold at, with two decimals; at most `mrp`."
    )
    publishing_status: PublishingStatus = strawberry.field(description="Who may see it, and why.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    deleted_at: datetime | None = strawberry.field(
        description="When it was deleted; only its vendor and staff still see it. Null if it is "
        "there."
    )

    @strawberry.field(description="Pictures and other media.", graphql_type=list[Medium])
    def media(self, root: Parent[ProductRecord]) -> list[dict[str, str]]:
        return root.media

    @strawberry.field(description="The staff's notes; null unless you are staff.")
    def remarks(self, root: Parent[ProductRecord]) -> str | None:
        return root.remark

    @strawberry.field(description="Whether you may change it.")
    def viewer_can_update(self, root: Parent[ProductRecord], info: Info) -> bool:
        return can_update_product(info.context.viewer, root)

    @strawberry.field(
        description="Who sells it; null if you are not signed in or the account is gone.",
        graphql_type=ring.User | None,
    )
    async def vendor(self, root: Parent[ProductRecord], info: Info) -> UserRecord | None:
        return await info.context.loaders.user_by_id.load(root.vendor_id)

    @connection(ring.Group, description="The groups around it, newest first.")
    async def groups(
        self, root: Parent[ProductRecord], info: Info, args: PageArgs
    ) -> Page[GroupRecord]:
        query = ListQuery(GroupOrder.CREATED_AT, descending=True, args=args)
        return await info.context.loaders.groups_by_product.load((root.id, query))

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a product's."""
        return isinstance(obj, ProductRecord)
