"""A seed's conversations: who takes part, how long they are, and their whole log at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from random import Random
from typing import Any
from uuid import UUID

from app.chat.commands import member_entry
from app.chat.log import (
    LogEntry,
    assistant_conversation_id,
    direct_conversation_id,
    group_conversation_id,
    message_id,
)
from app.chat.models import ConversationKind, EntryKind, MessageRole
from app.seeds import words
from app.seeds.relations import BEGIN, SPAN, SeedGroup, moment, skewed

_BUSY_PAIRS = 60  # the first pairs have the first user as one of the two
_LONG = 10_000  # messages in the longest conversation, where there are ten times as many
_NO_USER = 0  # whose messages an assistant's ids are derived from


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation to be: its members, whoever started it first, and its number of messages."""

    id: UUID
    kind: ConversationKind
    members: list[int]
    messages: int
    started_at: datetime
    group_id: UUID | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class FilledTalk:
    """A conversation with its log.

    Attributes:
        entries: In the order of their places, dense from 1.
        joined: The member entry's place by user; 0 for who took part from the first.
        read: The number of the last message read, by user.
        members_seq: The last member entry's place.
    """

    talk: Talk
    entries: list[LogEntry]
    joined: dict[int, int]
    read: dict[int, int]
    members_seq: int

    @property
    def last_message(self) -> LogEntry | None:
        """The newest message."""
        return next((e for e in reversed(self.entries) if e.is_message), None)


