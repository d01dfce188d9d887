"""Deleting and restoring products: who may, what others still see, and what stays."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.api.ids import global_id
from app.audit.models import AuditEvent
from app.errors import Conflict, DomainError, Forbidden, NotFound
from app.products.commands import (
    ProductChanges,
    publish_product,
    submit_product,
    update_product,
)
from app.products.models import PublishingStatus
from app.products.queries import ProductOrder, list_products
from app.products.removal import delete_product, restore_product
from app.stores.postgres import Postgres
from app.users.models import UserRole
from app.viewer import ANONYMOUS, Viewer
from tests.domains.conftest import NewViewer
from tests.domains.marketplace import draft, key, of_vendor, published, seen, submitted
from tests.factories import GROUP_CREATE, World

pytestmark = pytest.mark.covers("A24")


async def _noted(main: Postgres, product_id: str) -> list[str]:
    actions = select(AuditEvent.action).where(AuditEvent.entity_id == product_id)
    async with main.begin() as tx:
        return list(await tx.scalars(actions.order_by(AuditEvent.id)))


async def test_deleted_product_is_gone_for_others_and_comes_back(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    product = await published(main, viewer, staff)
    gone = await delete_product(main, viewer, product.id, client_key=key())
    assert gone.deleted_at is not None
    for anybody in (new_viewer(), ANONYMOUS):
        assert await seen(main, anybody, product) is None
    for insider in (viewer, staff):
        assert await seen(main, insider, product)
        assert (await list_products(main, insider, of_vendor(viewer))).items == []
        trash = await list_products(main, insider, of_vendor(viewer, ("deleted", True)))
        assert [p.id for p in trash.items] == [product.id]

    back = await restore_product(main, staff, product.id, client_key=key())
    assert (back.deleted_at, back.publishing_status) == (None, PublishingStatus.PUBLISHED)
    assert await seen(main, ANONYMOUS, product)


async def test_only_vendor_and_staff_delete_and_only_staff_restore(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    product = await published(main, viewer, staff)
    with pytest.raises(Forbidden):
        await delete_product(main, new_viewer(), product.id, client_key=key())
    with pytest.raises(NotFound):
        await delete_product(main, staff, "IM_none", client_key=key())
    await delete_product(main, viewer, product.id, client_key=key())
    with pytest.raises(NotFound):
        await restore_product(main, new_viewer(), product.id, client_key=key())
    with pytest.raises(Forbidden):
        await restore_product(main, viewer, product.id, client_key=key())
    assert "productDelete" not in await _noted(main, product.id)  # a vendor's own work
    await restore_product(main, staff, product.id, client_key=key())
    await delete_product(main, staff, product.id, client_key=key())
    assert (await _noted(main, product.id))[-2:] == ["productRestore", "productDelete"]
    with pytest.raises(Conflict):
        await delete_product(main, staff, product.id, client_key=key())


async def test_nothing_is_done_with_a_deleted_product(
    main: Postgres, viewer: Viewer, staff: Viewer
) -> None:
    product = await draft(main, viewer)
    waiting = await submitted(main, viewer)
    for one in (product, waiting):
        await delete_product(main, viewer, one.id, client_key=key())
    changes = ProductChanges(title="A lantern")
    with pytest.raises(Conflict):
        await update_product(main, viewer, product.id, changes, client_key=key())
    with pytest.raises(Conflict):
        await update_product(main, staff, product.id, changes, client_key=key())
    with pytest.raises(Conflict):
        await submit_product(main, viewer, product.id, client_key=key())
    with pytest.raises(Conflict):
        await publish_product(main, staff, waiting.id, client_key=key())


async def test_retry_answers_alike_and_a_race_deletes_once(
    main: Postgres, viewer: Viewer, staff: Viewer
) -> None:
    product = await draft(main, viewer)
    once = key()
    first = await delete_product(main, viewer, product.id, client_key=once)
    assert await delete_product(main, viewer, product.id, client_key=once) == first

    other = await draft(main, viewer)
    ends = await asyncio.gather(
        *(delete_product(main, staff, other.id, client_key=key()) for _ in range(5)),
        return_exceptions=True,
    )
    refused = [end for end in ends if isinstance(end, DomainError)]
    assert [type(end) for end in refused] == [Conflict] * 4
    assert await _noted(main, other.id) == ["productDelete"]


async def test_updated_order_puts_the_last_changed_last(main: Postgres, viewer: Viewer) -> None:
    one, two = await draft(main, viewer), await draft(main, viewer)
    await update_product(main, viewer, one.id, ProductChanges(title="New"), client_key=key())
    query = of_vendor(viewer, order=ProductOrder.UPDATED_AT)
    assert [p.id for p in (await list_products(main, viewer, query)).items] == [two.id, one.id]


async def test_groups_of_a_deleted_product_stay(world: World) -> None:
    vendor, moderator = await world.user(), await world.user(UserRole.MODERATOR)
    product = await published(world.services.main, vendor.viewer, moderator.viewer)
    node = "query($title: String!) { products(filter: {titleContains: $title}) { nodes { id } } }"
    change = """mutation($id: ID!, $key: String!, $title: String!) {
      productUpdate(productId: $id, input: {title: $title, clientKey: $key}) {
        product { id deletedAt } errors { code } } }"""
    title = uuid4().hex
    shown = await moderator.client.mutate(change, id=_id(product.id), title=title, key=key())
    product_id = shown["product"]["id"]
    group = await vendor.client.mutate(GROUP_CREATE, name="Fans", key=key(), product=product_id)
    delete = """mutation($id: ID!, $key: String!) {
      productDelete(productId: $id, input: {clientKey: $key}) {
        product { deletedAt publishingStatus groups { nodes { name } } } errors { code } } }"""
    gone = (await vendor.client.mutate(delete, id=product_id, key=key()))["product"]
    assert gone["deletedAt"]
    assert gone["groups"]["nodes"] == [{"name": "Fans"}]

    fan = await world.user()
    query = "query($id: ID!) { group(id: $id) { name product { id } } }"
    found = await fan.client.run(query, id=group["group"]["id"])
    assert found["group"] == {"name": "Fans", "product": None}
    assert (await fan.client.run(node, title=title))["products"]["nodes"] == []
    refused = await vendor.client.refused(GROUP_CREATE, name="More", key=key(), product=product_id)
    assert refused == "NOT_FOUND"


def _id(product_id: str) -> str:
    return global_id("Product", product_id)
