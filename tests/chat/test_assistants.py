"""Conversations with an assistant: who starts them, who takes part, and what is said of them."""

from typing import Any
from uuid import uuid4

import pytest

from app.api.ids import global_id
from app.ids import new_id
from app.users.models import UserRole
from tests.factories import World

START = """mutation($input: ConversationStartInput!) {
  conversationStart(input: $input) {
    conversation { id kind title context metadata creator { id } participants { nodes { id } } }
    errors { code field message } } }"""
MINE = "{ conversations { nodes { id } } }"


def given(**values: Any) -> dict[str, Any]:
    return {"kind": "ASSISTANT", "clientKey": uuid4().hex, **values}


@pytest.mark.covers("C6", "A11", "A12")
async def test_a_user_starts_one_with_a_service_account(world: World) -> None:
    me, assistant = await world.user(), await world.user(UserRole.SERVICE)
    described = {"title": "Lamps", "context": {"shop": "Olga's"}, "metadata": {"from": "a page"}}
    wanted = given(userId=assistant.id, **described)

    started = [await me.client.mutate(START, input=wanted) for _ in range(2)]

    assert started[0] == started[1]
    talk = started[0]["conversation"]
    assert {name: talk[name] for name in described} == described
    assert talk["creator"] == {"id": me.id}
    assert {user["id"] for user in talk["participants"]["nodes"]} == {me.id, assistant.id}
    others: list[dict[str, Any]] = [
        {"title": "Bowls"},
        {"context": {}},
        {"metadata": {}},
        {"userId": None},
    ]
    for other in others:
        assert await me.client.refused(START, input=wanted | other) == "CLIENT_KEY_REUSED"
    seen = await assistant.client.run(MINE)
    assert seen["conversations"]["nodes"] == [{"id": talk["id"]}]


async def test_neither_people_nor_accounts_out_of_use_are_assistants(world: World) -> None:
    me, person = await world.users(2)
    locked = await world.user(UserRole.SERVICE, is_active=False)
    unknown = global_id("User", new_id())
    program = await world.user(UserRole.SERVICE)

    for wanted, code in ((person.id, "INVALID"), (locked.id, "INVALID"), (unknown, "NOT_FOUND")):
        assert await me.client.refused(START, input=given(userId=wanted)) == code
    assert await program.client.refused(START, input=given(userId=program.id)) == "INVALID"
    for one in (me, person, program):
        assert (await one.client.run(MINE))["conversations"]["nodes"] == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"context": []}, "INVALID"),
        ({"metadata": {"x": "y" * 9_000}}, "TOO_LONG"),
        ({"kind": "DIRECT", "context": {}}, "INVALID"),
        ({"groupId": "x"}, "INVALID"),
    ],
)
async def test_what_breaks_a_rule_starts_nothing(
    values: dict[str, Any], code: str, world: World
) -> None:
    me = await world.user()
    assert await me.client.refused(START, input=given(**values)) == code
    assert (await me.client.run(MINE))["conversations"]["nodes"] == []
