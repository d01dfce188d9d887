"""Who looks on while an answer grows: from the middle, slowly, from elsewhere, again, no more."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from functools import partial

import pytest

from app.answers.live import AnswerFeed
from app.answers.subscriptions import message_deltas
from app.api.ids import uuid_of
from app.services import Services
from app.settings import Settings
from app.users.models import UserRole
from tests.answers.operations import (
    APPEND,
    CANCEL,
    DELTAS,
    FINISH,
    appended,
    consulted,
    keyed,
    read_out,
    read_to,
    started,
)
from tests.client import Client
from tests.factories import MEMBER_REMOVE, Person, World
from tests.server import serve_apart
from tests.subscriptions.streams import EVENTS, errors, start, until

PIECES = ["It ", "shines ", "by ", "night", ". 🌙"]
TEXT = "".join(PIECES)


async def test_an_answer_grows_before_everybodys_eyes(world: World) -> None:
    me, assistant, talk = await consulted(world)
    async with (
        me.client.subscribe(DELTAS, id=talk) as mine,
        assistant.client.subscribe(DELTAS, id=talk) as own,
        me.client.subscribe(EVENTS, id=talk, after=start(talk)) as events,
    ):
        assert (await events.next())["seq"] == 1
        answer = await started(assistant, talk)
        first = await mine.next()
        assert (first["answer"]["id"], first["offset"], first["text"]) == (answer, 0, "")
        await appended(assistant, answer, *PIECES)
        text, deltas = await read_to(mine, len(TEXT))
        assert text == TEXT
        assert {delta["answer"]["id"] for delta in deltas} == {answer}
        await assistant.client.mutate(FINISH, id=answer, input=keyed(tokens=3))

        rest, ended = await read_out(mine, text)
        assert rest == TEXT
        assert ended["state"] == "FINISHED"
        # The message is where the growing text stood.
        assert ended["message"] == {"id": ended["messageId"], "text": TEXT}
        assert (await read_out(own))[0] == TEXT
        # Of all that the log has one entry, and so no gap.
        sent = await events.next()
        assert (sent["seq"], sent["message"]["text"]) == (2, TEXT)
        assert await events.is_silent(0.1)
        assert await mine.is_silent(0.1)


async def test_who_comes_in_the_middle_is_told_what_there_is(world: World) -> None:
    me, assistant, talk = await consulted(world)
    answer = await started(assistant, talk)
    length = await appended(assistant, answer, *PIECES[:3])
    for _ in range(2):  # and so is who comes back
        async with me.client.subscribe(DELTAS, id=talk) as stream:
            delta = await stream.next()
            assert (delta["offset"], delta["text"]) == (0, "".join(PIECES[:3]))
            assert delta["answer"]["length"] == length
    async with me.client.subscribe(DELTAS, id=talk) as stream:
        text, _ = await read_to(stream, length)
        for piece in PIECES[3:]:
            given = {"id": answer, "offset": length, "text": piece}
            length = (await assistant.client.mutate(APPEND, **given))["answer"]["length"]
        assert (await read_to(stream, length, text))[0] == TEXT
        await me.client.mutate(CANCEL, id=answer, key="stop")
        _, ended = await read_out(stream, TEXT)
        assert (ended["state"], ended["message"]) == ("CANCELLED", None)
    async with me.client.subscribe(DELTAS, id=talk) as stream:
        assert await stream.is_silent()


async def test_a_slow_reader_is_told_in_one_piece_what_has_piled_up(
    world: World, services: Services
) -> None:
    me, assistant, talk = await consulted(world)
    answer = await started(assistant, talk)
    key = uuid_of(talk, "Conversation", field=[])
    async with aclosing(message_deltas(services, me.viewer, key)) as deltas:
        begun = await anext(deltas)
        assert (begun.offset, begun.text) == (0, "")
        for _ in range(3):
            before = begun.answer.length
            pieces = [f"{number} " for number in range(40)]
            length = before
            for piece in pieces:
                given = {"id": answer, "offset": length, "text": piece}
                length = (await assistant.client.mutate(APPEND, **given))["answer"]["length"]
            feed = services.answers._feeds[key]
            await until(partial(_is_heard, feed, length))
            begun = await anext(deltas)
            assert (begun.offset, begun.text) == (before, "".join(pieces))
            assert begun.answer.length == length


def _is_heard(feed: AnswerFeed, length: int) -> bool:
    return [len(growing.text) for growing in feed.growing.values()] == [length]


async def appended_by_letter(assistant: Person, answer: str, text: str) -> None:
    await appended(assistant, answer, *text)


async def test_two_answers_at_once_are_told_apart(world: World) -> None:
    owner, *others = [await world.user(role) for role in (UserRole.USER, *[UserRole.SERVICE] * 2)]
    group = await world.group(owner, *others)
    talk = await world.conversation_of(owner, group)
    answers = [await started(other, talk) for other in others]
    texts = ["one" * 20, "other" * 20]
    grown = dict.fromkeys(answers, "")
    async with owner.client.subscribe(DELTAS, id=talk) as stream:
        await asyncio.gather(*map(appended_by_letter, others, answers, texts))
        while grown != dict(zip(answers, texts, strict=True)):
            delta = await stream.next()
            answer = delta["answer"]["id"]
            assert delta["offset"] == len(grown[answer])
            grown[answer] += delta["text"]


async def test_who_was_removed_is_told_nothing_more(world: World) -> None:
    owner, member, stranger = await world.users(3)
    assistant = await world.user(UserRole.SERVICE)
    group = await world.group(owner, member, assistant)
    talk = await world.conversation_of(owner, group)
    answer = await started(assistant, talk)
    async with (
        owner.client.subscribe(DELTAS, id=talk) as owners,
        member.client.subscribe(DELTAS, id=talk) as members,
    ):
        for stream in (owners, members):
            assert (await stream.next())["text"] == ""
        await owner.client.mutate(MEMBER_REMOVE, group=group, user=member.id, key="out")
        assert (await members.end())["type"] == "complete"
        await appended(assistant, answer, TEXT)
        assert (await read_to(owners, len(TEXT)))[0] == TEXT
    for nobody in (member, stranger):
        async with nobody.client.subscribe(DELTAS, id=talk) as stream:
            assert await errors(stream) == [("NOT_FOUND", ["conversationId"])]


async def test_a_client_that_leaves_leaves_nothing_behind(world: World, services: Services) -> None:
    me, assistant, talk = await consulted(world)
    await started(assistant, talk)
    for _ in range(2):
        async with me.client.subscribe(DELTAS, id=talk) as stream:
            await stream.next()
    key = uuid_of(talk, "Conversation", field=[])
    await until(lambda: key not in services.answers._feeds and key not in services.live._feeds)
    await until(lambda: not any(str(key) in channel for channel in services.bus._listeners))


@pytest.mark.covers("C26")
async def test_what_grows_in_one_process_is_told_in_another(
    world: World, settings: Settings
) -> None:
    me, assistant, talk = await consulted(world)
    async with (
        serve_apart(settings, ANSWER_TTL="3") as (elsewhere, process),
        Client(elsewhere, assistant.token) as far,
        me.client.subscribe(DELTAS, id=talk) as stream,
    ):
        answer = await started(replace(assistant, client=far), talk)
        await appended(replace(assistant, client=far), answer, *PIECES)
        text, _ = await read_to(stream, len(TEXT))
        assert text == TEXT
        # The process dies with what wrote the answer: nobody is left with half of it.
        process.kill()
        _, ended = await read_out(stream, TEXT)
        assert (ended["state"], ended["message"]) == ("ABANDONED", None)

    given = {"id": answer, "offset": len(TEXT), "text": "?"}
    assert await assistant.client.refused(APPEND, **given) == "CONFLICT"
    assert await assistant.client.refused(FINISH, id=answer, input=keyed(tokens=1)) == "REQUIRED"
    whole = keyed(tokens=1, text=f"{TEXT}!")
    done = await assistant.client.mutate(FINISH, id=answer, input=whole)
    assert done["message"]["text"] == f"{TEXT}!"
    assert done["answer"]["message"] == {"id": ended["messageId"]}
