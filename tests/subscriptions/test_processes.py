"""Two server processes side by side deliver to each other's subscribers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.paging import encode_cursor
from app.settings import Settings
from tests.client import Client
from tests.factories import MEMBER_REMOVE, World
from tests.server import serve, serve_apart
from tests.subscriptions.streams import EVENTS, INBOX, start, summary

NEVER = 3600.0  # seconds between sweeps: what arrives was heard


@pytest.fixture(scope="module")
async def elsewhere(settings: Settings) -> AsyncIterator[str]:
    """The address of a server in a process of its own, on the same stores."""
    async with serve_apart(settings, SWEEP_INTERVAL=str(NEVER)) as (url, _):
        yield url


@pytest.fixture(scope="module")
async def here(settings: Settings) -> AsyncIterator[str]:
    """The address of a server in this process that hears hints or nothing."""
    async with serve(settings.model_copy(update={"sweep_interval": NEVER})) as (_, url):
        yield url


@pytest.mark.covers("C26")
async def test_each_delivers_to_the_others_subscribers(
    world: World, here: str, elsewhere: str
) -> None:
    owner, member, newcomer = await world.users(3)
    group = await world.group(owner, member, newcomer)
    conversation = await world.conversation_of(owner, group)

    async with (
        Client(here, owner.token) as near,
        Client(elsewhere, member.token) as far,
        near.subscribe(EVENTS, id=conversation, after=start(conversation)) as near_stream,
        far.subscribe(EVENTS, id=conversation, after=start(conversation)) as far_stream,
        far.subscribe(INBOX, after=encode_cursor(0, {})) as far_inbox,
    ):
        streams = (near_stream, far_stream)
        await asyncio.gather(*(stream.take(3) for stream in streams), far_inbox.next())
        near_owner, far_member = replace(owner, client=near), replace(member, client=far)
        await asyncio.gather(
            world.say(near_owner, conversation, *(f"near {i}" for i in range(10))),
            world.say(far_member, conversation, *(f"far {i}" for i in range(10))),
        )
        near_told, far_told = [await stream.take(20) for stream in streams]
        assert [e["seq"] for e in near_told] == list(range(4, 24))
        assert near_told == far_told
        assert (await far_inbox.next())["conversationId"] == conversation

        await near.mutate(MEMBER_REMOVE, group=group, user=newcomer.id, key="out")
        for stream in streams:
            assert summary(await stream.next()) == (24, f"-{newcomer.name}")
