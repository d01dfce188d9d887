"""Products and groups through the schema: inputs, payloads and errors as data."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert

from app.api.context import make_context
from app.api.ids import global_id
from app.api.schema import schema
from app.services import Services
from app.users.models import Platform, User, UserRole
from app.viewer import ANONYMOUS, Viewer

NewUser = Callable[..., Awaitable[Viewer]]
Run = Callable[..., Awaitable[dict[str, Any]]]

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


@pytest.fixture
def new_user(services: Services) -> NewUser:
    """Makes somebody with an account."""

    async def make(name: str, role: UserRole = UserRole.USER) -> Viewer:
        account = insert(User).values(
            name=name,
            email=f"{uuid4().hex}@people.example",
            role=role,
            registration_platform=Platform.DOBE,
        )
        async with services.auth.begin() as tx:
            row = (await tx.execute(account.returning(User.id, User.public_id))).one()
        return Viewer(row.id, row.public_id, role)

    return make


@pytest.fixture
def run(services: Services) -> Run:
    """Runs an operation that must have no top-level errors, and gives its data."""

    async def execute(viewer: Viewer, document: str, **variables: Any) -> dict[str, Any]:
        context = make_context(viewer, services)
        done = await schema.execute(document, variables, context_value=context)
        assert not done.errors
        assert done.data is not None
        return done.data

    return execute


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


def user_id(viewer: Viewer) -> str:
    return global_id("User", viewer.public_id)


async def product_of(run: Run, vendor: Viewer, **values: Any) -> str:
    created = (await run(vendor, PRODUCT_CREATE, input=lamp(**values)))["result"]
    product_id: str = created["product"]["id"]
    return product_id


async def test_product_is_created_with_all_that_was_said(run: Run, new_user: NewUser) -> None:
    ada = await new_user("Ada")
    given = lamp()
    result = (await run(ada, PRODUCT_CREATE, input=given))["result"]
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


async def test_retried_create_gives_the_same_product(run: Run, new_user: NewUser) -> None:
    ada = await new_user("Ada")
    given = lamp()
    first = await run(ada, PRODUCT_CREATE, input=given)
    assert await run(ada, PRODUCT_CREATE, input=given) == first
    reused = await run(ada, PRODUCT_CREATE, input={**given, "title": "Lantern"})
    assert reused["result"]["product"] is None
    assert [e["code"] for e in reused["result"]["errors"]] == ["CLIENT_KEY_REUSED"]


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"title": "\ud800"}, "INVALID", ["input", "title"]),
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
    run: Run, new_user: NewUser, values: dict[str, Any], code: str, field: list[str]
) -> None:
    ada = await new_user("Ada")
    result = (await run(ada, PRODUCT_CREATE, input=lamp(**values)))["result"]
    assert result["product"] is None
    assert [(e["code"], e["field"]) for e in result["errors"]] == [(code, field)]
    listed = await run(ada, "{ viewer { products { nodes { id } } } }")
    assert listed["viewer"]["products"]["nodes"] == []


async def test_absent_is_not_null(run: Run, new_user: NewUser) -> None:
    ada = await new_user("Ada")
    product = await product_of(run, ada)
    given = {"clientKey": "1", "title": "Lantern", "media": []}
    result = (await run(ada, PRODUCT_UPDATE, id=product, input=given))["result"]
    assert result["product"] == {
        "title": "Lantern",
        "description": "It shines.",
        "sellingPrice": "10.00",
        "media": [],
    }
    for argument in ("title", "description", "cause", "mrp", "sellingPrice", "productUrl", "media"):
        given = {"clientKey": "2", argument: None}
        result = (await run(ada, PRODUCT_UPDATE, id=product, input=given))["result"]
        assert result["product"] is None
        assert [(e["code"], e["field"]) for e in result["errors"]] == [
            ("REQUIRED", ["input", argument])
        ]


async def test_product_goes_from_draft_to_everybodys_eyes(run: Run, new_user: NewUser) -> None:
    ada, max_ = await new_user("Ada"), await new_user("Max", UserRole.MODERATOR)
    product = await product_of(run, ada)

    async def act(viewer: Viewer, mutation: str, **extra: str) -> tuple[str | None, list[str]]:
        document = f"""
        mutation Act($id: ID!, $input: {mutation[0].upper()}{mutation[1:]}Input!) {{
          result: {mutation}(id: $id, input: $input) {{
            product {{ publishingStatus }} {ERRORS}
          }}
        }}"""
        given = {"clientKey": str(uuid4()), **extra}
        result = (await run(viewer, document, id=product, input=given))["result"]
        status = result["product"] and result["product"]["publishingStatus"]
        return status, [e["code"] for e in result["errors"]]

    async def seen() -> Any:
        shown = await run(ANONYMOUS, "query($id: ID!) { product(id: $id) { title } }", id=product)
        return shown["product"]

    assert await act(max_, "productPublish") == (None, ["CONFLICT"])
    assert await act(ada, "productSubmit") == ("SUGGESTION", [])
    assert await act(ada, "productPublish") == (None, ["FORBIDDEN"])
    assert await act(max_, "productReject", remark="Blurred.") == ("REJECTED", [])
    assert await act(ada, "productSubmit") == ("SUGGESTION", [])
    assert await seen() is None
    assert await act(max_, "productPublish") == ("PUBLISHED", [])
    assert await seen() == {"title": "Lamp"}


async def test_products_are_filtered_ordered_and_paged(run: Run, new_user: NewUser) -> None:
    ada = await new_user("Ada")
    for title, price in (("a lamp", "1"), ("b lamp", "3"), ("c lamp", "2"), ("soap", "2")):
        await product_of(run, ada, title=title, sellingPrice=price)
    document = """
    query List($filter: ProductFilter!, $after: String) {
      products(
        first: 2, after: $after, filter: $filter, orderBy: { field: PRICE, direction: DESC }
      ) {
        edges { cursor node { title } }
        pageInfo { hasNextPage hasPreviousPage endCursor }
      }
    }"""
    chosen = {"vendorId": user_id(ada), "titleContains": "LAMP", "statuses": ["DRAFT"]}
    page = (await run(ada, document, filter=chosen))["products"]
    assert [edge["node"]["title"] for edge in page["edges"]] == ["b lamp", "c lamp"]
    info = page["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)
    assert info["endCursor"] == page["edges"][-1]["cursor"]
    page = (await run(ada, document, filter=chosen, after=info["endCursor"]))["products"]
    assert [edge["node"]["title"] for edge in page["edges"]] == ["a lamp"]
    chosen |= {"minSellingPrice": "2", "maxSellingPrice": "2.00", "causes": ["ELDER_CARE"]}
    page = (await run(ada, document, filter=chosen))["products"]
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
async def test_bad_list_argument_is_an_error_with_a_code(
    services: Services, new_user: NewUser, arguments: str
) -> None:
    context = make_context(await new_user("Ada"), services)
    done = await schema.execute(f"{{ {arguments} {{ nodes {{ id }} }} }}", context_value=context)
    assert done.errors
    (error,) = done.errors
    assert getattr(error.original_error, "code", None) in {
        "INVALID",
        "REQUIRED",
        "NOT_FOUND",
        "INVALID_CURSOR",
    }


@pytest.mark.parametrize("field", ["user", "product", "group", "node"])
async def test_unknown_id_is_null(run: Run, new_user: NewUser, field: str) -> None:
    ada = await new_user("Ada")
    unknown = [
        "",
        "x",
        "\ud800",
        global_id("User", "not-a-uuid"),
        global_id("User", uuid4()),
        global_id("Group", uuid4()),
        global_id("Group", "1"),
        global_id("Product", "IM_none"),
        global_id("Product", "\0"),
    ]
    for id_ in unknown:
        found = await run(ada, f"query($id: ID!) {{ {field}(id: $id) {{ id }} }}", id=id_)
        assert found == {field: None}


async def test_viewer_is_oneself_or_nobody(run: Run, new_user: NewUser) -> None:
    ada = await new_user("Ada")
    assert await run(ada, "{ viewer { name id } }") == {
        "viewer": {"name": "Ada", "id": user_id(ada)}
    }
    assert await run(ANONYMOUS, "{ viewer { name } }") == {"viewer": None}


async def test_users_are_filtered_by_name_and_role(run: Run, new_user: NewUser) -> None:
    part = uuid4().hex
    await new_user(f"{part} B")
    await new_user(f"{part} A", UserRole.MODERATOR)
    document = """
    query List($filter: UserFilter!) {
      users(filter: $filter, orderBy: { field: NAME }) { nodes { name } }
    }"""
    ada = await new_user("Ada")

    async def names(**chosen: str) -> list[str]:
        listed = await run(ada, document, filter={"namePrefix": part.upper(), **chosen})
        return [user["name"].removeprefix(part) for user in listed["users"]["nodes"]]

    assert await names() == [" A", " B"]
    assert await names(role="MODERATOR") == [" A"]


async def test_group_is_created_with_its_conversation(run: Run, new_user: NewUser) -> None:
    ada = await new_user("Ada")
    product = await product_of(run, ada)
    given = choir(description="We sing.", productId=product)
    result = (await run(ada, GROUP_CREATE, input=given))["result"]
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
    again = (await run(ada, GROUP_CREATE, input=given))["result"]
    assert again["group"]["id"] == group
    below = (await run(ada, GROUP_CREATE, input=choir(name="Altos", parentId=group)))["result"]
    assert below["group"]["parent"] == {"id": group}
    listed = await run(
        ada,
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


async def test_group_update_empties_what_is_null(run: Run, new_user: NewUser) -> None:
    ada, eve = await new_user("Ada"), await new_user("Eve")
    created = await run(ada, GROUP_CREATE, input=choir(description="We sing."))
    group = created["result"]["group"]["id"]

    async def change(viewer: Viewer, **values: Any) -> Any:
        given = {"clientKey": str(uuid4()), **values}
        result = (await run(viewer, GROUP_UPDATE, id=group, input=given))["result"]
        return result["group"] or [(e["code"], e["field"]) for e in result["errors"]]

    assert await change(ada, name="Band") == {"name": "Band", "description": "We sing."}
    assert await change(ada, description=None) == {"name": "Band", "description": None}
    assert await change(ada, name=None) == [("REQUIRED", ["input", "name"])]
    assert await change(eve, name="Mob") == [("FORBIDDEN", ["id"])]
    assert await change(ANONYMOUS, name="Mob") == [("UNAUTHENTICATED", None)]


async def test_members_come_and_go_with_the_conversation(run: Run, new_user: NewUser) -> None:
    ada, bob = await new_user("Ada"), await new_user("Bob")
    created = await run(ada, GROUP_CREATE, input=choir())
    group = created["result"]["group"]["id"]
    given = {"clientKey": "add", "userId": user_id(bob), "role": "ADMIN"}
    added = (await run(ada, MEMBER_ADD, group=group, input=given))["result"]
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
    assert (await run(ada, MEMBER_ADD, group=group, input=given))["result"] == added
    given = {"clientKey": "remove", "userId": user_id(bob)}
    removed = (await run(ada, MEMBER_REMOVE, group=group, input=given))["result"]
    assert removed["errors"] == []
    assert removed["group"]["memberCount"] == 1
    assert removed["group"]["conversation"] == {"participants": {"nodes": [{"name": "Ada"}]}}
    assert removed["user"] == {"name": "Bob", "groups": {"nodes": []}}


async def test_unknown_people_and_groups_are_not_found(run: Run, new_user: NewUser) -> None:
    ada, eve = await new_user("Ada"), await new_user("Eve")
    group = (await run(ada, GROUP_CREATE, input=choir()))["result"]["group"]["id"]

    async def add(viewer: Viewer, to: str, who: str) -> list[tuple[str, list[str]]]:
        given = {"clientKey": str(uuid4()), "userId": who}
        result = (await run(viewer, MEMBER_ADD, group=to, input=given))["result"]
        assert (result["group"], result["user"]) == (None, None)
        return [(e["code"], e["field"]) for e in result["errors"]]

    nobody, nowhere = global_id("User", uuid4()), global_id("Group", uuid4())
    assert await add(ada, group, nobody) == [("NOT_FOUND", ["input", "userId"])]
    assert await add(ada, group, group) == [("NOT_FOUND", ["input", "userId"])]
    assert await add(ada, nowhere, user_id(eve)) == [("NOT_FOUND", ["groupId"])]
    assert await add(eve, group, user_id(eve)) == [("FORBIDDEN", ["groupId"])]
