"""What a piece of an answer costs the stores, and what an assistant reads before it answers."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette

from app.users.models import UserRole
from tests.answers.operations import APPEND, START_ASSISTANT, started
from tests.client import Client
from tests.factories import Person, World
from tests.operations.commands import recorded

CONTEXT = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on Conversation {
  title context metadata
  assistantPreferences { preferredAiProvider preferredModel temperature language }
  participants { nodes { id name profile
    products(first: 5) { nodes { title } } groups(first: 5) { nodes { name } } } }
  messages(last: 20) { nodes { role text createdAt sender { id } } } } } }"""


@pytest.fixture
async def assistant(world: World) -> Person:
    return await world.user(UserRole.SERVICE)


@pytest.fixture
async def own(heard: Starlette, assistant: Person) -> AsyncIterator[Client]:
    """The assistant's client, whose commands are heard."""
    transport = httpx.ASGITransport(heard)
    async with Client("http://village", assistant.token, transport=transport) as client:
        yield client


async def consulted_by(world: World, assistant: Person, messages: int) -> str:
    """A new user's conversation with an assistant."""
    me = await world.user()
    given = {"assistant": assistant.id, "key": uuid4().hex}
    talk = (await me.client.mutate(START_ASSISTANT, **given))["conversation"]["id"]
    await world.say(me, talk, *(f"Question {number}" for number in range(messages)))
    found: str = talk
    return found


@pytest.mark.covers("A20", "A17")
async def test_an_assistant_reads_all_that_it_needs_by_as_many_commands(
    world: World, own: Client, assistant: Person
) -> None:
    counts = []
    talks = [await consulted_by(world, assistant, messages) for messages in (1, 12, 1, 1, 1)]
    for ids in (talks[:1], talks[1:2], talks):
        with recorded() as commands:
            found = await own.run(CONTEXT, ids=ids)
        assert [len(node["messages"]["nodes"]) for node in found["nodes"]] == [
            12 if talk == talks[1] else 1 for talk in ids
        ]
        assert all(node["assistantPreferences"]["language"] == "en" for node in found["nodes"])
        counts.append(len(commands))
    assert len(set(counts)) == 1, counts


async def test_a_piece_is_one_read_and_nothing_is_written_but_to_redis(
    world: World, own: Client, assistant: Person
) -> None:
    talk = await consulted_by(world, assistant, 0)
    answer = await started(assistant, talk)
    await own.mutate(APPEND, id=answer, offset=0, text="")  # Redis is given its scripts
    length = 0
    for piece in ("x", "y" * 9_000, "z"):
        with recorded() as commands:
            await own.mutate(APPEND, id=answer, offset=length, text=piece)
        length += len(piece)
        read, grown = commands  # beside what its sender's rate limit counts
        assert read.startswith("main: SELECT")
        assert grown == "redis: EVALSHA"
