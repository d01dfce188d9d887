"""What is told of a message's reactions: as an oracle counts them, and little of thousands."""

import random
from typing import Any

import pytest
from pymongo.asynchronous.command_cursor import AsyncCommandCursor
from pymongo.asynchronous.cursor import AsyncCursor

from app.chat.message_queries import users_by_reactions
from app.paging import PageArgs, encode_cursor, page_of_ids
from app.services import Services
from app.viewer import ANONYMOUS
from tests.chat.operations import REACT, UNREACT
from tests.factories import World

EMOJIS = ["👍", "🎉", "🚀"]

REACTIONS = """query($ids: [ID!]!, $first: Int, $after: String, $last: Int, $before: String) {
  nodes(ids: $ids) { ... on Message { reactions { emoji count viewerHasReacted
    users(first: $first, after: $after, last: $last, before: $before) {
      nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } } }"""


async def test_reactions_agree_with_an_oracle(world: World) -> None:
    rng = random.Random(11)
    people = await world.users(5)
    conversation = await world.conversation_of(people[0], await world.group(*people))
    messages = [m["id"] for m in await world.say(people[0], conversation, "a", "b")]
    came: dict[tuple[str, str], dict[int, int]] = {}
    for number in range(60):
        message, emoji, who = rng.choice(messages), rng.choice(EMOJIS), rng.randrange(5)
        reacted = came.setdefault((message, emoji), {})
        if rng.random() < 0.6:
            await people[who].client.mutate(REACT, id=message, emoji=emoji, key=str(number))
            reacted.setdefault(who, number)
        else:
            await people[who].client.mutate(UNREACT, id=message, emoji=emoji, key=str(number))
            reacted.pop(who, None)

    for who, viewer in enumerate(people):
        for window in ({"first": 2}, {"last": 2}, {"first": 100}):
            shown = (await viewer.client.run(REACTIONS, ids=messages, **window))["nodes"]
            for message, node in zip(messages, shown, strict=True):
                of = {e: came[message, e] for e in EMOJIS if came.get((message, e))}
                assert [told(reaction) for reaction in node["reactions"]] == [
                    (emoji, len(of[emoji]), who in of[emoji], *page(of[emoji], people, window))
                    for emoji in sorted(of, key=lambda emoji: min(of[emoji].values()))
                ]


def told(reaction: dict[str, Any]) -> tuple[Any, ...]:
    users = reaction["users"]
    info = users["pageInfo"]
    ids = [user["id"] for user in users["nodes"]]
    return (
        *(reaction[name] for name in ("emoji", "count", "viewerHasReacted")),
        ids,
        info["hasNextPage"],
        info["hasPreviousPage"],
    )


def page(reacted: dict[int, int], people: list[Any], window: dict[str, int]) -> tuple[Any, ...]:
    """Who is in a window, and whether there are more on either side."""
    everybody = [people[who].id for who in sorted(reacted)]
    size, more = max(window.values()), len(reacted) > max(window.values())
    if "last" in window:
        return everybody[-size:], False, more
    return everybody[:size], more, False


async def test_thousands_of_reactions_are_told_in_few_rows(
    world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await world.users(3)
    conversation = await world.conversation_of(people[0], await world.group(*people))
    (message,) = await world.say(people[0], conversation, "hello")
    for number, person in enumerate(people):
        await person.client.mutate(REACT, id=message["id"], emoji=EMOJIS[0], key=str(number))
    rows = services.mongo.database["reactions"]
    (row,) = await rows.find({"user_id": people[0].user_id}).to_list()
    # Of accounts that are gone; the numbers of the living come first.
    others = [
        row
        | {"_id": f"{row['message_id'].hex}:{user}:{emoji}", "seq": 10_000 + place}
        | {"user_id": user, "emoji": emoji}
        for place, emoji in enumerate(EMOJIS)
        for user in range(2 * 10**9, 2 * 10**9 + 1_000)
    ]
    await rows.insert_many(others)
    received: list[int] = []
    for kind in (AsyncCursor, AsyncCommandCursor):
        monkeypatch.setattr(kind, "to_list", counting(kind.to_list, received))

    shown = await people[0].client.run(REACTIONS, ids=[message["id"]], first=2)
    after = shown["nodes"][0]["reactions"][0]["users"]["pageInfo"]["endCursor"]
    rest = await people[0].client.run(REACTIONS, ids=[message["id"]], first=2, after=after)

    assert sum(received) < 40
    (third, *_) = rest["nodes"][0]["reactions"]
    assert third["users"]["nodes"] == [{"id": people[2].id}]
    assert (third["users"]["pageInfo"]["hasNextPage"], third["count"]) == (True, 1_003)
    thumb, *rest = shown["nodes"][0]["reactions"]
    assert (thumb["count"], thumb["viewerHasReacted"]) == (1_003, True)
    assert thumb["users"]["nodes"] == [{"id": person.id} for person in people[:2]]
    assert [(r["count"], r["viewerHasReacted"]) for r in rest] == [(1_000, False)] * 2

    found = await services.chat.reactions([row["message_id"]], None)
    reaction = found[row["message_id"]][0]
    everybody = [person.user_id for person in people]
    everybody += sorted(other["user_id"] for other in others if other["emoji"] == EMOJIS[0])
    middle = encode_cursor(everybody[500])
    for cursor, backward in ((None, False), (None, True), (middle, False), (middle, True)):
        args = PageArgs(100, cursor, backward)
        (shown_page,) = await users_by_reactions(services.chat, ANONYMOUS, [reaction], args)
        assert shown_page == page_of_ids(everybody, args)


def counting(to_list: Any, received: list[int]) -> Any:
    async def counted(cursor: Any, *arguments: Any) -> Any:
        found = await to_list(cursor, *arguments)
        received.append(len(found))
        return found

    return counted
