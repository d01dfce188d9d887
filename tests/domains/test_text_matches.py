"""Lists by what a text holds: the same rows whichever way leads to them."""

import random
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, insert, select

from app.paging import ListQuery, PageArgs
from app.products import queries
from app.products.models import Cause, Product
from app.products.queries import ProductOrder, list_products
from app.stores import matching
from app.stores.matching import begins_with, contains
from app.stores.postgres import Postgres, Read
from app.viewer import Viewer

pytestmark = pytest.mark.covers("E31")

# Signs of patterns, and letters whose case is not simple.
LETTERS = (
    "aAzZ09 %_\\'-\u0130\u0131I\u00df\u1e9e\u03a3\u03c3\u03c2\u0416\u0436\u01c4\u01c5\u00c4\u00e4"
)
TEXTS = st.text(LETTERS + "\u0301\u0307\ufb03\u200d\u4e2d\U0001f469", min_size=1, max_size=12)


def folded(text: str) -> str:
    """In lower case, character by character, as the databases do it."""
    return "".join(character.lower()[0] for character in text)


@st.composite
def texts_and_parts(draw: st.DrawFn) -> tuple[list[str], str]:
    texts = draw(st.lists(TEXTS, min_size=1, max_size=6))
    whole = draw(st.sampled_from(texts))
    begin = draw(st.integers(0, len(whole) - 1))
    part = whole[begin : draw(st.integers(begin + 1, len(whole)))]
    return texts, draw(st.sampled_from([part, part.swapcase(), "%" + part, "_", "\\"]) | TEXTS)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts_and_part=texts_and_parts())
async def test_a_part_is_what_it_is_in_lower_case(
    main: Postgres, texts_and_part: tuple[list[str], str]
) -> None:
    texts, part = texts_and_part
    async with main.engine.connect() as connection:
        made = insert(Product).returning(Product.id)
        ids = {
            (await connection.execute(made.values(row(title)))).scalar_one(): title
            for title in texts
        }
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")

        async def titles(condition: ColumnElement[bool]) -> list[str]:
            read = Read(select(Product.id).where(condition))
            rows = await driver.fetch(read.sql, *read.arguments({"part": part}))
            return sorted(ids[r[0]] for r in rows if r[0] in ids)

        column = Product.__table__.c.title
        for match, expected in (
            (contains(column, "part"), [t for t in texts if folded(part) in folded(t)]),
            (begins_with(column, "part"), [t for t in texts if folded(t).startswith(folded(part))]),
        ):
            assert await titles(match.seen) == sorted(expected)
            assert await titles(match.looked_up) == sorted(expected)
        await connection.rollback()


def row(title: str, **values: Any) -> dict[str, Any]:
    product = {"title": title, "description": "", "product_url": "", "cause": Cause.ELDER_CARE}
    return product | {"mrp": 2, "selling_price": 1, "vendor_id": 0, "media": []} | values


@pytest.fixture
def _few_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a list of thousands comes to, with some rows."""
    monkeypatch.setattr(matching, "_LOOKED_AT", 5)
    queries._LIST._reads.clear()
    yield
    queries._LIST._reads.clear()


@pytest.mark.usefixtures("_few_are_looked_at")
async def test_pages_by_a_part_agree_with_an_oracle(main: Postgres, viewer: Viewer) -> None:
    rng = random.Random(5)
    parts = {uuid4().hex[:9]: share for share in (0.9, 0.5, 0.2, 0.05, 0.0)}
    rows = []
    for number in range(80):
        held = [part.upper() for part, share in parts.items() if rng.random() < share]
        values = {"vendor_id": viewer.require(), "selling_price": rng.randrange(4) / 2}
        rows.append(row(" ".join([f"{number % 7}", *held]), **values))
    async with main.begin() as tx:
        await tx.execute(insert(Product), rows)

    own = ("vendor", viewer.user_id)
    for part in parts:
        for order in ProductOrder:
            whole = ListQuery(order, filters=(own,), args=PageArgs(100))
            expected = [
                p.id
                for p in (await list_products(main, viewer, whole)).items
                if part in p.title.lower()
            ]
            for backward, size in ((False, 1), (False, 7), (True, 7), (True, 100)):
                assert await walked(main, viewer, part, order, size, backward=backward) == expected


async def walked(
    main: Postgres, viewer: Viewer, part: str, order: ProductOrder, size: int, *, backward: bool
) -> list[str]:
    """The ids of all pages, each full but the last."""
    filters = (("vendor", viewer.user_id), ("title_contains", part))
    found: list[str] = []
    cursor, more = None, True
    while more:
        query = ListQuery(order, filters=filters, args=PageArgs(size, cursor, backward))
        page = await list_products(main, viewer, query)
        ids = [p.id for p in page.items]
        found = ids + found if backward else found + ids
        more = page.has_previous if backward else page.has_next
        assert len(ids) == size or not more
        cursor = page.cursors[0 if backward else -1] if ids else None
    return found
