"""Clients that leave in the middle: what was asked for is finished or dropped; nothing leaks."""

import asyncio
import gc
from contextlib import suppress
from random import Random
from typing import Any
from uuid import uuid4

from app.services import Services
from tests.chat.operations import EDIT, REACT
from tests.factories import SEND, Person, World
from tests.matrix.faults import all_returned
from tests.subscriptions.streams import EVENTS

SCREEN = """query($id: ID!) { conversation(id: $id) { unreadCount participants { nodes { name } }
  messages(last: 50) { nodes { text sender { name } readBy { nodes { name } } } } } }"""
NUMBERS = """query($id: ID!) { conversation(id: $id) { messageCount
  messages(last: 100) { nodes { seq number text } } } }"""
TIMES = 50


async def leave(asking: Any, after: float) -> None:
    """Begin to ask, and be gone a moment later."""
    with suppress(TimeoutError):
        async with asyncio.timeout(after):
            await asking


async def listen(person: Person, talk: str) -> None:
    async with person.client.subscribe(EVENTS, id=talk) as stream:
        await stream.next()


async def test_clients_that_leave_leave_nothing_behind(world: World, services: Services) -> None:
    ada, ben = await world.users(2)
    talk = await world.direct(ada, ben)
    (message,) = await world.say(ada, talk, "stays")
    failed: list[dict[str, Any]] = []
    gc.collect()  # what others left is theirs
    loop, random = asyncio.get_running_loop(), Random(7)
    loop.set_exception_handler(lambda _, context: failed.append(context))
    try:
        for number in range(TIMES):
            key = uuid4().hex
            edited = {"id": message["id"], "text": f"edited {number}", "key": key}
            asked = [
                ada.client.send(SCREEN, id=talk),
                ben.client.send(SEND, id=talk, text=key, key=key),
                ada.client.send(EDIT, **edited),
                ben.client.send(REACT, id=message["id"], emoji="👍", key=key),
                listen(ada, talk),
            ]
            await asyncio.gather(*(leave(each, random.uniform(0, 0.1)) for each in asked))
        await all_returned(services)
        gc.collect()
    finally:
        loop.set_exception_handler(None)

    assert not failed
    found = (await ben.client.run(NUMBERS, id=talk))["conversation"]
    sent = found["messages"]["nodes"]
    assert [node["number"] for node in sent] == list(range(1, found["messageCount"] + 1))
    assert len({node["text"] for node in sent}) == len(sent)
    # Whatever was held is free: the same can be done at once.
    async with asyncio.timeout(20):
        await ada.client.mutate(EDIT, id=message["id"], text="at last", key="last")
        await world.say(ben, talk, "after all")
