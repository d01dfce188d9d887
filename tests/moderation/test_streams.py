"""Live streams of the queue and of products: in order, once, resumed, and only after commits."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.feeds.live import fact_cursor
from app.feeds.log import append, forget_facts
from app.feeds.models import FeedEntry
from app.moderation.queue import FEED
from app.products.rows import vendor_feed
from app.users.models import UserRole
from tests.client import Client
from tests.domains.marketplace import key, product_of
from tests.factories import Person, World
from tests.matrix.operations import ASSIGN, DELETE, PUBLISH, SUBMIT
from tests.moderation.operations import decide, items, report

QUEUE = """subscription($after: String) { moderationEvents(after: $after) {
  cursor seq kind item { id status } actor { id } } }"""
PRODUCTS = """subscription($id: ID, $after: String) { productEvents(productId: $id, after: $after) {
  cursor productId product { publishingStatus deletedAt } } }"""


async def test_queue_is_told_in_order_and_resumed(world: World) -> None:
    ada, ben = await world.users(2)
    moderator = await world.user(UserRole.MODERATOR)
    item = await report(ben, ada.id)
    before = await _before(world, item)
    await moderator.client.mutate(ASSIGN, id=item, key=key())
    await decide(moderator, item, "APPROVED")
    async with moderator.client.subscribe(QUEUE, after=before) as stream:
        told = [event for event in await stream.take(3) if event["item"]["id"] == item]
        assert [(e["kind"], e["actor"]["id"]) for e in told] == [
            ("CREATED", ben.id),
            ("ASSIGNED", moderator.id),
            ("DECIDED", moderator.id),
        ]
        assert [e["seq"] for e in told] == list(range(told[0]["seq"], told[0]["seq"] + 3))
        other = await report(ada, ben.id)
        event = await stream.next()
        assert (event["item"]["id"], event["kind"]) == (other, "CREATED")
    async with moderator.client.subscribe(QUEUE, after=told[1]["cursor"]) as stream:
        assert [e["seq"] for e in await stream.take(2)] == [told[2]["seq"], event["seq"]]


async def test_who_is_reported_is_not_told_by_whom(world: World) -> None:
    ada = await world.user()
    accused, other = await world.user(UserRole.MODERATOR), await world.user(UserRole.MODERATOR)
    item = await report(ada, accused.id)
    before = await _before(world, item)
    for moderator, known in ((accused, None), (other, {"id": ada.id})):
        (found,) = await items(moderator, accused.id)
        assert (found["reporter"], found["isSubmission"]) == (known, False)
        async with moderator.client.subscribe(QUEUE, after=before) as stream:
            event = await stream.next()
        assert (event["item"]["id"], event["actor"]) == (item, known)


async def _before(world: World, item: str) -> str:
    """The cursor just before an item's first event, which is the newest."""
    async with world.services.main.begin() as tx:
        newest = select(func.max(FeedEntry.seq)).where(FeedEntry.feed == "moderation")
        return fact_cursor(FEED, (await tx.execute(newest)).scalar_one() - 1)


def _place(vendor: Person, seq: int) -> str:
    return fact_cursor(vendor_feed(vendor.user_id), seq)


async def test_cursor_beyond_the_end_of_ones_feed_is_refused(world: World) -> None:
    vendor = await world.user()
    async with vendor.client.subscribe(PRODUCTS, after=_place(vendor, 1)) as stream:
        assert _code(await stream.end()) == "INVALID_CURSOR"


async def test_vendor_is_told_of_their_products(world: World) -> None:
    vendor, moderator = await world.user(), await world.user(UserRole.MODERATOR)
    product = await product_of(vendor)
    async with vendor.client.subscribe(PRODUCTS, after=_place(vendor, 0)) as stream:
        event = await stream.next()
        assert event["product"] == {"publishingStatus": "DRAFT", "deletedAt": None}
        await vendor.client.mutate(SUBMIT, id=product, key=key())
        assert (await stream.next())["product"]["publishingStatus"] == "SUGGESTION"
        (item,) = await items(moderator, product)
        await decide(moderator, item["id"], "APPROVED")
        event = await stream.next()
        assert event["product"]["publishingStatus"] == "PUBLISHED"
        assert event["productId"] == product


