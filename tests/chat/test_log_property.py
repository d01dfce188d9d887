"""Whatever several people do at once, through failures and retries: one log, the same in both."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.api.ids import uuid_of
from app.chat.both import BothStores
from app.chat.log import LogEntry, slot
from app.chat.models import ConversationMember
from app.chat.mongo_log import MongoLog
from app.errors import StoreUnavailable
from app.services import Services
from app.stores.mongo import Document
from tests.factories import MEMBER_ADD, MEMBER_REMOVE, SEND, Person, World
from tests.subscriptions.streams import EVENTS, start

MARK_READ = """mutation($id: ID!, $message: ID) {
  conversationMarkRead(conversationId: $id, input: {clientKey: "r", messageId: $message}) {
    conversation { unreadCount } errors { code } } }"""
UNREAD = "query($id: ID!) { conversation(id: $id) { unreadCount messageCount } }"

PEOPLE = 4  # the first of them owns the group
EXAMPLES = 8
# Of these attempts to write to MongoDB every one fails, as if the process had died before it.
ATTEMPTS = 40

Step = tuple[str, int]
steps = st.tuples(
    st.sampled_from(["send", "send", "send", "retry", "read", "read some", "remove", "add"]),
    st.integers(1, PEOPLE - 1),
)
plans = st.lists(st.lists(steps, max_size=6), min_size=PEOPLE, max_size=PEOPLE)
failures = st.sets(st.integers(0, ATTEMPTS - 1), max_size=8)


@dataclass
class Story:
    """What happened in one conversation, as its people know it."""

    people: list[Person]
    group: str
    conversation: str
    acknowledged: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)

    async def live(self, number: int, steps: list[Step]) -> None:
        """Do one person's steps, one after the other; the others do theirs meanwhile."""
        person, sent = self.people[number], 0
        for step, other in steps:
            if step == "send":
                sent += 1
                await self.send(person, str(sent))
            elif step == "retry" and sent:
                await self.send(person, str(1 + other % sent))
            elif step.startswith("read"):
                mine = [m for (who, _), m in self.acknowledged.items() if who == person.user_id]
                message = mine[0]["id"] if step == "read some" and mine else None
                await attempt(person, MARK_READ, id=self.conversation, message=message)
            elif step in ("remove", "add"):
                change = MEMBER_REMOVE if step == "remove" else MEMBER_ADD
                values = {"group": self.group, "user": self.people[other].id}
                await attempt(self.people[0], change, key=f"{number}.{step}.{other}", **values)

    async def send(self, person: Person, key: str) -> None:
        """Send what a key stands for, and remember where it is if that is acknowledged."""
        values = {"id": self.conversation, "text": f"{person.name} {key}", "key": key}
        payload = await attempt(person, SEND, **values)
        if not payload["errors"]:
            place = self.acknowledged.setdefault((person.user_id, key), payload["message"])
            assert place == payload["message"], "a retry moved it"


async def attempt(person: Person, mutation: str, **values: Any) -> dict[str, Any]:
    """The payload of a mutation that may fail as an outage or a removal lets it."""
    found = await person.client.run(mutation, **values)
    (payload,) = found.values()
    codes = {error["code"] for error in payload["errors"]}
    assert codes <= {"UNAVAILABLE", "NOT_FOUND"}, payload
    result: dict[str, Any] = payload
    return result


@contextmanager
def failing(attempts: set[int]) -> Iterator[None]:
    """Let these attempts to write an entry to MongoDB fail."""
    insert, count = MongoLog.insert, iter(range(10**9))

    async def insert_or_die(self: MongoLog, entry: LogEntry) -> None:
        if next(count) in attempts:
            raise StoreUnavailable("mongodb")
        await insert(self, entry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MongoLog, "insert", insert_or_die)
        yield


