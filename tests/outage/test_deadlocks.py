"""Of two transactions that wait for each other PostgreSQL ends one; both are done."""

import asyncio

import asyncpg
import pytest

from app.api.ids import uuid_of
from app.settings import Settings
from tests.factories import World

WAITING = """SELECT count(*) FROM pg_stat_activity
  WHERE wait_event_type = 'Lock' AND datname = current_database()"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
TEXTS = "query($id: ID!) { conversation(id: $id) { messages { nodes { text } } } }"


@pytest.mark.covers("B36")
async def test_a_message_that_was_ended_for_another_transaction_is_sent_once(
    world: World, settings: Settings
) -> None:
    owner = await world.user()
    group = await world.group(owner)
    conversation = await world.conversation_of(owner, group)
    other = await asyncpg.connect(settings.database_url)
    watcher = await asyncpg.connect(settings.database_url)
    before = await watcher.fetchval(DEADLOCKS)
    try:
        async with other.transaction():
            await other.execute("SET LOCAL deadlock_timeout = '1h'")  # so that the send is ended
            group_id = uuid_of(group, "Group", field=[])
            await other.execute("UPDATE groups SET name = name WHERE id = $1", group_id)
            sending = asyncio.create_task(world.say(owner, conversation, "once"))
            async with asyncio.timeout(20):
                while not await watcher.fetchval(WAITING):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await other.execute(
                "UPDATE conversation_heads SET last_seq = last_seq WHERE conversation_id = $1",
                uuid_of(conversation, "Conversation", field=[]),
            )
        (sent,) = await sending
        async with asyncio.timeout(20):
            while await watcher.fetchval(DEADLOCKS) == before:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        await other.close()
        await watcher.close()

    assert sent["seq"] == 2
    page = await owner.client.run(TEXTS, id=conversation)
    assert page["conversation"]["messages"]["nodes"] == [{"text": "once"}]
