"""Usage equals what the log says, whoever sends, retries, counts and dies meanwhile."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from app.api.ids import uuid_of
from app.chat.log import LogEntry, message_id
from app.chat.models import EntryKind, MessageRole
from app.errors import StoreUnavailable
from app.reports.recount import differences, recount
from app.services import Services
from app.usage.counting import count_entries
from app.usage.models import UsageEntry
from tests.factories import SEND, Person, World

START_ASSISTANT = """mutation($key: String!) {
  conversationStart(input: {kind: ASSISTANT, clientKey: $key}) {
    conversation { id } errors { code } } }"""


async def everything(services: Services) -> dict[str, list[tuple[object, ...]]]:
    """The totals and the months, by user."""
    async with services.main.begin() as tx:
        totals = await tx.execute(
            text(
                "SELECT user_id, total_messages, total_conversations, total_tokens_used,"
                " monthly_messages, monthly_tokens, month_year FROM user_usage_stats ORDER BY 1"
            )
        )
        months = await tx.execute(
            text(
                "SELECT user_id, month_year, messages, conversations, tokens FROM monthly_usage"
                " ORDER BY 1, 2"
            )
        )
        return {
            "totals": [tuple(row) for row in totals],
            "months": [tuple(row) for row in months],
        }


async def count_all(services: Services, limit: int = 5_000) -> int:
    """Count until nothing is left."""
    counted = 0
    while now := await count_entries(services.main, limit):
        counted += now
    return counted


async def answer(services: Services, conversation: str, key: str, tokens: int) -> LogEntry:
    """Let an assistant say something."""
    conversation_id = uuid_of(conversation, "Conversation", field=[])
    async with services.main.begin() as tx:
        head = text("SELECT created_by FROM conversations WHERE id = :id")
        owner: int = (await tx.execute(head, {"id": conversation_id})).scalar_one()
    entry = LogEntry(
        message_id(conversation_id, 0, key),
        conversation_id,
        EntryKind.MESSAGE,
        None,
        client_key=key,
        role=MessageRole.ASSISTANT,
        text="Well.",
        tokens=tokens,
    )
    return await services.chat.send(entry, member=owner)


@pytest.mark.covers("A17", "A18", "A21", "C2")
async def test_a_message_and_a_conversation_count_once_however_often_they_are_retried(
    own_world: World, own: Services
) -> None:
    one, other = await own_world.users(2)
    for _ in range(3):
        direct = await own_world.direct(one, other)
        await one.client.mutate(SEND, id=direct, text="Hello", key="same")
    await other.client.mutate(SEND, id=direct, text="Hi", key="k")
    mine = await one.client.mutate(START_ASSISTANT, key="a")
    assistant = mine["conversation"]["id"]
    for _ in range(2):
        await answer(own, assistant, "1", tokens=40)

    assert await count_all(own) == 5
    assert await count_all(own) == 0

    month = f"{datetime.now(UTC):%Y-%m}"
    assert await everything(own) == {
        "totals": [(one.user_id, 2, 2, 40, 2, 40, month), (other.user_id, 1, 0, 0, 1, 0, month)],
        "months": [(one.user_id, month, 2, 2, 40), (other.user_id, month, 1, 0, 0)],
    }
    async with own.main.begin() as tx:
        rows = await tx.execute(
            text(
                "SELECT conversation_id, sum(tokens) FROM usage_ledger"
                " GROUP BY 1 HAVING sum(tokens) > 0"
            )
        )
        assert [tuple(row) for row in rows] == [(uuid_of(assistant, "Conversation", field=[]), 40)]


async def test_what_the_system_says_is_used_by_nobody(own_world: World, own: Services) -> None:
    one, other = await own_world.users(2)
    direct = uuid_of(await own_world.direct(one, other), "Conversation", field=[])
    notice = LogEntry(uuid4(), direct, EntryKind.MESSAGE, None, role=MessageRole.SYSTEM, text="!")
    await own.chat.send(notice, member=one.user_id)

    assert await count_all(own) == 1  # the conversation

    assert await differences(own.main) == []


async def test_a_refused_message_counts_nothing(own_world: World, own: Services) -> None:
    one, other, stranger = await own_world.users(3)
    direct = await own_world.direct(one, other)
    assert await count_all(own) == 1

    assert await stranger.client.refused(SEND, id=direct, text="x", key="k") == "NOT_FOUND"

    assert await count_all(own) == 0


async def test_months_end_when_they_end_in_utc_in_whatever_order_they_are_counted(
    own: Services,
) -> None:
    async def used(*moments: str) -> None:
        rows = [
            {
                "id": uuid4(),
                "user_id": 7,
                "conversation_id": uuid4(),
                "messages": 1,
                "tokens": 10,
                "created_at": datetime.fromisoformat(moment),
            }
            for moment in moments
        ]
        async with own.main.begin() as tx:
            await tx.execute(insert(UsageEntry), rows)
        await count_all(own)

    await used("2026-02-28T23:59:59.999999+00:00", "2026-03-01T00:30:00+01:00")
    assert (await everything(own))["totals"] == [(7, 2, 0, 20, 2, 20, "2026-02")]
    await used("2026-02-28T23:30:00-01:00", "2026-02-01T00:00:00+00:00")
    assert (await everything(own))["totals"] == [(7, 4, 0, 40, 1, 10, "2026-03")]
    await used("2026-01-31T23:59:59+00:00", "2026-03-31T23:59:59+00:00")
    assert await everything(own) == {
        "totals": [(7, 6, 0, 60, 2, 20, "2026-03")],
        "months": [
            (7, "2026-01", 1, 0, 10),
            (7, "2026-02", 3, 0, 30),
            (7, "2026-03", 2, 0, 20),
        ],
    }


@dataclass(frozen=True)
class Talk:
    """Who talks where."""

    conversation: str
    people: list[Person]


async def talk(rng: Random, world: World, where: Talk, sent: Counter[int]) -> None:
    """Say things, say some of them twice, and let an assistant answer."""
    for number in range(rng.randrange(4, 12)):
        person = rng.choice(where.people)
        key = f"{person.user_id}.{number}"
        again = rng.choice([1, 1, 2, 3])
        await asyncio.gather(
            *(
                person.client.mutate(SEND, id=where.conversation, text=key, key=key)
                for _ in range(again)
            )
        )
        sent[person.user_id] += 1
        if rng.random() < 0.3:
            await answer(world.services, where.conversation, key, tokens=rng.randrange(1_000))


async def keep_killing(rng: Random, services: Services, done: asyncio.Event) -> int:
    """Counters that are cancelled, or whose connections end, wherever they are."""
    killed = 0
    while not done.is_set():
        counters = [
            asyncio.create_task(count_entries(services.main, rng.choice([1, 3, 50])))
            for _ in range(4)
        ]
        await asyncio.sleep(rng.random() * 0.01)
        if rng.random() < 0.5:
            rng.choice(counters).cancel()
        else:
            async with services.main.begin() as tx:
                killing = text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND query LIKE '%WITH batch AS%'"
                    " AND state <> 'idle' AND pid <> pg_backend_pid() LIMIT 1"
                )
                await tx.execute(killing)
        for result in await asyncio.gather(*counters, return_exceptions=True):
            if isinstance(result, BaseException):
                assert isinstance(result, (StoreUnavailable, asyncio.CancelledError)), result
                killed += 1
    return killed


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.covers("A6", "A21", "C2")
async def test_totals_are_the_logs_after_retries_kills_and_parallel_counters(
    own_world: World, own: Services, seed: int
) -> None:
    rng, people = Random(seed), await own_world.users(4)
    places = [
        Talk(await own_world.direct(people[0], people[1]), people[:2]),
        Talk(await own_world.direct(people[2], people[3]), people[2:]),
    ]
    group = await own_world.group(*people)
    places.append(Talk(await own_world.conversation_of(people[0], group), people))
    sent: Counter[int] = Counter()
    done = asyncio.Event()

    killing = asyncio.create_task(keep_killing(rng, own, done))
    await asyncio.gather(*(talk(rng, own_world, place, sent) for place in places))
    assert await differences(own.main) == []  # while some of it is waiting, and some under way
    done.set()
    assert await killing > 0
    await count_all(own)

    assert await differences(own.main) == []
    counted = await everything(own)
    async with own.main.begin() as tx:
        rows = await tx.execute(
            text(
                "SELECT CASE m.role WHEN 'assistant' THEN c.created_by ELSE m.sender_id END,"
                " count(*), sum(coalesce(m.tokens, 0)) FROM messages m"
                " JOIN conversations c ON c.id = m.conversation_id"
                " WHERE m.kind = 'message' GROUP BY 1"
            )
        )
        log = {row[0]: (row[1], row[2]) for row in rows}
    assert {row[0]: (row[1], row[3]) for row in counted["totals"] if row[1]} == log
    assert sum(messages for messages, _ in log.values()) >= sum(sent.values())
    before = counted
    await recount(own.main)
    assert await everything(own) == before


async def test_a_recount_mends_what_was_lost_or_added(own_world: World, own: Services) -> None:
    one, other = await own_world.users(2)
    direct = await own_world.direct(one, other)
    await own_world.say(one, direct, "a", "b", "c")
    await count_all(own)
    right = await everything(own)
    async with own.main.begin() as tx:
        await tx.execute(text("DELETE FROM usage_ledger WHERE messages = 1"))
        await tx.execute(text("UPDATE monthly_usage SET tokens = 99"))
        await tx.execute(text("UPDATE user_usage_stats SET total_messages = 0"))
        stray = {"id": uuid4(), "user_id": 99, "conversation_id": uuid4(), "messages": 1}
        await tx.execute(insert(UsageEntry).values(stray))
    found = await differences(own.main)
    assert {(d.user_id, d.period) for d in found} >= {(99, f"{datetime.now(UTC):%Y-%m}")}

    await recount(own.main)

    assert await differences(own.main) == []
    assert await everything(own) == right
    assert await count_all(own) == 0


async def test_sends_and_counters_go_on_during_a_recount(own_world: World, own: Services) -> None:
    one, other = await own_world.users(2)
    direct = await own_world.direct(one, other)

    async def counting() -> None:
        while True:
            await count_entries(own.main, 3)

    counter = asyncio.create_task(counting())
    sending = asyncio.gather(*(own_world.say(one, direct, *map(str, range(10))) for _ in range(4)))
    for _ in range(5):
        await recount(own.main)
        assert await differences(own.main) == []
    await sending
    counter.cancel()
    with suppress(asyncio.CancelledError):
        await counter
    await count_all(own)

    assert await differences(own.main) == []
    assert (await everything(own))["months"][0][2] == 40
