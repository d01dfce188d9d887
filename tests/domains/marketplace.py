"""What the tests of products and groups make and look at."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from app.groups import queries
from app.groups.commands import (
    GroupChanges,
    NewGroup,
    clean_changes,
    create_group,
    update_group,
)
from app.groups.members import MemberChange, add_member, remove_member
from app.groups.models import GroupRole
from app.groups.queries import GroupOrder, GroupRecord, MemberOrder
from app.media import Attachment, AttachmentType
from app.paging import ListQuery
from app.products.commands import (
    NewProduct,
    create_product,
    publish_product,
    submit_product,
)
from app.products.models import Cause, Product
from app.products.queries import (
    ProductOrder,
    ProductRecord,
    products_by_ids,
)
from app.stores.postgres import Postgres
from app.viewer import Viewer
from tests.factories import Person

LAMP = NewProduct(
    title="A lamp",
    description="It shines.",
    cause=Cause.GRIEF_CARE,
    mrp=Decimal("12.50"),
    selling_price=Decimal(10),
    product_url="https://shop.example/lamp",
    media=[Attachment("https://shop.example/lamp.png", AttachmentType.IMAGE)],
)
CHOIR = NewGroup("Choir", "We sing.\nTuesdays.")
NEWEST = ListQuery(GroupOrder.CREATED_AT, descending=True)
JOINED = ListQuery(MemberOrder.JOINED_AT)
ERRORS = "errors { code message field }"
PRODUCT_CREATE = f"""
mutation Create($input: ProductCreateInput!) {{
  result: productCreate(input: $input) {{
    product {{
      id title description cause mrp sellingPrice productUrl publishingStatus remarks
      viewerCanUpdate media {{ url type }} vendor {{ name }}
    }}
    {ERRORS}
  }}
}}
"""


def key() -> str:
    return str(uuid4())


async def draft(main: Postgres, vendor: Viewer, **values: Any) -> ProductRecord:
    return await create_product(main, vendor, replace(LAMP, **values), client_key=key())


async def submitted(main: Postgres, vendor: Viewer, **values: Any) -> ProductRecord:
    product = await draft(main, vendor, **values)
    return await submit_product(main, vendor, product.id, client_key=key())


async def published(main: Postgres, vendor: Viewer, staff: Viewer, **values: Any) -> ProductRecord:
    product = await submitted(main, vendor, **values)
    return await publish_product(main, staff, product.id, client_key=key())


async def seen(main: Postgres, viewer: Viewer, product: ProductRecord) -> ProductRecord | None:
    return (await products_by_ids(main, viewer, [product.id]))[0]


async def products_of(main: Postgres, vendor: Viewer) -> int:
    statement = select(func.count()).where(Product.vendor_id == vendor.require())
    async with main.begin() as tx:
        return (await tx.execute(statement)).scalar_one()


async def found(main: Postgres, owner: Viewer, **values: Any) -> GroupRecord:
    async with main.begin() as tx:
        return await create_group(tx, owner, replace(CHOIR, **values))


async def add(
    main: Postgres,
    viewer: Viewer,
    group: GroupRecord,
    user: Viewer,
    role: GroupRole = GroupRole.MEMBER,
) -> list[MemberChange]:
    async with main.begin() as tx:
        return await add_member(tx, viewer, group.id, user.require(), role)


async def remove(
    main: Postgres, viewer: Viewer, group: GroupRecord, user: Viewer
) -> list[MemberChange]:
    async with main.begin() as tx:
        return await remove_member(tx, viewer, group.id, user.require())


async def change(
    main: Postgres, viewer: Viewer, group: GroupRecord, changes: GroupChanges
) -> GroupRecord:
    async with main.begin() as tx:
        await update_group(tx, viewer, group.id, clean_changes(changes))
    (changed,) = await queries.groups_by_ids(main, viewer, [group.id])
    assert changed is not None
    return changed


async def members(main: Postgres, viewer: Viewer, group: GroupRecord) -> list[tuple[int, str]]:
    (page,) = await queries.members_by_groups(main, viewer, [group.id], JOINED)
    return [(m.user_id, m.role) for m in page.items]


def of_vendor(vendor: Viewer, *filters: tuple[str, Any], **kwargs: Any) -> ListQuery:
    order = kwargs.pop("order", ProductOrder.CREATED_AT)
    return ListQuery(order, filters=(("vendor", vendor.user_id), *filters), **kwargs)


def lamp(**values: Any) -> dict[str, Any]:
    return {
        "clientKey": str(uuid4()),
        "title": "Lamp",
        "description": "It shines.",
        "cause": "ELDER_CARE",
        "mrp": "12.50",
        "sellingPrice": "10",
        "productUrl": "https://shop.example/lamp",
        "media": [{"url": "https://shop.example/lamp.png", "type": "IMAGE"}],
        **values,
    }


async def product_of(vendor: Person, **values: Any) -> str:
    created = (await vendor.client.run(PRODUCT_CREATE, input=lamp(**values)))["result"]
    product_id: str = created["product"]["id"]
    return product_id
