"""What a conversation's answers cost: counted with each message, and the same in both stores."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.api.ids import uuid_of
from app.chat.log import LogEntry, message_id
from app.chat.models import ConversationHead, EntryKind, MessageRole
from app.services import Services
from tests.factories import World
from tests.matrix.operations import START_ASSISTANT

COUNTS = "query($id: ID!) { conversation(id: $id) { totalTokens messageCount } }"


def answer(conversation_id: UUID, user_id: int, key: str, tokens: int | None) -> LogEntry:
    return LogEntry(
        message_id(conversation_id, user_id, key),
        conversation_id,
        EntryKind.MESSAGE,
        user_id,
        client_key=key,
        role=MessageRole.ASSISTANT,
        text="An answer.",
        tokens=tokens,
    )


@pytest.mark.covers("C6", "A21")
async def test_tokens_add_up_also_when_answers_come_at_once_and_twice(
    world: World, services: Services
) -> None:
    me = await world.user()
    made = await me.client.mutate(START_ASSISTANT, title="Lamps", key=uuid4().hex)
    talk = made["conversation"]["id"]
    key = uuid_of(talk, "Conversation", field=[])
    costs = [7, None, 100, 0, 3_000_000_000 % 2**31, 1]
    answers = [answer(key, me.user_id, f"k{n}", cost) for n, cost in enumerate(costs)]

    sent = await asyncio.gather(
        *(services.chat.send(entry, member=me.user_id) for entry in [*answers, *answers[:3]])
    )
    await services.chat.publish(sorted(sent, key=lambda entry: -entry.seq))

    total = sum(cost or 0 for cost in costs)
    shown = (await me.client.run(COUNTS, id=talk))["conversation"]
    assert shown == {"totalTokens": total, "messageCount": len(costs)}
    async with services.main.begin() as tx:
        head = select(ConversationHead.total_tokens).filter_by(conversation_id=key)
        assert await tx.scalar(head) == total
