"""Conversations with an assistant: who starts them, who takes part, and what is said of them."""

from typing import Any
from uuid import uuid4

import pytest

from app.api.ids import global_id
from app.ids import new_id
from app.users.models import UserRole
from tests.domains.marketplace import product_of
from tests.factories import World
from tests.matrix.estate import hidden_group

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


KNOWN = """query($id: ID!) { conversation(id: $id) {
  title context assistantPreferences { preferredAiProvider preferredModel temperature language }
  participants { nodes { name profile preferences { language } personal { city }
    usage { totalTokens } lastSeenAt products { nodes { title } } groups { nodes { name } } } }
  messages(last: 10) { nodes { text } } } }"""
PREFER = """mutation($key: String!) { preferencesUpdate(input: {
  preferredAiProvider: OPENAI, preferredModel: "m-1", temperature: 0.2, language: "de",
  clientKey: $key }) { errors { code } } }"""


@pytest.mark.covers("A20", "C5")
async def test_an_assistant_knows_of_its_user_what_it_needs_and_no_more(world: World) -> None:
    me = await world.user(city="Bergen", profile={"shop": "Olga's"})
    assistant = await world.user(UserRole.SERVICE, name="Helper")
    await me.client.mutate(PREFER, key=uuid4().hex)
    await product_of(me, title="A draft")
    await hidden_group(world, me, "Secret")
    await world.group(me, name="Open")
    wanted = given(userId=assistant.id, title="Lamps", context={"shop": "Olga's"})
    talk = (await me.client.mutate(START, input=wanted))["conversation"]["id"]
    await world.say(me, talk, "What is a lamp?")

    known = (await assistant.client.run(KNOWN, id=talk))["conversation"]

    assert known["assistantPreferences"] == {
        "preferredAiProvider": "OPENAI",
        "preferredModel": "m-1",
        "temperature": 0.2,
        "language": "de",
    }
    assert (known["title"], known["context"]) == ("Lamps", {"shop": "Olga's"})
    assert known["messages"]["nodes"] == [{"text": "What is a lamp?"}]
    (user,) = [u for u in known["participants"]["nodes"] if u["name"] == me.name]
    assert user["profile"] == {"shop": "Olga's"}
    # Whoever is signed in sees that; the rest stays the user's.
    assert user["groups"]["nodes"] == [{"name": "Open"}]
    assert user["products"]["nodes"] == []
    assert [user[name] for name in ("preferences", "personal", "usage")] == [None] * 3


async def test_preferences_are_for_assistants_of_their_own_conversations(world: World) -> None:
    owner, member = await world.users(2)
    assistant, other = [await world.user(UserRole.SERVICE) for _ in range(2)]
    group = await world.group(owner, member, assistant)
    talks = [
        await world.conversation_of(owner, group),
        await world.direct(owner, assistant),
        (await owner.client.mutate(START, input=given(userId=assistant.id)))["conversation"]["id"],
    ]
    query = "query($id: ID!) { conversation(id: $id) { assistantPreferences { language } } }"
    shown = {"assistantPreferences": {"language": "en"}}
    hidden = {"assistantPreferences": None}
    for one, expected in (
        (owner, [hidden, hidden, shown]),
        (assistant, [hidden, hidden, shown]),
        (member, [hidden, None, None]),
        (other, [None, None, None]),
    ):
        found = [(await one.client.run(query, id=talk))["conversation"] for talk in talks]
        assert found == expected, one.name
