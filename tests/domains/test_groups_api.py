"""Groups through the API: inputs, payloads and errors as data."""

from typing import Any
from uuid import uuid4

import pytest

from app.api.ids import global_id
from tests.client import Client
from tests.domains.marketplace import ERRORS, product_of
from tests.factories import Person, World

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
  result: groupUpdate(groupId: $id, input: $input) {{
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


def choir(**values: Any) -> dict[str, Any]:
    return {"clientKey": str(uuid4()), "name": "Choir", **values}


@pytest.mark.covers("A3")
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
    assert await change(eve.client, name="Mob") == [("FORBIDDEN", ["groupId"])]
    assert await change(anonymous, name="Mob") == [("UNAUTHENTICATED", None)]


@pytest.mark.covers("A3")
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
