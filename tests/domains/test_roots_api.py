"""Root fields that read: bad arguments, unknown ids, and the list of users."""

from uuid import uuid4

import pytest

from app.api.ids import global_id
from app.users.models import UserRole
from tests.client import Client
from tests.factories import World


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
