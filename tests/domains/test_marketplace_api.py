"""Products and groups through the API: inputs, payloads and errors as data."""

from typing import Any
from uuid import uuid4

import pytest

from app.api.ids import global_id
from app.users.models import UserRole
from tests.client import Client
from tests.factories import Person, World

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
PRODUCT_UPDATE = f"""
mutation Update($id: ID!, $input: ProductUpdateInput!) {{
  result: productUpdate(id: $id, input: $input) {{
    product {{ title description sellingPrice media {{ url }} }}
    {ERRORS}
  }}
}}
"""
GROUP_CREATE = f"""
mutation Create($input: GroupCreateInput!) {{
  result: groupCreate(input: $input) {{
    group {{
      id name description memberCount owner {{ name }} product {{ id }} parent {{ id }}
      viewerMembership {{ role }} conversation {{ kind participants {{ nodes {{ name }} }} }}
    }}
    {ERRORS}
  }}
}}
"""
GROUP_UPDATE = f"""
mutation Update($id: ID!, $input: GroupUpdateInput!) {{
  result: groupUpdate(id: $id, input: $input) {{
    group {{ name description }}
    {ERRORS}
  }}
}}
"""
MEMBER_ADD = f"""
mutation Add($group: ID!, $input: GroupMemberAddInput!) {{
  result: groupMemberAdd(groupId: $group, input: $input) {{
    group {{
      memberCount members {{ nodes {{ role user {{ name }} }} }}
      conversation {{ participants {{ nodes {{ name }} }} }}
    }}
    user {{ name groups {{ nodes {{ name }} }} }}
    {ERRORS}
  }}
}}
"""
MEMBER_REMOVE = MEMBER_ADD.replace("MemberAdd", "MemberRemove").replace("Add", "Remove")


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


def choir(**values: Any) -> dict[str, Any]:
    return {"clientKey": str(uuid4()), "name": "Choir", **values}


