"""What an erased user leaves in the log: entries in their places, without what they said.

Straight in both stores and not by entries of the log, of which somebody may have hundreds of
thousands. MongoDB goes first: PostgreSQL's row says whether a batch is to be done again.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.chat.models import (
    Conversation,
    ConversationKind,
    ConversationMember,
    EntryKind,
    Message,
    MessagePin,
    MessageReaction,
    QuarantinedMessage,
)
from app.groups.models import Group
from app.stores.mongo import Mongo, unavailable
from app.stores.postgres import Postgres
from app.stores.tables import MainBase

# Of ids in one command: a list of values costs some servers the square of its length.
_BATCH = 200

# Entries that say something in their author's words. The others say what happened.
_SPEAKING = (EntryKind.MESSAGE, EntryKind.EDIT, EntryKind.DETAILS)
_MESSAGES = MainBase.metadata.tables[Message.__tablename__]
_CONVERSATIONS = MainBase.metadata.tables[Conversation.__tablename__]
_M, _C = _MESSAGES.c, _CONVERSATIONS.c
_WORDS: dict[str, Any] = {
    "text": None,
    "client_key": None,
    "attachments": [],
    "metadata": {},
    "mention_ids": [],
    "mentions_everyone": False,
    "deleted": or_(_M.deleted, _M.kind == EntryKind.MESSAGE),
}
_BLANK: dict[str, Any] = {
    "$set": {"text": None, "client_key": None, "attachments": [], "metadata": {}},
    "$unset": {"mention_ids": "", "mentions_everyone": ""},
}
_SPEAKS = or_(
    and_(_M.kind == EntryKind.MESSAGE, ~_M.deleted),
    _M.text.is_not(None),
    _M.attachments != [],
    _M["metadata"] != {},
)


def talks_with_assistants(user_id: int) -> Select[UUID]:
    """The conversations in which nobody but a user was answered."""
    return select(_C.id).where(_C.created_by == user_id, _C.kind == ConversationKind.ASSISTANT)


async def erase_messages(main: Postgres, mongo: Mongo, user_id: int) -> None:
    """Empty what a user has said, and what an assistant has answered to them alone.

    Raises:
        StoreUnavailable: A store does not answer; a repetition goes on from there.
    """
    async with main.begin() as tx:
        alone = list(await tx.scalars(talks_with_assistants(user_id)))
    for whose in (_M.sender_id == user_id, *(_M.conversation_id == i for i in alone)):
        while await _erase_batch(main, mongo, whose):
            pass
    await _erase_keys(main, mongo, user_id)
    await _erase_late(main, mongo, user_id)


async def _erase_batch(main: Postgres, mongo: Mongo, whose: ColumnElement[bool]) -> bool:
    found = select(_M.id).where(whose, _M.kind.in_(_SPEAKING), _SPEAKS).limit(_BATCH)
    async with main.begin() as tx:
        ids = list(await tx.scalars(found.with_for_update()))
        if not ids:
            return False
        await _empty_documents(mongo, ids, await _conversations(tx, ids))
        for table in (MessageReaction, MessagePin):
            await tx.execute(delete(table).where(table.message_id.in_(ids)))
        await tx.execute(update(_MESSAGES).where(_M.id.in_(ids)).values(_WORDS))
        await tx.execute(delete(QuarantinedMessage).where(QuarantinedMessage.message_id.in_(ids)))
    return True


async def _conversations(tx: AsyncConnection, ids: Sequence[UUID]) -> list[UUID]:
    found = select(_M.conversation_id).where(_M.id.in_(ids)).distinct()
    return list(await tx.scalars(found))


async def _empty_documents(mongo: Mongo, ids: Sequence[UUID], talks: Sequence[UUID]) -> None:
    these, database = {"$in": list(ids)}, mongo.database
    with unavailable():
        await database["messages"].update_many({"_id": these}, _BLANK)
        await database["messages"].update_many(
            {"_id": these, "kind": EntryKind.MESSAGE.value}, {"$set": {"deleted": True}}
        )
        await database["reactions"].delete_many({"message_id": these})
        await database["pins"].update_many({"_id": these}, {"$set": {"removed": True}})
        await database["mentions"].update_many(
            {"_id": these}, {"$set": {"user_ids": [], "members": []}}
        )
        await database["conversations"].update_many(
            {"_id": {"$in": list(talks)}, "last_message.id": these},
            {"$set": {"last_message.text": None}},
        )


async def _erase_keys(main: Postgres, mongo: Mongo, user_id: int) -> None:
    """Take away the client keys of the other entries: they are a client's own words too."""
    found = select(_M.id).where(_M.sender_id == user_id, _M.client_key.is_not(None)).limit(_BATCH)
    while True:
        async with main.begin() as tx:
            ids = list(await tx.scalars(found.with_for_update()))
            if not ids:
                return
            with unavailable():
                await mongo.database["messages"].update_many(
                    {"_id": {"$in": ids}}, {"$set": {"client_key": None}}
                )
            await tx.execute(update(_MESSAGES).where(_M.id.in_(ids)).values(client_key=None))


