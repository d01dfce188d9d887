"""Answers given piece by piece: who may, what a retry does, and what becomes a message."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, update

from app.answers.commands import forget_answers
from app.answers.models import Answer
from app.api.ids import uuid_of
from app.audit.models import ClientRequest
from app.services import Services
from app.users.models import UserRole
from tests.answers.operations import (
    APPEND,
    CANCEL,
    FINISH,
    START,
    appended,
    consulted,
    keyed,
    said,
    started,
)
from tests.client import Json
from tests.factories import MEMBER_REMOVE, World

USED = "{ viewer { usage { totalTokens totalMessages } } }"


async def refusal(client: Any, query: str, **variables: Any) -> tuple[str, list[str], str]:
    """The code, field and message for which a mutation is refused."""
    (payload,) = (await client.run(query, **variables)).values()
    (error,) = payload.pop("errors")
    assert not any(payload.values()), payload
    return error["code"], error["field"], error["message"]


@pytest.mark.covers("C7", "A21")
async def test_an_answer_becomes_one_message_whatever_is_retried(world: World) -> None:
    me, assistant, talk = await consulted(world)
    (asked,) = await world.say(me, talk, "What is a lamp?")
    begin = keyed(
        replyToId=asked["id"], model="m-1", provider="gemini", metadata={"tool": "search"}
    )

    begun = [await assistant.client.mutate(START, id=talk, input=begin) for _ in range(2)]
    assert begun[0] == begun[1]
    answer = begun[0]["answer"]
    assert answer == {
        "id": answer["id"],
        "messageId": answer["messageId"],
        "state": "RUNNING",
        "length": 0,
        "model": "m-1",
        "provider": "gemini",
        "metadata": {"tool": "search"},
        "sender": {"id": assistant.id},
    }
    for offset, text, length in [(0, "It ", 3), (0, "It ", 3), (3, "shines", 9), (0, "It sh", 9)]:
        grown = await assistant.client.mutate(APPEND, id=answer["id"], offset=offset, text=text)
        assert grown["answer"] == {"state": "RUNNING", "length": length}
    # What overlaps with what is there adds the rest.
    assert (await assistant.client.mutate(APPEND, id=answer["id"], offset=3, text="shines. ✨"))[
        "answer"
    ]["length"] == 12
    resumed = await assistant.client.mutate(START, id=talk, input=begin)
    assert resumed["answer"]["length"] == 12

    end = keyed(tokens=42)
    ended = [await assistant.client.mutate(FINISH, id=answer["id"], input=end) for _ in range(3)]
    assert ended[0] == ended[1] == ended[2]
    assert ended[0]["message"] == {
        "id": answer["messageId"],
        "text": "It shines. ✨",
        "role": "ASSISTANT",
        "model": "m-1",
        "provider": "gemini",
        "tokens": 42,
        "metadata": {"tool": "search"},
        "replyTo": {"id": asked["id"]},
        "sender": {"id": assistant.id},
    }
    message = {"id": answer["messageId"]}
    assert ended[0]["answer"] == {"id": answer["id"], "state": "FINISHED", "message": message}
    assert ended[0]["conversation"] == {"messageCount": 2, "totalTokens": 42}
    over = (await assistant.client.mutate(START, id=talk, input=begin))["answer"]
    assert (over["state"], over["length"]) == ("FINISHED", 0)

    other = end | {"tokens": 43}
    refused = await refusal(assistant.client, FINISH, id=answer["id"], input=other)
    assert refused[0] == "CLIENT_KEY_REUSED"
    refused = await refusal(assistant.client, FINISH, id=answer["id"], input=keyed(tokens=42))
    assert refused[:2] == ("CONFLICT", ["answerId"])
    await world.settled_usage()
    used = (await me.client.run(USED))["viewer"]["usage"]
    assert used == {"totalTokens": 42, "totalMessages": 2}


async def test_the_text_that_is_given_in_the_end_is_the_message(world: World) -> None:
    me, assistant, talk = await consulted(world)
    answer = await started(assistant, talk, metadata={"draft": True})
    await appended(assistant, answer, "A first thought")
    final = keyed(text="A second thought.", tokens=0, metadata={"draft": False})
    ended = await assistant.client.mutate(FINISH, id=answer, input=final)
    assert ended["message"]["text"] == "A second thought."
    assert ended["message"]["metadata"] == {"draft": False}
    assert await said(me, talk) == ["A second thought."]


async def test_a_piece_that_does_not_fit_is_refused_with_the_length(world: World) -> None:
    _, assistant, talk = await consulted(world)
    answer = await started(assistant, talk)
    await appended(assistant, answer, "один ", "two")
    where = ["input", "offset"]

    for offset, text in ((9, "three"), (0, "five"), (7, "x"), (5, "twx")):
        code, field, message = await refusal(
            assistant.client, APPEND, id=answer, offset=offset, text=text
        )
        assert (code, field) == ("CONFLICT", where)
        assert message.endswith("has 8 characters.")
    for offset, text, code, name in (
        (-1, "x", "INVALID", "offset"),
        (8, "\0", "INVALID", "text"),
        (8, "x" * 9_993, "TOO_LONG", "text"),
    ):
        refused = await refusal(assistant.client, APPEND, id=answer, offset=offset, text=text)
        assert refused[:2] == (code, ["input", name])
    grown = await assistant.client.mutate(APPEND, id=answer, offset=8, text="x" * 9_992)
    assert grown["answer"]["length"] == 10_000


@pytest.mark.parametrize(
    ("values", "code", "name"),
    [
        ({"tokens": -1}, "INVALID", "tokens"),
        ({"tokens": 1}, "REQUIRED", "text"),
        ({"tokens": 1, "text": " "}, "REQUIRED", "text"),
        ({"tokens": 1, "text": "\x07"}, "INVALID", "text"),
        ({"tokens": 1, "text": "x" * 10_001}, "TOO_LONG", "text"),
        ({"tokens": 1, "text": "So.", "metadata": {"x": 2**70}}, "INVALID", "metadata"),
        ({"tokens": 1, "text": "So.", "metadata": []}, "INVALID", "metadata"),
    ],
)
async def test_what_breaks_a_rule_ends_nothing(
    values: Json, code: str, name: str, world: World
) -> None:
    me, assistant, talk = await consulted(world)
    answer, end = await started(assistant, talk), keyed(**values)
    refused = await refusal(assistant.client, FINISH, id=answer, input=end)
    assert refused[:2] == (code, ["input", name])
    assert await said(me, talk) == []
    # The key is free for what may be.
    right = end | {"tokens": 1, "text": "So.", "metadata": {}}
    await assistant.client.mutate(FINISH, id=answer, input=right)
    assert await said(me, talk) == ["So."]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"model": "x" * 101}, "TOO_LONG"),
        ({"provider": ""}, "REQUIRED"),
        ({"metadata": {"$x": 1}}, "INVALID"),
        ({"replyToId": "x"}, "NOT_FOUND"),
    ],
)
async def test_what_breaks_a_rule_starts_nothing(values: Json, code: str, world: World) -> None:
    _, assistant, talk = await consulted(world)
    begin = keyed(**values)
    assert await assistant.client.refused(START, id=talk, input=begin) == code
    await assistant.client.mutate(START, id=talk, input={"clientKey": begin["clientKey"]})


async def test_of_pieces_that_come_at_once_one_has_each_place(world: World) -> None:
    me, assistant, talk = await consulted(world)
    answer = await started(assistant, talk)
    for place in range(5):
        tries = [
            assistant.client.run(APPEND, id=answer, offset=place, text=letter)
            for letter in "abcdeabcde"
        ]
        found = [(await payload)["answerAppend"] for payload in asyncio.as_completed(tries)]
        # The same letter twice is one piece, told again.
        assert sum(not payload["errors"] for payload in found) == 2
    ended = await assistant.client.mutate(FINISH, id=answer, input=keyed(tokens=1))
    assert len(ended["message"]["text"]) == 5
    assert await said(me, talk) == [ended["message"]["text"]]


async def test_an_account_gives_one_answer_at_a_time_in_each_conversation(world: World) -> None:
    me, assistant, talk = await consulted(world)
    other = await world.direct(me, assistant)
    begins = [assistant.client.run(START, id=talk, input=keyed()) for _ in range(4)]
    found = [payload["answerStart"] for payload in await asyncio.gather(*begins)]
    codes = sorted(error["code"] for payload in found for error in payload["errors"])
    assert codes == ["CONFLICT"] * 3
    (answer,) = [payload["answer"]["id"] for payload in found if not payload["errors"]]

    await started(assistant, other)
    await assistant.client.mutate(CANCEL, id=answer, key="stop")
    await started(assistant, talk)


async def test_what_is_refused_leaves_no_answer(world: World, services: Services) -> None:
    me, assistant, talk = await consulted(world)
    begin = keyed()
    answer = (await assistant.client.mutate(START, id=talk, input=begin))["answer"]["id"]
    second = keyed()
    assert await assistant.client.refused(START, id=talk, input=second) == "CONFLICT"
    changed = begin | {"model": "m-2"}
    assert await assistant.client.refused(START, id=talk, input=changed) == "CLIENT_KEY_REUSED"
    await assistant.client.mutate(CANCEL, id=answer, key="stop")
    # The refused key was not used up, and stands for nothing.
    await assistant.client.mutate(START, id=talk, input=second | {"model": "m-2"})
    assert await me.client.refused(START, id=talk, input=keyed()) == "FORBIDDEN"
    assert await said(me, talk) == []


async def test_either_the_finish_or_the_cancel_wins(world: World) -> None:
    me, assistant, talk = await consulted(world)
    finished = 0
    for number in range(8):
        answer = await started(assistant, talk)
        await appended(assistant, answer, f"Answer {number}")
        stop, end = uuid4().hex, keyed(tokens=1)
        found = await asyncio.gather(
            assistant.client.run(FINISH, id=answer, input=end),
            me.client.run(CANCEL, id=answer, key=stop),
        )
        finish, cancel = (payload for data in found for payload in data.values())
        assert sorted(len(payload["errors"]) for payload in (finish, cancel)) == [0, 1]
        ((error,),) = [p["errors"] for p in (finish, cancel) if p["errors"]]
        assert error["code"] == "CONFLICT"
        finished += not finish["errors"]
        again = await assistant.client.run(FINISH, id=answer, input=end)
        assert again["answerFinish"]["message"] == finish["message"]
    assert len(await said(me, talk)) == finished


async def test_who_keeps_the_order_stops_an_answer(world: World, services: Services) -> None:
    owner, member, stranger = await world.users(3)
    assistant, admin = await world.user(UserRole.SERVICE), await world.user(UserRole.ADMIN)
    group = await world.group(owner, member, assistant)
    talk = await world.conversation_of(owner, group)
    answer = await started(assistant, talk)

    assert await member.client.refused(CANCEL, id=answer, key="a") == "FORBIDDEN"
    for one in (stranger, admin):
        assert await one.client.refused(CANCEL, id=answer, key="a") == "NOT_FOUND"
    for _ in range(2):
        stopped = await owner.client.mutate(CANCEL, id=answer, key="a")
        assert stopped["answer"] == {"id": answer, "state": "CANCELLED", "message": None}
    refused = await refusal(assistant.client, APPEND, id=answer, offset=0, text="But")
    assert refused == ("CONFLICT", ["answerId"], "The answer was cancelled before.")
    assert await owner.client.refused(CANCEL, id=answer, key="b") == "CONFLICT"
    audited = """query($id: ID!) { auditEvents(filter: {objectId: $id}) {
      nodes { action objectType actor { id } } } }"""
    found = await admin.client.run(audited, id=answer)
    assert found["auditEvents"]["nodes"] == [
        {"action": "answerCancel", "objectType": "Answer", "actor": {"id": owner.id}}
    ]


async def test_an_account_that_was_removed_says_nothing_more(world: World) -> None:
    owner, assistant = await world.user(), await world.user(UserRole.SERVICE)
    other = await world.user(UserRole.SERVICE)
    group = await world.group(owner, assistant, other)
    talk = await world.conversation_of(owner, group)
    answer = await started(assistant, talk)
    end = keyed(text="So.", tokens=1)
    assert await other.client.refused(APPEND, id=answer, offset=0, text="x") == "FORBIDDEN"
    assert await other.client.refused(FINISH, id=answer, input=end) == "FORBIDDEN"
    await owner.client.mutate(MEMBER_REMOVE, group=group, user=assistant.id, key="out")

    attempts: list[tuple[str, Json]] = [
        (APPEND, {"offset": 0, "text": "So"}),
        (FINISH, {"input": end}),
        (CANCEL, {"key": "stop"}),
    ]
    for query, given in attempts:
        assert await assistant.client.refused(query, id=answer, **given) == "NOT_FOUND"
    assert await assistant.client.refused(START, id=talk, input=keyed()) == "NOT_FOUND"
    assert await said(owner, talk) == []


async def test_saying_so_too_often_is_refused(world: World) -> None:
    _, assistant, talk = await consulted(world)
    begin = keyed()
    codes: set[str] = set()
    for _ in range(121):  # two windows' worth, if one ends meanwhile
        found = await assistant.client.run(START, id=talk, input=begin)
        codes |= {error["code"] for error in found["answerStart"]["errors"]}
    assert codes == {"RATE_LIMITED"}


async def test_old_answers_are_forgotten_and_their_messages_stay(
    world: World, services: Services
) -> None:
    me, assistant, talk = await consulted(world)
    begin = keyed()
    answer = (await assistant.client.mutate(START, id=talk, input=begin))["answer"]["id"]
    await assistant.client.mutate(FINISH, id=answer, input=keyed(text="So.", tokens=1))
    await forget_answers(services.main, timedelta(days=1))
    refused = await assistant.client.refused(CANCEL, id=answer, key="x")
    assert refused == "CONFLICT"
    row, aged = Answer, func.now() - timedelta(days=2)
    async with services.main.begin() as tx:
        key = uuid_of(answer, "Answer", field=[])
        await tx.execute(update(row).where(row.id == key).values(created_at=aged))
    await forget_answers(services.main, timedelta(days=1))
    assert await assistant.client.refused(CANCEL, id=answer, key="x") == "NOT_FOUND"
    assert await said(me, talk) == ["So."]
    # Its key is forgotten too, but what it led to is in the log for ever.
    async with services.main.begin() as tx:
        await tx.execute(delete(ClientRequest).filter_by(client_key=begin["clientKey"]))
    refused = await assistant.client.refused(START, id=talk, input=begin)
    assert refused == "CLIENT_KEY_REUSED"
    await started(assistant, talk)