async def product_of(vendor: Person, **values: Any) -> str:
    created = (await vendor.client.run(PRODUCT_CREATE, input=lamp(**values)))["result"]
    product_id: str = created["product"]["id"]
    return product_id


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
        given = {"clientKey": "2", argument: None}
        result = (await ada.client.run(PRODUCT_UPDATE, id=product, input=given))["result"]
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
          result: {mutation}(id: $id, input: $input) {{
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


@pytest.mark.parametrize(
    "arguments",
    [
        'products(filter: { vendorId: "x" })',
        'products(filter: { minSellingPrice: "NaN" })',
        'products(filter: { titleContains: "" })',
        'products(after: "x")',
        "products(first: 101)",
        "products(first: 1, last: 1)",
        'groups(filter: { productId: "x" })',
        'groups(filter: { nameContains: "\\u0000" })',
        'users(filter: { namePrefix: "\\u0000" })',
        "users(last: -1)",
    ],
)
async def test_bad_list_argument_is_an_error_with_a_code(world: World, arguments: str) -> None:
    ada = await world.user(name="Ada")
    answer = await ada.client.send(f"{{ {arguments} {{ nodes {{ id }} }} }}")
    (error,) = answer["errors"]
    codes = {"INVALID", "REQUIRED", "NOT_FOUND", "INVALID_CURSOR"}
    assert error["extensions"]["code"] in codes


@pytest.mark.parametrize("field", ["user", "product", "group", "node"])
async def test_unknown_id_is_null(world: World, field: str) -> None:
    ada = await world.user(name="Ada")
    unknown = [
        "",
        "x",
        global_id("User", "not-a-uuid"),
        global_id("User", uuid4()),
        global_id("Group", uuid4()),
        global_id("Group", "1"),
        global_id("Product", "IM_none"),
        global_id("Product", "\0"),
    ]
    for id_ in unknown:
        found = await ada.client.run(f"query($id: ID!) {{ {field}(id: $id) {{ id }} }}", id=id_)
        assert found == {field: None}


async def test_viewer_is_oneself_or_nobody(world: World, anonymous: Client) -> None:
    ada = await world.user(name="Ada")
    assert await ada.client.run("{ viewer { name id } }") == {
        "viewer": {"name": "Ada", "id": ada.id}
    }
    assert await anonymous.run("{ viewer { name } }") == {"viewer": None}


async def test_users_are_filtered_by_name_and_role(world: World) -> None:
    part = uuid4().hex
    await world.user(name=f"{part} B")
    await world.user(UserRole.MODERATOR, name=f"{part} A")
    document = """
    query List($filter: UserFilter!) {
      users(filter: $filter, orderBy: { field: NAME }) { nodes { name } }
    }"""
    ada = await world.user(name="Ada")

    async def names(**chosen: str) -> list[str]:
        listed = await ada.client.run(document, filter={"namePrefix": part.upper(), **chosen})
        return [user["name"].removeprefix(part) for user in listed["users"]["nodes"]]

    assert await names() == [" A", " B"]
    assert await names(role="MODERATOR") == [" A"]


async def test_group_is_created_with_its_conversation(world: World) -> None:
    ada = await world.user(name="Ada")
    product = await product_of(ada)
    given = choir(description="We sing.", productId=product)
    result = (await ada.client.run(GROUP_CREATE, input=given))["result"]
    assert result["errors"] == []
    group = result["group"].pop("id")
    assert result["group"] == {
        "name": "Choir",
        "description": "We sing.",
        "memberCount": 1,
        "owner": {"name": "Ada"},
        "product": {"id": product},
        "parent": None,
        "viewerMembership": {"role": "OWNER"},
        "conversation": {"kind": "GROUP", "participants": {"nodes": [{"name": "Ada"}]}},
    }
    again = (await ada.client.run(GROUP_CREATE, input=given))["result"]
    assert again["group"]["id"] == group
    below = (await ada.client.run(GROUP_CREATE, input=choir(name="Altos", parentId=group)))[
        "result"
    ]
    assert below["group"]["parent"] == {"id": group}
    listed = await ada.client.run(
        """query($id: ID!, $product: ID!) {
          group(id: $id) { children { nodes { name } } }
          groups(filter: { productId: $product, nameContains: "CHO" }) { nodes { name } }
        }""",
        id=group,
        product=product,
    )
    assert listed == {
        "group": {"children": {"nodes": [{"name": "Altos"}]}},
        "groups": {"nodes": [{"name": "Choir"}]},
    }


async def test_group_update_empties_what_is_null(world: World, anonymous: Client) -> None:
    ada, eve = await world.user(name="Ada"), await world.user(name="Eve")
    created = await ada.client.run(GROUP_CREATE, input=choir(description="We sing."))
    group = created["result"]["group"]["id"]

    async def change(client: Client, **values: Any) -> Any:
        given = {"clientKey": str(uuid4()), **values}
        result = (await client.run(GROUP_UPDATE, id=group, input=given))["result"]
        return result["group"] or [(e["code"], e["field"]) for e in result["errors"]]

    assert await change(ada.client, name="Band") == {"name": "Band", "description": "We sing."}
    assert await change(ada.client, description=None) == {"name": "Band", "description": None}
    assert await change(ada.client, name=None) == [("REQUIRED", ["input", "name"])]
    assert await change(eve.client, name="Mob") == [("FORBIDDEN", ["id"])]
    assert await change(anonymous, name="Mob") == [("UNAUTHENTICATED", None)]


async def test_members_come_and_go_with_the_conversation(world: World) -> None:
    ada, bob = await world.user(name="Ada"), await world.user(name="Bob")
    created = await ada.client.run(GROUP_CREATE, input=choir())
    group = created["result"]["group"]["id"]
    given = {"clientKey": "add", "userId": bob.id, "role": "ADMIN"}
    added = (await ada.client.run(MEMBER_ADD, group=group, input=given))["result"]
    assert added == {
        "group": {
            "memberCount": 2,
            "members": {
                "nodes": [
                    {"role": "OWNER", "user": {"name": "Ada"}},
                    {"role": "ADMIN", "user": {"name": "Bob"}},
                ]
            },
            "conversation": {"participants": {"nodes": [{"name": "Ada"}, {"name": "Bob"}]}},
        },
        "user": {"name": "Bob", "groups": {"nodes": [{"name": "Choir"}]}},
        "errors": [],
    }
    assert (await ada.client.run(MEMBER_ADD, group=group, input=given))["result"] == added
    given = {"clientKey": "remove", "userId": bob.id}
    removed = (await ada.client.run(MEMBER_REMOVE, group=group, input=given))["result"]
    assert removed["errors"] == []
    assert removed["group"]["memberCount"] == 1
    assert removed["group"]["conversation"] == {"participants": {"nodes": [{"name": "Ada"}]}}
    assert removed["user"] == {"name": "Bob", "groups": {"nodes": []}}


async def test_unknown_people_and_groups_are_not_found(world: World) -> None:
    ada, eve = await world.user(name="Ada"), await world.user(name="Eve")
    group = (await ada.client.run(GROUP_CREATE, input=choir()))["result"]["group"]["id"]

    async def add(person: Person, to: str, who: str) -> list[tuple[str, list[str]]]:
        given = {"clientKey": str(uuid4()), "userId": who}
        result = (await person.client.run(MEMBER_ADD, group=to, input=given))["result"]
        assert (result["group"], result["user"]) == (None, None)
        return [(e["code"], e["field"]) for e in result["errors"]]

    nobody, nowhere = global_id("User", uuid4()), global_id("Group", uuid4())
    assert await add(ada, group, nobody) == [("NOT_FOUND", ["input", "userId"])]
    assert await add(ada, group, group) == [("NOT_FOUND", ["input", "userId"])]
    assert await add(ada, nowhere, eve.id) == [("NOT_FOUND", ["groupId"])]
    assert await add(eve, group, eve.id) == [("FORBIDDEN", ["groupId"])]
