"""The end of a group: what stays, for whom, and what races with it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.chat import operations as chat
from tests.factories import (
    ACCEPT,
    GROUP_CREATE,
    GROUP_DELETE,
    INVITE,
    MEMBER_ADD,
    SEND,
    World,
)
from tests.subscriptions.streams import EVENTS, start

pytestmark = pytest.mark.covers("D3")

SHOWN = "query($id: ID!) { group(id: $id) { deletedAt memberIds parent { id } } }"


def key() -> str:
    return uuid4().hex


async def test_what_is_sent_while_a_group_is_deleted_is_before_its_end_or_refused(
    world: World,
) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada, ben)
    talk = await world.conversation_of(ada, group)
    heard: list[int] = []

    async def send(number: int) -> None:
        if number == 6:
            await ada.client.mutate(GROUP_DELETE, id=group, key=key())
            return
        answer = await ben.client.run(SEND, id=talk, text=f"{number}", key=key())
        payload = answer["messageSend"]
        if payload["message"] is None:
            assert [error["code"] for error in payload["errors"]] == ["CONFLICT"]
        else:
            heard.append(payload["message"]["seq"])

    await asyncio.gather(*(send(number) for number in range(16)))
    async with ben.client.subscribe(EVENTS, id=talk, after=start(talk)) as stream:
        events = await stream.take(len(heard) + 3)  # the start, the member, and the end
    *before, end = events
    assert end["__typename"] == "MembersChanged"
    assert sorted(heard) == [e["seq"] for e in before if e["__typename"] == "MessageSent"]


async def test_what_was_said_in_a_deleted_group_stays_as_it_is(world: World) -> None:
    ada, ben = await world.users(2)
    group = await world.group(ada, ben)
    talk = await world.conversation_of(ada, group)
    (message,) = await world.say(ada, talk, "It was good.")
    await ada.client.mutate(GROUP_DELETE, id=group, key=key())
    for change, values in (
        (chat.EDIT, {"text": "It was not."}),
        (chat.DELETE, {}),
        (chat.REACT, {"emoji": "🎉"}),
        (chat.PIN, {}),
    ):
        refused = await ada.client.refused(change, id=message["id"], key=key(), **values)
        assert refused == "CONFLICT"
    found = (await ben.client.run(chat.MESSAGE, id=message["id"]))["node"]
    assert (found["text"], found["reactions"], found["isPinned"]) == ("It was good.", [], False)


async def test_nobody_comes_into_a_group_that_is_being_deleted(world: World) -> None:
    ada, *people = await world.users(6)
    group = await world.group(ada)
    bids = {}
    for person in people[:3]:
        made = await ada.client.mutate(INVITE, group=group, user=person.id, key=key())
        bids[person.id] = made["groupInvitation"]["id"]

    async def come(place: int) -> bool:
        person = people[place]
        if place < 3:
            answer = await person.client.run(ACCEPT, id=bids[person.id], key=key())
        else:
            answer = await ada.client.run(MEMBER_ADD, group=group, user=person.id, key=key())
        (payload,) = answer.values()
        return not payload["errors"]

    *came, _ = await asyncio.gather(
        *(come(place) for place in range(5)),
        ada.client.mutate(GROUP_DELETE, id=group, key=key()),
    )
    belong = {ada.id} | {p.id for p, is_in in zip(people, came, strict=True) if is_in}
    found = (await ada.client.run(SHOWN, id=group))["group"]
    assert found["deletedAt"] is not None
    assert set(found["memberIds"]) == belong
    state = "query($id: ID!) { node(id: $id) { ... on GroupInvitation { state } } }"
    for person, is_in in zip(people[:3], came, strict=False):
        bid: Any = await person.client.run(state, id=bids[person.id])
        assert bid["node"]["state"] == ("ACCEPTED" if is_in else "REVOKED")


async def test_groups_founded_below_one_that_is_deleted_stand_above_nothing_gone(
    world: World,
) -> None:
    ada = await world.user()
    top = await world.group(ada)
    made = await ada.client.mutate(GROUP_CREATE, name="Server", parent=top, key=key())
    server = made["group"]["id"]
    founding = [
        ada.client.run(GROUP_CREATE, name="Channel", parent=server, key=key()) for _ in range(6)
    ]
    *founded, _ = await asyncio.gather(
        *founding, ada.client.mutate(GROUP_DELETE, id=server, key=key())
    )
    for answer in founded:
        payload = answer["groupCreate"]
        if payload["group"] is None:
            assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]
        else:
            found = await ada.client.run(SHOWN, id=payload["group"]["id"])
            assert found["group"]["parent"] == {"id": top}
