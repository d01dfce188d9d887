"""Many at once: what is acknowledged is there once, in one order, and for those it is for."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.factories import (
    GROUP_CREATE,
    MEMBER_ADD,
    MEMBER_REMOVE,
    SEND,
    START_DIRECT,
    Person,
    World,
)

NUMBERS = """query($id: ID!) { conversation(id: $id) {
  messageCount unreadCount participants { nodes { id } }
  messages(last: 100) { nodes { seq text } } } }"""
MEMBERS = "query($id: ID!) { group(id: $id) { memberCount members { nodes { user { id } } } } }"
KINDS = {
    "direct": "conversationStart(input: {kind: DIRECT, userId: $user, clientKey: $key})"
    " { conversation { id } errors { code } }",
    "assistant": "conversationStart(input: {kind: ASSISTANT, clientKey: $key})"
    " { conversation { id } errors { code } }",
    "group": 'groupCreate(input: {name: "x", clientKey: $key}) { group { id } errors { code } }',
    "product": 'productCreate(input: {title: "x", description: "x", cause: GRIEF_CARE, mrp: "2",'
    ' sellingPrice: "1", productUrl: "https://example.org/", clientKey: $key})'
    " { product { id } errors { code } }",
}


@pytest.mark.covers("A14")
async def test_parallel_sends_are_dense_and_all_there(world: World) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    senders = [ada, ben] * 30

    async def send(number: int, sender: Person) -> Any:
        text = f"number {number}"
        sent = await sender.client.mutate(SEND, id=conversation, text=text, key=str(number))
        return sent["message"]["seq"], text

    acknowledged = await asyncio.gather(*(send(n, s) for n, s in enumerate(senders)))
    found = (await ada.client.run(NUMBERS, id=conversation))["conversation"]
    assert found["messageCount"] == 60
    assert [(m["seq"], m["text"]) for m in found["messages"]["nodes"]] == sorted(acknowledged)
    assert sorted(seq for seq, _ in acknowledged) == list(range(2, 62))


async def test_one_key_in_parallel_with_two_bodies_sends_one(world: World) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    texts = ["this", "that"] * 8
    answers = await asyncio.gather(
        *(ada.client.run(SEND, id=conversation, text=text, key="same") for text in texts)
    )
    payloads = [answer["messageSend"] for answer in answers]
    said = {p["message"]["text"] for p in payloads if p["message"]}
    codes = {e["code"] for p in payloads for e in p["errors"]}
    assert len(said) == 1
    assert codes == {"CLIENT_KEY_REUSED"}
    found = (await ben.client.run(NUMBERS, id=conversation))["conversation"]
    assert [m["text"] for m in found["messages"]["nodes"]] == list(said)


@pytest.mark.parametrize("kind", KINDS)
async def test_one_key_in_parallel_makes_one(world: World, kind: str) -> None:
    ada, ben = await world.users(2)
    declared = "$key: String!, $user: ID!" if kind == "direct" else "$key: String!"
    given = {"user": ben.id} if kind == "direct" else {}
    mutation = f"mutation({declared}) {{ {KINDS[kind]} }}"
    answers = await asyncio.gather(
        *(ada.client.mutate(mutation, key="same", **given) for _ in range(12))
    )
    assert len({str(answer) for answer in answers}) == 1


async def test_pair_that_starts_from_both_sides_has_one_conversation(world: World) -> None:
    ada, ben = await world.users(2)
    pairs = [(ada, ben), (ben, ada)] * 6
    started = await asyncio.gather(
        *(one.client.mutate(START_DIRECT, user=other.id, key=uuid4().hex) for one, other in pairs)
    )
    assert len({answer["conversation"]["id"] for answer in started}) == 1


async def test_equal_keys_of_two_users_and_two_mutations_are_apart(world: World) -> None:
    ada, ben = await world.users(2)
    conversation = await world.direct(ada, ben)
    for person in (ada, ben):
        sent = await person.client.mutate(SEND, id=conversation, text=person.name, key="k")
        assert sent["message"]["text"] == person.name
        made = await person.client.mutate(GROUP_CREATE, name=person.name, key="k")
        added = {"group": made["group"]["id"], "user": (ben if person is ada else ada).id}
        await person.client.mutate(MEMBER_ADD, **added, key="k")
        gone = await person.client.mutate(MEMBER_REMOVE, **added, key="k")
        assert gone["group"]["memberCount"] == 1


async def test_members_come_and_go_while_everybody_speaks(world: World) -> None:
    ada, ben, eve = await world.users(3)
    group = await world.group(ada, ben)
    conversation = await world.conversation_of(ada, group)
    heard: list[int] = []

    async def change(member: Person, times: int) -> None:
        for _ in range(times):
            await ada.client.run(MEMBER_ADD, group=group, user=member.id, key=uuid4().hex)
            await ada.client.run(MEMBER_REMOVE, group=group, user=member.id, key=uuid4().hex)

    async def speak(person: Person, times: int) -> None:
        for number in range(times):
            text = f"{person.name} {number}"
            answer = await person.client.run(SEND, id=conversation, text=text, key=uuid4().hex)
            payload = answer["messageSend"]
            if payload["message"] is not None:
                heard.append(payload["message"]["seq"])
            else:
                assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]

    await asyncio.gather(
        *(change(eve, 5) for _ in range(2)), *(speak(person, 10) for person in (ada, ben, eve))
    )
    # The last change took Eve away, wherever it is looked up.
    members = (await ada.client.run(MEMBERS, id=group))["group"]
    found = (await ada.client.run(NUMBERS, id=conversation))["conversation"]
    everybody = {ada.id, ben.id}
    assert {node["user"]["id"] for node in members["members"]["nodes"]} == everybody
    assert members["memberCount"] == 2
    assert {node["id"] for node in found["participants"]["nodes"]} == everybody
    assert [m["seq"] for m in found["messages"]["nodes"]] == sorted(heard)
    assert found["messageCount"] == len(heard)
    assert await eve.client.refused(SEND, id=conversation, text="x", key="k") == "NOT_FOUND"


async def test_member_added_twice_at_once_is_added_once(world: World) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada)
    await asyncio.gather(
        *(
            ada.client.mutate(MEMBER_ADD, group=group, user=ben.id, key=uuid4().hex)
            for _ in range(6)
        )
    )
    assert (await ada.client.run(MEMBERS, id=group))["group"]["memberCount"] == 2
    conversation = await world.conversation_of(ben, group)
    (message,) = await world.say(ben, conversation, "here")
    assert message["seq"] == 3  # after the start, and one change