async def test_stream_of_a_product_ends_when_it_is_gone(world: World) -> None:
    vendor, buyer = await world.users(2)
    moderator = await world.user(UserRole.MODERATOR)
    product, other = await product_of(vendor), await product_of(vendor)
    for one in (product, other):
        await vendor.client.mutate(SUBMIT, id=one, key=key())
    await moderator.client.mutate(PUBLISH, id=product, key=key())
    start = _place(vendor, 0)
    async with buyer.client.subscribe(PRODUCTS, id=product, after=start) as stream:
        event = await stream.next()  # all that happened until now
        assert event["product"]["publishingStatus"] == "PUBLISHED"
        await moderator.client.mutate(PUBLISH, id=other, key=key())
        await vendor.client.mutate(DELETE, id=product, key=key())
        event = await stream.next()
        assert (event["productId"], event["product"]) == (product, None)
        assert (await stream.end())["type"] == "complete"


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        (QUEUE, {}, "FORBIDDEN"),
        (PRODUCTS, {"id": "?"}, "NOT_FOUND"),
        (PRODUCTS, {"after": "?"}, "INVALID_CURSOR"),
        (PRODUCTS, {"after": fact_cursor(FEED, 0)}, "INVALID_CURSOR"),
    ],
)
async def test_stream_is_refused(
    world: World, query: str, variables: dict[str, Any], code: str
) -> None:
    person = await world.user()
    async with person.client.subscribe(query, **variables) as stream:
        assert _code(await stream.end()) == code


async def test_nobody_signed_in_follows_nothing(anonymous: Client) -> None:
    for query in (QUEUE, PRODUCTS):
        async with anonymous.subscribe(query) as stream:
            assert _code(await stream.end()) == "UNAUTHENTICATED"


def _code(end: dict[str, Any]) -> str:
    code: str = end["payload"][0]["extensions"]["code"]
    return code


async def test_facts_are_dense_however_many_are_written_at_once(world: World) -> None:
    main, feed = world.services.main, key()

    async def write(number: int) -> None:
        async with main.begin() as tx:
            await append(tx, feed, "changed", str(number), None)
            if number % 3 == 0:
                await tx.rollback()

    await asyncio.gather(*(write(number) for number in range(12)))
    places = select(FeedEntry.seq).where(FeedEntry.feed == feed).order_by(FeedEntry.seq)
    async with main.begin() as tx:
        assert list(await tx.scalars(places)) == list(range(1, 9))


async def test_what_is_old_is_forgotten_and_whoever_missed_it_fetches_anew(world: World) -> None:
    main, vendor = world.services.main, await world.user()
    first, second = [await product_of(vendor) for _ in range(2)]
    kept, feed = timedelta(days=30), FeedEntry.feed == vendor_feed(vendor.user_id)
    async with main.begin() as tx:
        aged = update(FeedEntry).where(feed, FeedEntry.seq == 1)
        await tx.execute(aged.values(created_at=func.now() - kept - timedelta(seconds=1)))
    await asyncio.gather(*(forget_facts(main, kept) for _ in range(2)))
    async with main.begin() as tx:
        assert list(await tx.scalars(select(FeedEntry.seq).where(feed))) == [2]

    start, middle, end = (_place(vendor, place) for place in range(3))
    async with vendor.client.subscribe(PRODUCTS, after=start) as stream:
        event = await stream.next()
        assert event == {"cursor": end, "productId": None, "product": None}
        await vendor.client.mutate(SUBMIT, id=first, key=key())
        assert (await stream.next())["productId"] == first
    async with vendor.client.subscribe(PRODUCTS, after=middle) as stream:
        assert [e["productId"] for e in await stream.take(2)] == [second, first]
    async with vendor.client.subscribe(PRODUCTS, id=first, after=start) as stream:
        event = await stream.next()  # what was missed of one is what it is now
        assert event["product"]["publishingStatus"] == "SUGGESTION"


async def test_too_long_a_backlog_is_fetched_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, ben = await world.users(2)
    moderator = await world.user(UserRole.MODERATOR)
    before = await _before(world, await report(ben, ada.id))
    monkeypatch.setattr("app.feeds.live._BACKLOG", 0)
    async with moderator.client.subscribe(QUEUE, after=before) as stream:
        event = await stream.next()
        assert (event["kind"], event["item"], event["actor"]) == ("REFETCH_NEEDED", None, None)
        other = await report(ada, ben.id)
        event = await stream.next()
        assert (event["kind"], event["item"]["id"]) == ("CREATED", other)