@pytest.mark.covers("A10", "A26", "D6", "D10")
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # what depends on who comes first cannot be made smaller
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=plans, failed=failures)
async def test_both_stores_hold_the_same_log_of_all_that_was_acknowledged(
    plan: list[list[Step]], failed: set[int], world: World, services: Services
) -> None:
    people = await world.users(PEOPLE)
    group = await world.group(*people)
    story = Story(people, group, await world.conversation_of(people[0], group))

    with failing(failed):
        await asyncio.gather(*(story.live(n, steps) for n, steps in enumerate(plan)))
    await heal(services)

    key = uuid_of(story.conversation, "Conversation", field=[])
    log = await entries_of(services, key)
    await both_hold(services, key, log)
    messages = [entry for entry in log if entry.is_message]
    assert max(Counter((e.sender_id, e.client_key) for e in messages).values(), default=1) == 1
    told = {(e.sender_id, e.client_key): (e.seq, e.text) for e in messages}
    for place, message in story.acknowledged.items():
        assert told[place] == (message["seq"], message["text"])
    await members_follow_the_log(services, key, log, people)
    await unread_is_counted(services, key, story, len(messages))
    await a_stream_tells_all(story, len(log))


async def heal(services: Services) -> None:
    """Carry over what was left behind, at once."""
    assert isinstance(services.chat, BothStores)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.chat.both._SWEEP_AGE", timedelta(0))
        await services.chat.sweep()


async def entries_of(services: Services, key: UUID) -> list[LogEntry]:
    """The log as PostgreSQL has it: dense in places, and in message numbers."""
    assert isinstance(services.chat, BothStores)
    log = await services.chat._postgres.entries(key, range(1, 1_000))
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
    numbers = [entry.msg_no for entry in log if entry.is_message]
    assert numbers == list(range(1, len(numbers) + 1))
    return log


async def both_hold(services: Services, key: UUID, log: list[LogEntry]) -> None:
    """MongoDB has the same entries, clean, and its head is the last of them."""
    messages = services.mongo.database["messages"]
    rows = await messages.find({"conversation_id": key}).sort("seq", 1).to_list()
    assert [_row_of(entry) for entry in log] == [{n: r[n] for n in _row_of(log[0])} for r in rows]
    head = await services.mongo.database["conversations"].find_one({"_id": key})
    assert head is not None
    newest = [entry for entry in log if entry.is_message][-1:]
    last = head["last_message"]
    assert head["last_seq"] == len(log)
    assert head["message_count"] == sum(entry.is_message for entry in log)
    assert [entry.id for entry in newest] == ([] if last is None else [last["id"]])


def _row_of(entry: LogEntry) -> Document:
    names = ("conversation_id", "seq", "msg_no", "sender_id", "client_key", "text", "metadata")
    place = None if entry.msg_no is None else slot(entry.conversation_id, entry.msg_no)
    row = {name: getattr(entry, name) for name in names}
    return {"_id": entry.id, "kind": entry.kind.value, "slot": place, "dirty": False, **row}


async def members_follow_the_log(
    services: Services, key: UUID, log: list[LogEntry], people: list[Person]
) -> None:
    """The log's member entries, told one after the other, lead to who takes part."""
    replayed: set[int] = set()
    for entry in log:
        if not entry.is_message:
            assert not replayed & set(entry.metadata["added"])
            assert replayed >= set(entry.metadata["removed"])
            replayed |= set(entry.metadata["added"])
            replayed -= set(entry.metadata["removed"])
        else:
            assert entry.sender_id in replayed
    head = await services.mongo.database["conversations"].find_one({"_id": key})
    assert head is not None
    assert set(head["participant_ids"]) == replayed
    seen = await services.chat.conversations([key], participant=people[0].user_id)
    assert key in seen


async def unread_is_counted(services: Services, key: UUID, story: Story, count: int) -> None:
    """What a member has not read is what the log holds beyond their place in it."""
    receipts = dict((await services.chat.receipts([key]))[key]) if count else {}
    for person in story.people:
        found = (await person.client.run(UNREAD, id=story.conversation))["conversation"]
        if found is None:
            continue
        read = receipts.get(person.user_id, 0)
        assert found == {"unreadCount": count - read, "messageCount": count}
        row = ConversationMember
        async with services.main.begin() as tx:
            mine = select(row.read_msg_no).filter_by(conversation_id=key, user_id=person.user_id)
            assert await tx.scalar(mine) == read


async def a_stream_tells_all(story: Story, entries: int) -> None:
    """The owner, who was never removed, is told every entry once and in order."""
    owner = story.people[0].client
    async with owner.subscribe(
        EVENTS, id=story.conversation, after=start(story.conversation)
    ) as stream:
        events = await stream.take(entries)
        assert await stream.is_silent(0.02)
    assert [event["seq"] for event in events] == list(range(1, entries + 1))
