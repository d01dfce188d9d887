"""Searching products: words, ranks, misspellings, pages, and what hostile queries come to."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text, update

from app.errors import InvalidCursor, TooLong
from app.migrations.likeness import alike
from app.paging import ListQuery, Page, PageArgs, encode_cursor
from app.products.models import Cause, Product, PublishingStatus
from app.products.queries import COLUMNS, ProductRecord
from app.products.removal import delete_product
from app.products.search import MAX_SEARCH, _read, search_products
from app.stores.postgres import Postgres
from app.viewer import ANONYMOUS, Viewer
from tests.domains.conftest import NewViewer
from tests.domains.marketplace import draft, key, published

pytestmark = pytest.mark.covers("E7", "E8")


async def found(
    main: Postgres,
    viewer: Viewer,
    words: str,
    *filters: tuple[str, Any],
    args: PageArgs | None = None,
) -> Page[ProductRecord]:
    query = ListQuery("rank", descending=True, filters=filters, args=args or PageArgs())
    return await search_products(main, viewer, words, query)


async def titles(
    main: Postgres, viewer: Viewer, words: str, *filters: tuple[str, Any]
) -> list[str]:
    return [p.title for p in (await found(main, viewer, words, *filters)).items]


def word() -> str:
    """A word that no other test says, and that is its own stem."""
    return "q" + uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))[:11] + "x"


async def test_title_comes_before_description_and_stems_are_found(
    main: Postgres, viewer: Viewer
) -> None:
    rare = word()
    await draft(main, viewer, title="Soap", description=f"With candles, like a {rare}.")
    await draft(main, viewer, title=f"{rare} and candle", description="Wax.")
    assert await titles(main, viewer, f"{rare} candles") == [f"{rare} and candle", "Soap"]
    assert await titles(main, viewer, f"{rare} -wax") == ["Soap"]
    assert await titles(main, viewer, f'"{rare} and candle"') == [f"{rare} and candle"]
    own = ("vendor", viewer.user_id)
    either = await titles(main, viewer, f"{rare} soap or wax", own)
    assert either == [f"{rare} and candle", "Soap"]


async def test_stop_words_are_searched_for_where_there_is_nothing_else(
    main: Postgres, viewer: Viewer
) -> None:
    await draft(main, viewer, title="The Who")
    assert await titles(main, viewer, "the who", ("vendor", viewer.user_id)) == ["The Who"]


async def test_misspelt_title_is_found(main: Postgres, viewer: Viewer) -> None:
    rare = word()
    await draft(main, viewer, title=f"Lantern {rare}")
    swapped = rare[:5] + rare[6] + rare[5] + rare[7:]
    assert await titles(main, viewer, swapped) == [f"Lantern {rare}"]
    assert await titles(main, viewer, f"-{swapped}") == []


async def test_without_trigrams_titles_that_begin_alike_are_found(
    main: Postgres, viewer: Viewer
) -> None:
    rare = word()
    await draft(main, viewer, title=f"Lantern {rare}")
    async with main.begin() as tx:
        await tx.execute(text(alike(trigrams=False)))
    try:
        assert await titles(main, viewer, rare[:8] + "xx") == [f"Lantern {rare}"]
        assert await titles(main, viewer, "!! ?") == []
    finally:
        async with main.begin() as tx:
            await tx.execute(text(alike(trigrams=True, title="lower(title)")))


async def test_search_finds_what_the_viewer_may_see(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    rare = word()
    await draft(main, viewer, title=f"{rare} draft")
    shown = await published(main, viewer, staff, title=f"{rare} shown")
    gone = await published(main, viewer, staff, title=f"{rare} gone")
    await delete_product(main, viewer, gone.id, client_key=key())
    for words in (rare, rare[:-1]):  # by word, and by likeness
        for anybody in (ANONYMOUS, new_viewer()):
            assert await titles(main, anybody, words) == [shown.title]
        for insider in (viewer, staff):
            assert set(await titles(main, insider, words)) == {f"{rare} draft", shown.title}
        assert await titles(main, viewer, words, ("deleted", True)) == [gone.title]
        assert await titles(main, new_viewer(), words, ("deleted", True)) == []


@pytest.mark.parametrize("likeness", [False, True])
async def test_pages_both_ways_without_gap_or_duplicate(
    main: Postgres, viewer: Viewer, *, likeness: bool
) -> None:
    rare = word()
    for number in range(7):
        await draft(main, viewer, title=f"{rare} {'candle ' * (number // 2)}")
    words = rare[:-1] if likeness else rare
    whole = [p.id for p in (await found(main, viewer, words)).items]
    assert len(set(whole)) == 7
    for backward in (False, True):
        walked: list[str] = []
        cursor, more = None, True
        while more:
            page = await found(main, viewer, words, args=PageArgs(3, cursor, backward))
            ids = [p.id for p in page.items]
            walked = ids + walked if backward else walked + ids
            cursor = page.cursors[0 if backward else -1]
            more = page.has_previous if backward else page.has_next
        assert walked == whole


WORDS = ("candle", "candles", "lantern", "soap", "wool", "quilt", "teapot", "running")
STEMS = {"candles": "candl", "candle": "candl", "running": "run"}


@pytest.mark.covers("B6", "E3", "E4", "E5", "E9")
async def test_search_and_filters_agree_with_an_oracle(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    """Random products and random questions, answered by looking at every product."""
    rng = random.Random(7)
    vendors = [viewer, new_viewer()]
    rows = []
    for number in range(60):
        vendor = rng.choice(vendors)
        values: dict[str, Any] = {
            "title": " ".join(rng.choices(WORDS, k=2)),
            "description": " ".join(rng.choices(WORDS, k=3)),
            "cause": rng.choice(list(Cause)),
            "selling_price": Decimal(rng.randrange(1, 6)),
        }
        product = (
            await draft(main, vendor, **values)
            if rng.random() < 0.5
            else await published(main, vendor, staff, **values)
        )
        if rng.random() < 0.2:
            product = await delete_product(main, vendor, product.id, client_key=key())
        rows.append(await _moved(main, product, number))

    for _ in range(80):
        who = rng.choice([*vendors, staff, ANONYMOUS])
        wanted, unwanted = rng.sample(WORDS, 2)
        possible: dict[str, Any] = {
            "causes": tuple(rng.sample(list(Cause), 3)),
            "min_price": Decimal(rng.randrange(1, 4)),
            "max_price": Decimal(rng.randrange(3, 6)),
            "created_from": _BEGIN + timedelta(days=rng.randrange(30)),
            "created_before": _BEGIN + timedelta(days=rng.randrange(30, 60)),
            "statuses": (rng.choice(list(PublishingStatus)), PublishingStatus.PUBLISHED),
            "deleted": True,
        }
        filters = {name: value for name, value in possible.items() if rng.random() < 0.3}
        filters["vendor"] = rng.choice(vendors).user_id
        expected = {
            row.id
            for row in rows
            if _may_see(who, row)
            and _holds(row, filters)
            and _stem(wanted) in _stems(row)
            and _stem(unwanted) not in _stems(row)
        }
        query = f"{wanted} -{unwanted}"
        page = await found(main, who, query, *filters.items(), args=PageArgs(100))
        if expected:
            assert {p.id for p in page.items} == expected, (query, filters)
        else:  # what looks alike still obeys the filters
            seen = {p.id for p in page.items}
            assert seen <= {r.id for r in rows if _may_see(who, r) and _holds(r, filters)}


_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


async def _moved(main: Postgres, product: ProductRecord, days: int) -> ProductRecord:
    """The product as if it had been made so many days after the first."""
    product.created_at = _BEGIN + timedelta(days=days)
    async with main.begin() as tx:
        made = update(Product).filter_by(id=product.id).values(created_at=product.created_at)
        await tx.execute(made)
    return product


def _may_see(who: Viewer, row: ProductRecord) -> bool:
    shown = row.publishing_status == PublishingStatus.PUBLISHED and row.deleted_at is None
    return who.is_staff or shown or row.vendor_id == who.user_id


def _holds(row: ProductRecord, filters: dict[str, Any]) -> bool:
    return (
        row.vendor_id == filters["vendor"]
        and (row.deleted_at is not None) is filters.get("deleted", False)
        and row.cause in filters.get("causes", tuple(Cause))
        and row.publishing_status in filters.get("statuses", tuple(PublishingStatus))
        and filters.get("min_price", 0) <= row.selling_price <= filters.get("max_price", 99)
        and filters.get("created_from", _BEGIN) <= row.created_at
        and row.created_at < filters.get("created_before", datetime.max.replace(tzinfo=UTC))
    )


def _stem(given: str) -> str:
    return STEMS.get(given, given)


def _stems(row: ProductRecord) -> set[str]:
    return {_stem(w) for w in f"{row.title} {row.description}".split()}


@pytest.mark.parametrize(
    "words",
    [
        "& | ! ( ) : * <-> ''",
        "'; DROP TABLE products; --",
        "a:* | b & !!c",
        '"unclosed quotation',
        "- - -",
        "-candle",
        "or or or",
        "%_\\",
        "ß" * MAX_SEARCH,
        " ".join("ab" for _ in range(66)),
    ],
)
async def test_hostile_words_are_words(main: Postgres, viewer: Viewer, words: str) -> None:
    await found(main, viewer, words)


async def test_too_many_words_are_refused(main: Postgres, viewer: Viewer) -> None:
    with pytest.raises(TooLong):
        await found(main, viewer, "candle " * 1_000)


@pytest.mark.parametrize(
    "cursor",
    [
        encode_cursor("words", 0.5),
        encode_cursor("elsewhere", 0.5, "IM_1"),
        encode_cursor("words", "0.5", "IM_1"),
        encode_cursor("words", 1e300, "IM_1"),
        encode_cursor("words", True, "IM_1"),
        encode_cursor("likeness", 0.5, "\0"),
        encode_cursor("2024-01-01T00:00:00+00:00", "IM_1"),
    ],
)
async def test_foreign_cursor_is_refused(main: Postgres, viewer: Viewer, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        await found(main, viewer, "candle", args=PageArgs(2, cursor))


_MANY = """INSERT INTO products
    (title, description, product_url, cause, mrp, selling_price, vendor_id, publishing_status)
    SELECT 'common ' || substr(md5(i::text), 1, 8), 'Words.', 'https://shop.example/', 'elder care',
        2, 1, 7, 'published' FROM generate_series(1, 20000) i"""


@pytest.mark.parametrize(
    ("words", "index"),
    [("c4ca4238", "ix_products_search"), ("common", "ix_products_created_at_id")],
)
async def test_rare_words_are_found_by_their_index_and_common_ones_by_time(
    main: Postgres, words: str, index: str
) -> None:
    read = _read(COLUMNS, None, ("deleted", "visible_to"), descending=True)
    values = {
        "text": words,
        "visible_to": 7,
        "everything": False,
        "deleted": False,
        "limit": 21,
    }
    plan = await _plan(main, f"EXPLAIN {read.sql}", read.arguments(values))
    assert index in plan
    assert "Seq Scan" not in plan


async def test_likeness_is_found_by_its_index(main: Postgres) -> None:
    plan = await _plan(
        main, "EXPLAIN SELECT id FROM products WHERE $1 <% lower(title) LIMIT 2000", ["c4cba423"]
    )
    assert "ix_products_lower_title_trigrams" in plan


async def _plan(main: Postgres, sql: str, arguments: list[Any]) -> str:
    """How a statement is run among many products, which are gone afterwards."""
    async with main.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        transaction = driver.transaction()
        await transaction.start()
        try:
            await driver.execute(_MANY)
            await driver.execute("ANALYZE products")
            return "\n".join(row[0] for row in await driver.fetch(sql, *arguments))
        finally:
            await transaction.rollback()