async def _erase_late(main: Postgres, mongo: Mongo, user_id: int) -> None:
    """Empty what another process has carried over to MongoDB since it read it in PostgreSQL."""
    messages = mongo.database["messages"]
    said = {"sender_id": user_id, "kind": {"$in": [kind.value for kind in _SPEAKING]}}
    sent = {"sender_id": user_id, "kind": EntryKind.MESSAGE.value, "deleted": False}
    with unavailable():
        await messages.update_many({**said, "text": {"$ne": None}}, _BLANK)
        late = {**_BLANK, "$set": {**_BLANK["$set"], "deleted": True}}
        await messages.update_many(sent, late)
        await messages.update_many(
            {"sender_id": user_id, "client_key": {"$ne": None}}, {"$set": {"client_key": None}}
        )
    member = ConversationMember
    async with main.begin() as tx:
        ids = list(
            await tx.scalars(select(member.conversation_id).where(member.user_id == user_id))
        )
    for start in range(0, len(ids), _BATCH):
        part = ids[start : start + _BATCH]
        with unavailable():
            await mongo.database["conversations"].update_many(
                {"_id": {"$in": part}, "last_message.sender_id": user_id},
                {"$set": {"last_message.text": None}},
            )


async def erase_reactions(main: Postgres, mongo: Mongo, user_id: int) -> None:
    """Take away a user's reactions. That there were some stays in the log, by number.

    Raises:
        StoreUnavailable: A store does not answer; a repetition goes on from there.
    """
    reacted = (
        select(_M.target_id)
        .where(_M.sender_id == user_id, _M.kind == EntryKind.REACTION)
        .distinct()
    )
    async with main.begin() as tx:
        ids = [i for i in await tx.scalars(reacted) if i is not None]
    row = MessageReaction
    for start in range(0, len(ids), _BATCH):
        part = ids[start : start + _BATCH]
        with unavailable():
            await mongo.database["reactions"].delete_many(
                {"message_id": {"$in": part}, "user_id": user_id}
            )
        async with main.begin() as tx:
            await tx.execute(delete(row).where(row.message_id.in_(part), row.user_id == user_id))


async def erase_conversations(main: Postgres, mongo: Mongo, user_id: int) -> None:
    """Empty what a user's own conversations say of themselves, and forget how far they read.

    A group's is its members', unless nobody else was there to own it.

    Raises:
        StoreUnavailable: A store does not answer; a repetition goes on from there.
    """
    own = select(Group.id).where(Group.owner_id == user_id)
    mine = and_(
        _C.created_by == user_id,
        or_(_C.kind != ConversationKind.GROUP, _C.group_id.in_(own)),
    )
    words: dict[str, Any] = {
        "title": None,
        "summary": None,
        "tags": [],
        "context": {},
        "metadata": {},
    }
    async with main.begin() as tx:
        ids = list(await tx.scalars(select(_C.id).where(mine)))
    for start in range(0, len(ids), _BATCH):
        with unavailable():
            await mongo.database["conversations"].update_many(
                {"_id": {"$in": ids[start : start + _BATCH]}}, {"$set": words}
            )
    async with main.begin() as tx:
        await tx.execute(update(_CONVERSATIONS).where(mine).values(words))
    with unavailable():
        await mongo.database["receipts"].delete_many({"user_id": user_id})
