"""Client keys: however often a mutation is sent, it is done once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from app.audit.models import ClientRequest
from app.errors import ClientKeyReused, Conflict, DomainError, Invalid, Required, TooLong
from app.once import forget_requests, once, remember
from app.products.commands import NewProduct, create_product, submit_product
from app.products.models import Cause
from app.stores.postgres import Postgres
from app.viewer import Viewer
from tests.domains.conftest import NewViewer
from tests.domains.marketplace import products_of

SOAP = NewProduct(
    title="Soap",
    description="It foams.",
    cause=Cause.CHILD_CARE,
    mrp=Decimal("3.50"),
    selling_price=Decimal("2.50"),
    product_url="https://shop.example/soap",
)


async def requests_of(main: Postgres, viewer: Viewer) -> int:
    statement = select(func.count()).where(ClientRequest.user_id == viewer.require())
    async with main.begin() as tx:
        return (await tx.execute(statement)).scalar_one()


async def test_retry_gives_the_same_product(main: Postgres, viewer: Viewer) -> None:
    first = await create_product(main, viewer, SOAP, client_key="k")
    # The same values, otherwise written.
    again = replace(SOAP, title=" Soap ", mrp=Decimal("3.5"))
    assert await create_product(main, viewer, again, client_key="k") == first
    assert await products_of(main, viewer) == 1


async def test_ten_at_once_make_one(main: Postgres, viewer: Viewer) -> None:
    made = await asyncio.gather(
        *(create_product(main, viewer, SOAP, client_key="k") for _ in range(10))
    )
    assert len({product.id for product in made}) == 1
    assert await products_of(main, viewer) == 1


async def test_key_with_another_body_is_refused(main: Postgres, viewer: Viewer) -> None:
    first = await create_product(main, viewer, SOAP, client_key="k")
    with pytest.raises(ClientKeyReused) as caught:
        await create_product(main, viewer, replace(SOAP, title="Soup"), client_key="k")
    assert caught.value.field == ["input", "clientKey"]
    assert await products_of(main, viewer) == 1
    assert await create_product(main, viewer, SOAP, client_key="k") == first


async def test_of_two_bodies_at_once_one_is_done(main: Postgres, viewer: Viewer) -> None:
    titles = ("Soap", "Soup") * 4
    outcomes = await asyncio.gather(
        *(create_product(main, viewer, replace(SOAP, title=t), client_key="k") for t in titles),
        return_exceptions=True,
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, ClientKeyReused)]
    assert len(refused) == 4
    assert await products_of(main, viewer) == 1


async def test_keys_of_others_and_of_other_operations_are_other_keys(
    main: Postgres, viewer: Viewer, new_viewer: NewViewer
) -> None:
    other = new_viewer()
    mine = await create_product(main, viewer, SOAP, client_key="k")
    theirs = await create_product(main, other, SOAP, client_key="k")
    assert mine.id != theirs.id
    assert (await submit_product(main, viewer, mine.id, client_key="k")).id == mine.id


async def test_refused_command_leaves_its_key_free(main: Postgres, viewer: Viewer) -> None:
    product = await create_product(main, viewer, SOAP, client_key="create")
    await submit_product(main, viewer, product.id, client_key="submit")
    before = await requests_of(main, viewer)
    with pytest.raises(Conflict):
        await submit_product(main, viewer, product.id, client_key="again")
    assert await requests_of(main, viewer) == before
    other = await create_product(main, viewer, SOAP, client_key="another")
    assert (await submit_product(main, viewer, other.id, client_key="again")).id == other.id


async def test_waiting_attempt_takes_over_where_the_first_fails(
    main: Postgres, viewer: Viewer
) -> None:
    claimed, fail = asyncio.Event(), asyncio.Event()

    async def failing() -> None:
        async with main.begin() as tx:
            assert await once(tx, viewer, "op", "k", {"a": 1}) is None
            claimed.set()
            await fail.wait()
            raise Invalid("Refused.")

    async def waiting() -> str | None:
        await claimed.wait()
        async with main.begin() as tx:
            found = await once(tx, viewer, "op", "k", {"a": 1})
            await remember(tx, viewer, "op", "k", 7)
            return found

    first, second = asyncio.create_task(failing()), asyncio.create_task(waiting())
    await claimed.wait()
    await asyncio.sleep(0.1)
    assert not second.done()
    fail.set()
    with pytest.raises(Invalid):
        await first
    assert await second is None
    async with main.begin() as tx:
        assert await once(tx, viewer, "op", "k", {"a": 1}) == "7"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (Decimal("1.50"), Decimal("1.5")),
        ([uuid4()] * 2, None),
    ],
)
async def test_equal_bodies_are_the_same_request(
    main: Postgres, viewer: Viewer, one: Any, two: Any
) -> None:
    async with main.begin() as tx:
        assert await once(tx, viewer, "op", "k", one) is None
        await remember(tx, viewer, "op", "k", "result")
        assert await once(tx, viewer, "op", "k", one if two is None else two) == "result"


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("", Required),
        ("k" * 65, TooLong),
        ("a\0", Invalid),
        ("a\nb", Invalid),
        ("\ud800", Invalid),
        ("\u202e", Invalid),
    ],
)
async def test_bad_key_is_refused(
    main: Postgres, viewer: Viewer, key: str, error: type[DomainError]
) -> None:
    with pytest.raises(error) as caught:
        await create_product(main, viewer, SOAP, client_key=key)
    assert caught.value.field == ["input", "clientKey"]
    assert await products_of(main, viewer) == 0


@pytest.mark.parametrize("key", ["k" * 64, "💡 lamp", "2b6e6f0e-4c1d-4f0a-9a55-0d2f7f9e8b11"])
async def test_good_key_is_taken(main: Postgres, viewer: Viewer, key: str) -> None:
    first = await create_product(main, viewer, SOAP, client_key=key)
    assert await create_product(main, viewer, SOAP, client_key=key) == first


async def test_old_keys_are_forgotten_in_batches(
    main: Postgres, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.once._AT_ONCE", 2)
    first = await create_product(main, viewer, SOAP, client_key="0")
    for key in range(1, 6):
        await create_product(main, viewer, SOAP, client_key=str(key))
    aged = update(ClientRequest).where(
        ClientRequest.user_id == viewer.require(), ClientRequest.client_key != "5"
    )
    async with main.begin() as tx:
        await tx.execute(aged.values(created_at=func.now() - timedelta(days=31)))

    processes = (forget_requests(main, ClientRequest, timedelta(days=30)) for _ in range(2))
    await asyncio.gather(*processes)

    assert await requests_of(main, viewer) == 1
    assert await products_of(main, viewer) == 6
    # What a forgotten key says is new.
    assert await create_product(main, viewer, SOAP, client_key="0") != first
