"""Whatever is done to messages: MongoDB shows what the log says, in whatever order it is told."""

import asyncio
from copy import deepcopy
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.api.ids import uuid_of
from app.chat.both import BothStores
from app.chat.log import LogEntry
from app.chat.mirror import Mirror
from app.chat.models import EntryKind
from app.errors import StoreUnavailable
from app.services import Services
from tests.chat import operations as chat
from tests.chat.test_membership_property import OPEN
from tests.factories import GROUP_JOIN, GROUP_LEAVE, MEMBER_REMOVE, SEND, Person, World

_AWAY = 0.1  # how often MongoDB does not hear of an entry
COUNTS = "query($id: ID!) { conversation(id: $id) { unreadCount unreadMentionCount } }"
_COMPARED = (
    *("seq", "msg_no", "text", "attachments", "metadata", "deleted", "version", "reply_count"),
    *("reply_to_id", "thread_id", "thread_no", "edit_no", "edit_count", "mention_ids"),
    "mentions_everyone",
)


async def live(
    random: Random, people: list[Person], me: Person, *, group: str, talk: str, known: list[str]
) -> None:
    """Do something, several times, to whatever message; and come and go."""
    for _ in range(8):
        message = random.choice(known) if known else None
        others = [person.id for person in random.sample(people, 2)]
        what = random.choice(["send", "reply", "mention", "all", "edit", "to", "delete", "pin"])
        move = random.choice([GROUP_JOIN, GROUP_JOIN, GROUP_LEAVE, MEMBER_REMOVE, None, None])
        if move is not None:
            whom = {"user": others[0]} if move == MEMBER_REMOVE else {}
            await me.client.run(move, group=group, key=uuid4().hex, **whom)
        asked: dict[str, tuple[str, dict[str, Any]]] = {
            "send": (SEND, {"id": talk, "text": "word"}),
            "reply": (chat.REPLY, {"id": talk, "text": "reply", "to": message}),
            "mention": (chat.MENTION, {"id": talk, "text": "you", "users": others, "all": False}),
            "all": (chat.MENTION, {"id": talk, "text": "all", "users": [], "all": True}),
            "edit": (chat.EDIT, {"id": message, "text": uuid4().hex}),
            "to": (chat.EDIT_MENTIONS, {"id": message, "users": others}),
            "delete": (chat.DELETE, {"id": message}),
            "pin": (random.choice([chat.PIN, chat.UNPIN]), {"id": message}),
        }
        if message is not None:
            emoji, mutation = random.choice("🎉👍"), random.choice([chat.REACT, chat.UNREACT])
            await me.client.run(mutation, id=message, emoji=emoji, key=uuid4().hex)
            await me.client.run(chat.READ, id=talk, message=message, key=uuid4().hex)
        if message is not None or what in ("send", "mention"):
            mutation, values = asked[what]
            (payload,) = (await me.client.run(mutation, key=uuid4().hex, **values)).values()
            if payload.get("message") and what in ("send", "reply", "mention", "all"):
                known.append(payload["message"]["id"])


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_mongodb_is_what_the_log_says_in_whatever_order_it_is_told(
    seed: int, world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, told = Random(seed), list[LogEntry]()
    people = await world.users(4)
    group = await world.group(*people)
    await people[0].client.mutate(OPEN, id=group, key=uuid4().hex)
    talk = await world.conversation_of(people[0], group)
    carry = Mirror.carry

    async def note(self: Mirror, entry: LogEntry) -> None:
        told.append(deepcopy(entry))  # as it was when it was new
        if random.random() < _AWAY:
            raise StoreUnavailable("mongodb")
        await carry(self, entry)

    monkeypatch.setattr(Mirror, "carry", note)
    known = [message["id"] for message in await world.say(people[0], talk, "first")]
    where: dict[str, Any] = {"group": group, "talk": talk, "known": known}
    await asyncio.gather(*(live(random, people, person, **where) for person in people))
    monkeypatch.undo()
    monkeypatch.setattr("app.chat.both._SWEEP_AGE", timedelta(0))
    await services.chat.sweep()  # type: ignore[attr-defined]
    key = uuid_of(talk, "Conversation", field=[])
    await agree(services, key)
    await counts_agree(services, key, talk, people)

    database, mine = services.mongo.database, [e for e in told if e.conversation_id == key]
    ids = [entry.id for entry in mine]
    await database["messages"].delete_many({"_id": {"$in": ids}})
    await database["reactions"].delete_many({"message_id": {"$in": ids}})
    for name in ("pins", "mentions"):
        await database[name].delete_many({"conversation_id": key})
    assert isinstance(services.chat, BothStores)
    twice = mine * 2
    random.shuffle(twice)
    for start in range(0, len(twice), 5):  # some at a time, as several processes would
        some = twice[start : start + 5]
        await asyncio.gather(*(services.chat._mirror.carry(deepcopy(entry)) for entry in some))

    await agree(services, key)
    await counts_agree(services, key, talk, people)


async def agree(services: Services, key: UUID) -> None:
    """Both stores hold the same messages, edits, reactions, pins and last message."""
    assert isinstance(services.chat, BothStores)
    log = await services.chat._postgres.entries(key, range(1, 1_000))
    held = await services.chat._mongo.entries(key, 1, 1_000)
    assert [_shape(entry) for entry in log] == [_shape(entry) for entry in held]
    alive = [entry.id for entry in log if entry.is_message and not entry.deleted]
    async with services.main.begin() as tx:
        query = (
            "SELECT message_id, emoji, user_id FROM message_reactions WHERE message_id = ANY($1)"
        )
        reacted = {tuple(row) for row in await tx.exec_driver_sql(query, (alive,))}
        query = "SELECT seq, message_id FROM message_pins WHERE conversation_id = $1"
        pinned = {tuple(row) for row in await tx.exec_driver_sql(query, (key,))}
    found = await services.chat.reactors(alive, limit=1_000)
    assert reacted == {(*place, user) for place, users in found.items() for user in users}
    assert pinned == set((await services.chat.pins([key])).get(key, []))
    head = await services.mongo.database["conversations"].find_one({"_id": key})
    last = [entry for entry in log if entry.is_message][-1]
    assert head is not None
    assert (head["last_message"]["text"], head["last_message"]["id"]) == (last.text, last.id)


def _shape(entry: LogEntry) -> list[Any]:
    return [entry.id, entry.kind.value, *(getattr(entry, name) for name in _COMPARED)]


async def counts_agree(services: Services, key: UUID, talk: str, people: list[Person]) -> None:
    """What each member has not read is what the log holds beyond their place in it."""
    assert isinstance(services.chat, BothStores)
    log = await services.chat._postgres.entries(key, range(1, 1_000))
    members: set[int] = set()
    for entry in log:
        if entry.kind is EntryKind.MEMBER:
            members |= set(entry.metadata["added"])
            members -= set(entry.metadata["removed"])
    for person in people:
        states = await services.chat.member_states([key], person.user_id)
        read = states[key].read_msg_no if key in states else 0
        unread = [e for e in log if e.is_message and (e.msg_no or 0) > read]
        found = (await person.client.run(COUNTS, id=talk))["conversation"]
        assert (found is not None) is (person.user_id in members)
        if found is None:
            continue
        assert found["unreadCount"] == len(unread)
        assert found["unreadMentionCount"] == sum(person.user_id in e.mention_ids for e in unread)
