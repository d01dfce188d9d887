"""Full-text search finds what the viewer may read, newest first, and nothing else."""

import random
from datetime import datetime
from typing import Any

import pytest

from app.chat import search
from tests.chat.operations import DELETE, EDIT
from tests.client import Client, Json
from tests.factories import MEMBER_REMOVE, SEND, Person, World

SEARCH = """query($words: String!, $filter: MessageSearchFilter, $first: Int, $after: String,
    $last: Int, $before: String) {
  messageSearch(query: $words, filter: $filter, first: $first, after: $after, last: $last,
    before: $before) {
    nodes { id text createdAt sender { id } conversation { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""

WORDS = ["lamp", "bowl", "garden", "river", "stone"]


async def found(client: Client, query: str, **variables: Any) -> list[str]:
    page = (await client.run(SEARCH, words=query, **variables))["messageSearch"]
    return [node["text"] for node in page["nodes"]]


async def code(client: Client, query: str, **variables: Any) -> str:
    (error,) = (await client.send(SEARCH, words=query, **variables))["errors"]
    found: str = error["extensions"]["code"]
    return found


async def walk(client: Client, query: str, size: int, *, backward: bool, **variables: Any) -> Any:
    texts: list[str] = []
    cursor = None
    while True:
        window = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        page = (await client.run(SEARCH, words=query, **window, **variables))["messageSearch"]
        some = [node["text"] for node in page["nodes"]]
        texts = [*some, *texts] if backward else [*texts, *some]
        info = page["pageInfo"]
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            return texts
        cursor = info["startCursor" if backward else "endCursor"]


@pytest.fixture
async def pair(world: World) -> tuple[Person, Person, str]:
    one, other = await world.users(2)
    return one, other, await world.direct(one, other)


async def test_what_a_message_says_no_more_is_not_found(pair: tuple[Person, Person, str]) -> None:
    one, other, talk = pair
    sent = await one.client.mutate(SEND, id=talk, text="a lamp", key="k")
    message = sent["message"]["id"]
    await one.client.mutate(EDIT, id=message, text="a bowl", key="k")
    assert [await found(other.client, word) for word in ("lamp", "bowl")] == [[], ["a bowl"]]
    await one.client.mutate(DELETE, id=message, key="k")
    within = {"filter": {"conversationId": talk, "senderId": one.id}}
    for word in ("lamp", "bowl"):
        assert await found(other.client, word) == await found(other.client, word, **within) == []


async def test_words_phrases_alternatives_and_exclusions(pair: tuple[Person, Person, str]) -> None:
    one, other, talk = pair
    world_texts = ["The river stone", "Stone by the river", "A lamp", "LAMP and bowl"]
    for text in world_texts:
        await one.client.mutate(SEND, id=talk, text=text, key=text)
    first, second, third, fourth = world_texts
    assert await found(other.client, "river stone") == [second, first]
    assert await found(other.client, '"river stone"') == [first]
    assert await found(other.client, "lamp -bowl") == [third]
    assert await found(other.client, "bowl or phrase") == [fourth]
    assert await found(other.client, "nowhere") == []


async def test_every_page_of_random_messages_is_what_a_reader_would_find(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(7)
    reader, *others = await world.users(3)
    talks = [await world.direct(reader, other) for other in others]
    hidden = await world.direct(*others)
    sent: list[Json] = []
    for number in range(60):
        place = rng.randrange(2)
        text = f"{' '.join(rng.choices(WORDS, k=3))} {number}"
        sender = rng.choice([reader, others[place]])
        (message,) = await world.say(sender, talks[place], text)
        sent.append({"text": text, "talk": talks[place], "sender": sender.id, "id": message["id"]})
        if number % 10 == 0:
            await world.say(others[0], hidden, text)
    times = {m["text"]: datetime.fromisoformat(m["createdAt"]) for m in await everything(reader)}
    middle = sorted(times.values())[30]
    plans = (search._scan, search._read_through, search._indexed)
    for plan in plans:
        plan.cache_clear()
    for nearest, at_most in ((2_000, 40_000), (1, 0), (2, 100), (5, 7)):
        monkeypatch.setattr(search, "_NEAREST", nearest)
        monkeypatch.setattr(search, "_AT_MOST", at_most)
        for _ in range(6):
            word = rng.choice(WORDS)
            filters: Json = {}
            kept = [m for m in sent if word in m["text"].split()]
            if rng.random() < 0.5:
                filters["conversationId"] = rng.choice(talks)
                kept = [m for m in kept if m["talk"] == filters["conversationId"]]
            if rng.random() < 0.3:
                filters["senderId"] = reader.id
                kept = [m for m in kept if m["sender"] == reader.id]
            if rng.random() < 0.3:
                filters["createdFrom"] = middle.isoformat()
                kept = [m for m in kept if times[m["text"]] >= middle]
            elif rng.random() < 0.3:
                filters["createdBefore"] = middle.isoformat()
                kept = [m for m in kept if times[m["text"]] < middle]
            expected = [m["text"] for m in reversed(kept)]
            size, backward = rng.choice([1, 3, 7, 50]), rng.random() < 0.5
            texts = await walk(reader.client, word, size, backward=backward, filter=filters)
            assert texts == expected, (word, filters, size, backward, nearest)
    assert all(plan.cache_info().misses for plan in plans)


async def everything(reader: Person) -> list[Json]:
    query = " or ".join(WORDS)
    page = await reader.client.run(SEARCH, words=query, first=100)
    nodes: list[Json] = page["messageSearch"]["nodes"]
    return nodes


async def test_a_former_member_finds_nothing_of_the_group(world: World) -> None:
    owner, member = await world.users(2)
    group = await world.group(owner, member)
    talk = await world.conversation_of(owner, group)
    await world.say(owner, talk, "the heron is back")
    assert await found(member.client, "heron") == ["the heron is back"]
    await owner.client.mutate(MEMBER_REMOVE, group=group, user=member.id, key="away")
    assert await found(member.client, "heron") == []
    assert await code(member.client, "heron", filter={"conversationId": talk}) == "NOT_FOUND"


async def test_a_strangers_conversation_is_not_found(
    world: World, pair: tuple[Person, Person, str]
) -> None:
    stranger = await world.user()
    assert await code(stranger.client, "x", filter={"conversationId": pair[2]}) == "NOT_FOUND"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "REQUIRED"),
        ("   ", "REQUIRED"),
        ("-lamp", "INVALID"),
        ("!!! & | ()", "INVALID"),
        ("a" * 201, "TOO_LONG"),
        ("a\0b", "INVALID"),
    ],
)
async def test_a_query_that_names_nothing_is_refused(
    world: World, query: str, expected: str
) -> None:
    person = await world.user()
    assert await code(person.client, query) == expected


@pytest.mark.parametrize(
    "query", ["a & | ! <-> b:*", "''", '"unclosed', "\\", "or or or", "a:ABCD", "%_", "é ё 字 😀"]
)
async def test_operators_of_the_store_are_words_or_nothing(world: World, query: str) -> None:
    person = await world.user()
    answer = await person.client.send(SEARCH, words=query)
    codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
    assert codes in ([], ["INVALID"])


async def test_nobody_signed_in_searches_nothing(anonymous: Client) -> None:
    assert await code(anonymous, "lamp") == "UNAUTHENTICATED"


async def test_a_cursor_of_another_list_is_refused(world: World) -> None:
    person = await world.user()
    assert await code(person.client, "lamp", first=5, after="WzFd") == "INVALID_CURSOR"
