"""Who speaks in a message: service accounts alone speak as an assistant, or as the system."""

from typing import Any
from uuid import uuid4

import pytest

from app.services import Services
from app.users.models import UserRole
from tests.factories import World

SPEAK = """mutation($id: ID!, $input: MessageSendInput!) {
  messageSend(conversationId: $id, input: $input) {
    message { role model provider tokens sender { id } }
    conversation { totalTokens } errors { code field message } } }"""
USED = "{ viewer { usage { totalTokens } } }"


def spoken(**values: Any) -> dict[str, Any]:
    return {"text": "An answer.", "clientKey": uuid4().hex, **values}


@pytest.mark.covers("C7")
async def test_an_assistant_answers_once_at_the_cost_of_who_started_the_conversation(
    world: World, services: Services
) -> None:
    owner, assistant = await world.user(), await world.user(UserRole.SERVICE)
    group = await world.group(owner, assistant)
    talk = await world.conversation_of(owner, group)
    answer = spoken(role="ASSISTANT", model="m-1", provider="gemini", tokens=42)

    for _ in range(2):
        sent = await assistant.client.mutate(SPEAK, id=talk, input=answer)
        assert sent["message"] == {
            "role": "ASSISTANT",
            "model": "m-1",
            "provider": "gemini",
            "tokens": 42,
            "sender": {"id": assistant.id},
        }
        assert sent["conversation"] == {"totalTokens": 42}
    other = answer | {"tokens": 43}
    assert await assistant.client.refused(SPEAK, id=talk, input=other) == "CLIENT_KEY_REUSED"
    await world.settled_usage()
    assert (await owner.client.run(USED))["viewer"]["usage"]["totalTokens"] == 42


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"role": "ASSISTANT", "tokens": -1}, "INVALID"),
        ({"role": "ASSISTANT", "model": "x" * 101}, "TOO_LONG"),
        ({"role": "ASSISTANT", "provider": " "}, "REQUIRED"),
        ({"role": "SYSTEM", "tokens": 1}, "INVALID"),
        ({"model": "m-1"}, "INVALID"),
    ],
)
async def test_what_breaks_a_rule_is_not_sent(
    values: dict[str, Any], code: str, world: World
) -> None:
    owner, assistant = await world.user(), await world.user(UserRole.SERVICE)
    talk = await world.direct(owner, assistant)
    assert await assistant.client.refused(SPEAK, id=talk, input=spoken(**values)) == code
    query = "query($id: ID!) { conversation(id: $id) { messageCount } }"
    assert (await owner.client.run(query, id=talk))["conversation"]["messageCount"] == 0


@pytest.mark.parametrize("role", ["ASSISTANT", "SYSTEM"])
async def test_people_do_not_speak_so(role: str, world: World) -> None:
    me, assistant = await world.user(UserRole.ADMIN), await world.user(UserRole.SERVICE)
    talk = await world.direct(me, assistant)
    assert await me.client.refused(SPEAK, id=talk, input=spoken(role=role)) == "FORBIDDEN"
    sent = await assistant.client.mutate(SPEAK, id=talk, input=spoken(role=role))
    assert sent["message"]["role"] == role
