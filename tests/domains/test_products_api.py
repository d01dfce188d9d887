"""Products through the API: inputs, payloads and errors as data."""

from typing import Any
from uuid import uuid4

import pytest

from app.users.models import UserRole
from tests.client import Client
from tests.domains.marketplace import ERRORS, PRODUCT_CREATE, lamp, product_of
from tests.factories import Person, World

PRODUCT_UPDATE = f"""
mutation Update($id: ID!, $input: ProductUpdateInput!) {{
  result: productUpdate(productId: $id, input: $input) {{
    product {{ title description sellingPrice media {{ url }} }}
    {ERRORS}
  }}
}}
"""


@pytest.mark.covers("E6")
async def test_product_is_created_with_all_that_was_said(world: World) -> None:
    ada = await world.user(name="Ada")
    given = lamp()
    result = (await ada.client.run(PRODUCT_CREATE, input=given))["result"]
    assert result["errors"] == []
    assert result["product"].pop("id")
    assert result["product"] == {
        "title": "Lamp",
        "description": "It shines.",
        "cause": "ELDER_CARE",
        "mrp": "12.50",
        "sellingPrice": "10.00",
        "productUrl": "https://shop.example/lamp",
        "publishingStatus": "DRAFT",
        "remarks": None,
        "viewerCanUpdate": True,
        "media": [{"url": "https://shop.example/lamp.png", "type": "IMAGE"}],
        "vendor": {"name": "Ada"},
    }


async def test_retried_create_gives_the_same_product(world: World) -> None:
    ada = await world.user(name="Ada")
    given = lamp()
    first = await ada.client.run(PRODUCT_CREATE, input=given)
    assert await ada.client.run(PRODUCT_CREATE, input=given) == first
    reused = await ada.client.run(PRODUCT_CREATE, input={**given, "title": "Lantern"})
    assert reused["result"]["product"] is None
    assert [e["code"] for e in reused["result"]["errors"]] == ["CLIENT_KEY_REUSED"]


@pytest.mark.covers("B12")
@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"title": "a\0b"}, "INVALID", ["input", "title"]),
        ({"title": "\u200b"}, "REQUIRED", ["input", "title"]),
        ({"description": "x" * 10_001}, "TOO_LONG", ["input", "description"]),
        ({"mrp": "NaN"}, "INVALID", ["input", "mrp"]),
        ({"mrp": "1e999999999"}, "INVALID", ["input", "mrp"]),
        ({"sellingPrice": 99}, "INVALID", ["input", "sellingPrice"]),
        (
            {"media": [{"url": "file:///etc/passwd", "type": "FILE"}]},
            "INVALID",
            ["input", "media", "0", "url"],
        ),
        ({"clientKey": ""}, "REQUIRED", ["input", "clientKey"]),
    ],
)
async def test_refusal_names_the_argument(
    world: World, values: dict[str, Any], code: str, field: list[str]
) -> None:
    ada = await world.user(name="Ada")
    result = (await ada.client.run(PRODUCT_CREATE, input=lamp(**values)))["result"]
    assert result["product"] is None
    assert [(e["code"], e["field"]) for e in result["errors"]] == [(code, field)]
    listed = await ada.client.run("{ viewer { products { nodes { id } } } }")
    assert listed["viewer"]["products"]["nodes"] == []


async def test_absent_is_not_null(world: World) -> None:
    ada = await world.user(name="Ada")
    product = await product_of(ada)
    given = {"clientKey": "1", "title": "Lantern", "media": []}
    result = (await ada.client.run(PRODUCT_UPDATE, id=product, input=given))["result"]
    assert result["product"] == {
        "title": "Lantern",
        "description": "It shines.",
        "sellingPrice": "10.00",
        "media": [],
    }
    for argument in ("title", "description", "cause", "mrp", "sellingPrice", "productUrl", "media"):
        nulled = {"clientKey": "2", argument: None}
        result = (await ada.client.run(PRODUCT_UPDATE, id=product, input=nulled))["result"]
        assert result["product"] is None
        assert [(e["code"], e["field"]) for e in result["errors"]] == [
            ("REQUIRED", ["input", argument])
        ]


async def test_product_goes_from_draft_to_everybodys_eyes(world: World, anonymous: Client) -> None:
    ada, max_ = await world.user(name="Ada"), await world.user(UserRole.MODERATOR, name="Max")
    product = await product_of(ada)

    async def act(person: Person, mutation: str, **extra: str) -> tuple[str | None, list[str]]:
        document = f"""
        mutation Act($id: ID!, $input: {mutation[0].upper()}{mutation[1:]}Input!) {{
          result: {mutation}(productId: $id, input: $input) {{
            product {{ publishingStatus }} {ERRORS}
          }}
        }}"""
        given = {"clientKey": str(uuid4()), **extra}
        result = (await person.client.run(document, id=product, input=given))["result"]
        status = result["product"] and result["product"]["publishingStatus"]
        return status, [e["code"] for e in result["errors"]]

    async def seen() -> Any:
        shown = await anonymous.run("query($id: ID!) { product(id: $id) { title } }", id=product)
        return shown["product"]

    assert await act(max_, "productPublish") == (None, ["CONFLICT"])
    assert await act(ada, "productSubmit") == ("SUGGESTION", [])
    assert await act(ada, "productPublish") == (None, ["FORBIDDEN"])
    assert await act(max_, "productReject", remark="Blurred.") == ("REJECTED", [])
    assert await act(ada, "productSubmit") == ("SUGGESTION", [])
    assert await seen() is None
    assert await act(max_, "productPublish") == ("PUBLISHED", [])
    assert await seen() == {"title": "Lamp"}


async def test_products_are_filtered_ordered_and_paged(world: World) -> None:
    ada = await world.user(name="Ada")
    for title, price in (("a lamp", "1"), ("b lamp", "3"), ("c lamp", "2"), ("soap", "2")):
        await product_of(ada, title=title, sellingPrice=price)
    document = """
    query List($filter: ProductFilter!, $after: String) {
      products(
        first: 2, after: $after, filter: $filter, orderBy: { field: PRICE, direction: DESC }
      ) {
        edges { cursor node { title } }
        pageInfo { hasNextPage hasPreviousPage endCursor }
      }
    }"""
    chosen = {"vendorId": ada.id, "titleContains": "LAMP", "statuses": ["DRAFT"]}
    page = (await ada.client.run(document, filter=chosen))["products"]
    assert [edge["node"]["title"] for edge in page["edges"]] == ["b lamp", "c lamp"]
    info = page["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)
    assert info["endCursor"] == page["edges"][-1]["cursor"]
    page = (await ada.client.run(document, filter=chosen, after=info["endCursor"]))["products"]
    assert [edge["node"]["title"] for edge in page["edges"]] == ["a lamp"]
    chosen |= {"minSellingPrice": "2", "maxSellingPrice": "2.00", "causes": ["ELDER_CARE"]}
    page = (await ada.client.run(document, filter=chosen))["products"]
    assert [edge["node"]["title"] for edge in page["edges"]] == ["c lamp"]