def plan_talks(
    rng: Random, users: Sequence[int], groups: Sequence[SeedGroup], messages: int
) -> list[Talk]:
    """The conversations: every group's, and pairs and assistants as the messages allow.

    Args:
        rng: What makes it the same every time.
        users: At least two, if there are messages.
        groups: The largest first.
        messages: How many there are in all conversations together.
    """
    shapes: list[dict[str, Any]] = [
        {
            "id": group_conversation_id(group.id),
            "kind": ConversationKind.GROUP,
            "members": group.members,
            "started_at": group.row[-1],
            "group_id": group.id,
        }
        for group in groups
    ]
    others = [*_pairs(rng, users, messages // 40 + 1), *_assistants(rng, users, messages // 200)]
    rng.shuffle(others)
    # Large groups come first, for they talk most; the rest lies among the pairs.
    loud = len(shapes) // 20 + 1
    quiet = shapes[loud:] + (others if messages else [])
    rng.shuffle(quiet)
    shapes = shapes[:loud] + quiet
    lengths = _lengths(len(shapes), messages)
    return [Talk(messages=n, **shape) for n, shape in zip(lengths, shapes, strict=True)]


def _pairs(rng: Random, users: Sequence[int], how_many: int) -> list[dict[str, Any]]:
    pairs: dict[UUID, list[int]] = {}
    places = range(len(users))
    for number in range(how_many if len(users) > 1 else 0):
        place = 0 if number < _BUSY_PAIRS else skewed(rng, places)
        one, other = users[place], users[place - rng.choice(places[1:])]
        # A pair that comes twice is one conversation.
        pairs[direct_conversation_id(one, other)] = [one, other]
    return [
        {"id": i, "kind": ConversationKind.DIRECT, "members": pair, "started_at": moment(rng, 0.8)}
        for i, pair in pairs.items()
    ]


def _assistants(rng: Random, users: Sequence[int], how_many: int) -> list[dict[str, Any]]:
    found = []
    for place in range(how_many):
        user = skewed(rng, users)
        found.append(
            {
                "id": assistant_conversation_id(user, f"seed:{place}"),
                "kind": ConversationKind.ASSISTANT,
                "members": [user],
                "started_at": moment(rng, 0.8),
                "title": words.product_title(rng),
            }
        )
    return found


def _lengths(conversations: int, messages: int) -> list[int]:
    """Numbers that fall with the rank and add up to the messages."""
    if not conversations:
        return []
    longest = _LONG if messages >= 10 * _LONG else 0
    rest = messages - longest
    sums = list(accumulate((rank + 1) ** -0.6 for rank in range(conversations)))
    bounds = [0, *(int(rest * s / sums[-1]) for s in sums[:-1]), rest]
    lengths = [high - low for low, high in pairwise(bounds)]
    lengths[0] += longest
    return lengths


def fill(rng: Random, talk: Talk, epoch: int) -> FilledTalk:
    """The log of a conversation, as the product's own commands would have left it."""
    creator = talk.members[0]
    late = talk.members[-1] if talk.group_id and len(talk.members) > 2 else None
    present = talk.members[:-1] if late is not None else talk.members
    times = _times(rng, talk)
    entries = [member_entry(talk.id, creator, "start", added=present)]
    joined = dict.fromkeys(present, 0)
    read: dict[int, int] = {}
    for number in range(1, talk.messages + 1):
        if late is not None and number > talk.messages // 2:
            present, late = _join(entries, joined, talk, late), None
        entry = _message(rng, talk, present, number)
        entries.append(entry)
        if entry.sender_id is not None:
            read[entry.sender_id] = number
    if late is not None:
        _join(entries, joined, talk, late)
    tokens = 0
    for seq, entry in enumerate(entries, start=1):
        tokens += entry.tokens or 0
        entry.total_tokens = tokens
        entry.seq = entry.version = seq
        entry.epoch = epoch
        entry.created_at = entry.updated_at = next(times)
    _read(rng, talk, read)
    members_seq = max(entry.seq for entry in entries if not entry.is_message)
    return FilledTalk(talk, entries, joined, read, members_seq)


def _join(entries: list[LogEntry], joined: dict[int, int], talk: Talk, late: int) -> list[int]:
    occasion = f"groupMemberAdd:{talk.members[0]}:seed"
    entries.append(member_entry(talk.id, talk.members[0], occasion, added=[late]))
    joined[late] = len(entries)
    return talk.members


def _message(rng: Random, talk: Talk, present: Sequence[int], number: int) -> LogEntry:
    key = f"seed:{number}"
    text = rng.choice(words.SENTENCES)
    if talk.kind is ConversationKind.ASSISTANT and number % 2 == 0:
        return LogEntry(
            message_id(talk.id, _NO_USER, key),
            talk.id,
            EntryKind.MESSAGE,
            None,
            msg_no=number,
            client_key=key,
            role=MessageRole.ASSISTANT,
            text=text,
            model="gemini-2.5-flash",
            provider="gemini",
            tokens=len(text) // 4,
        )
    sender = skewed(rng, present) if talk.group_id else rng.choice(present)
    entry = LogEntry(
        message_id(talk.id, sender, key),
        talk.id,
        EntryKind.MESSAGE,
        sender,
        msg_no=number,
        client_key=key,
        text=text,
    )
    if rng.random() < 0.03:
        url = f"https://media.isthmus.example/{entry.id.hex}.jpg"
        entry.attachments = [{"url": url, "type": "image"}]
    return entry


def _times(rng: Random, talk: Talk) -> Iterator[datetime]:
    """Times from the conversation's start on, growing, in whole milliseconds."""
    left = (BEGIN + SPAN - talk.started_at) / timedelta(milliseconds=1)
    step = max(1, int(left * rng.random() / (talk.messages + 2)))
    at = talk.started_at
    while True:
        yield at
        at += timedelta(milliseconds=rng.randint(1, 2 * step))


def _read(rng: Random, talk: Talk, read: dict[int, int]) -> None:
    """Let two thirds of the members read on from what they wrote last, half of them to the end."""
    for user in talk.members if talk.messages else ():
        share = rng.random()
        if share < 0.67:
            to = talk.messages if share < 0.33 else rng.randint(1, talk.messages)
            read[user] = max(read.get(user, 0), to)
