"""What is lost in Redis, and hints that do not come: nobody waits for ever, and nothing is half."""

import asyncio

import pytest

from app.answers import scripts
from app.api.ids import uuid_of
from tests.answers.conftest import TTL
from tests.answers.operations import (
    APPEND,
    DELTAS,
    FINISH,
    START,
    appended,
    consulted,
    keyed,
    read_out,
    read_to,
    said,
    started,
)
from tests.subscriptions.conftest import Node, OwnRedis
from tests.subscriptions.streams import until


@pytest.mark.covers("B4")
async def test_an_answer_that_nobody_goes_on_with_is_abandoned(node: Node) -> None:
    me, assistant, talk = await consulted(node.world)
    begin = keyed()
    answer = (await assistant.client.mutate(START, id=talk, input=begin))["answer"]["id"]
    async with me.client.subscribe(DELTAS, id=talk) as stream:
        await appended(assistant, answer, "Half an")
        text, _ = await read_to(stream, 7)
        # Nothing at all keeps it alive, for as long as ever.
        key = f"answer:{uuid_of(answer, 'Answer', field=[])}"
        await node.services.redis.client.persist(key)
        await assistant.client.mutate(APPEND, id=answer, offset=7, text="")
        assert 0 < await node.services.redis.client.pttl(key) <= TTL * 1000
        _, ended = await read_out(stream, text)
        assert ended["state"] == "ABANDONED"
        # Started with the same key it begins anew, and is told anew.
        again = await assistant.client.mutate(START, id=talk, input=begin)
        assert (again["answer"]["id"], again["answer"]["length"]) == (answer, 0)
        await appended(assistant, answer, "A whole answer")
        assert (await read_to(stream, 14))[0] == "A whole answer"
        await assistant.client.mutate(FINISH, id=answer, input=keyed(tokens=1))
        assert (await read_out(stream, "A whole answer"))[1]["state"] == "FINISHED"
    assert await said(me, talk) == ["A whole answer"]


async def test_hints_that_never_come_cost_a_moment(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, assistant, talk = await consulted(node.world)
    for name in ("BEGIN", "APPEND", "END"):
        silent = getattr(scripts, name).replace("PUBLISH', KEYS[2]", "ECHO'")
        monkeypatch.setattr(scripts, name, silent)
    async with me.client.subscribe(DELTAS, id=talk) as stream:
        answer = await started(assistant, talk)
        assert (await stream.next())["text"] == ""
        await appended(assistant, answer, "Un", "heard")
        assert (await read_to(stream, 7))[0] == "Unheard"
        await assistant.client.mutate(FINISH, id=answer, input=keyed(tokens=1))
        _, ended = await read_out(stream, "Unheard")
        assert ended["state"] == "FINISHED"


async def test_a_broken_subscription_misses_nothing(node: Node) -> None:
    me, assistant, talk = await consulted(node.world)
    answer = await started(assistant, talk)
    length = 0
    async with me.client.subscribe(DELTAS, id=talk) as stream:
        text, _ = await read_to(stream, length)
        for piece in ("one ", "two ", "three"):
            await node.services.redis.client.client_kill_filter(_type="pubsub")
            given = {"id": answer, "offset": length, "text": piece}
            length = (await assistant.client.mutate(APPEND, **given))["answer"]["length"]
            text, _ = await read_to(stream, length, text)
        assert text == "one two three"


async def test_an_emptied_redis_is_told_as_abandonment(node: Node) -> None:
    me, assistant, talk = await consulted(node.world)
    begin = keyed()
    answer = (await assistant.client.mutate(START, id=talk, input=begin))["answer"]["id"]
    async with me.client.subscribe(DELTAS, id=talk) as stream:
        await appended(assistant, answer, "Lost")
        text, _ = await read_to(stream, 4)
        await node.services.redis.client.flushall()
        # Begun anew at once: another text must not be taken for the rest of the first.
        await assistant.client.mutate(START, id=talk, input=begin)
        await appended(assistant, answer, "Found again")
        assert (await read_out(stream, text))[1]["state"] == "ABANDONED"
        assert (await read_to(stream, 11))[0] == "Found again"


async def test_without_redis_an_answer_is_finished_and_nobody_waits(
    node: Node, own_redis: OwnRedis
) -> None:
    me, assistant, talk = await consulted(node.world)
    answer, lost = await started(assistant, talk), await node.world.direct(me, assistant)
    other = await started(assistant, lost)
    async with (
        me.client.subscribe(DELTAS, id=talk) as stream,
        me.client.subscribe(DELTAS, id=lost) as losing,
    ):
        await appended(assistant, answer, "It is")
        await read_to(stream, 5)
        await losing.next()
        await asyncio.to_thread(own_redis.stop)
        await until(lambda: node.services.bus._connection is None)
        begin = {"id": lost, "input": keyed()}
        assert await assistant.client.refused(START, **begin) == "UNAVAILABLE"
        more = {"id": answer, "offset": 5, "text": " so"}
        assert await assistant.client.refused(APPEND, **more) == "UNAVAILABLE"
        end = keyed(tokens=1)
        assert await assistant.client.refused(FINISH, id=answer, input=end) == "UNAVAILABLE"
        assert await said(me, talk) == []
        # Nothing was decided, so that the same key may bring the text.
        for _ in range(2):
            whole = {"id": answer, "input": end | {"text": "It is so."}}
            await assistant.client.mutate(FINISH, **whole)
        assert await said(me, talk) == ["It is so."]
        assert (await read_out(stream, "It is"))[1]["state"] == "FINISHED"
        assert (await read_out(losing))[1]["state"] == "ABANDONED"

        await asyncio.to_thread(own_redis.start)
        await until(lambda: node.services.bus._connection is not None)
        await assistant.client.mutate(START, **begin)
        assert (await losing.next())["answer"]["id"] != other
