"""Where a user's conversations are found in MongoDB, without a send having to rewrite it for many.

A conversation of few stands in an index of its participants by activity, which each send moves;
one of many, a crowd, is found by a document that only a change of members rewrites, and sorted.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bson import Int64
from pymongo import ASCENDING, DESCENDING

from app.chat.log import ConversationRecord, milliseconds
from app.chat.mongo_documents import conversation_record, inbox_ids
from app.stores.mongo import Document, Mongo, put_newer, unavailable


class MongoInbox:
    """Finds conversations by those who take part in them.

    Args:
        mongo: The database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._conversations = mongo.database["conversations"]
        self._crowds = mongo.database["crowds"]

    async def put_members(
        self, conversation_id: UUID, participants: list[int], members_seq: int
    ) -> None:
        """Find a crowd by its members as of a member entry; a later one's stay.

        Raises:
            StoreUnavailable: MongoDB does not answer.
        """
        is_crowd = not inbox_ids(participants)
        members = {
            "participant_ids": participants if is_crowd else [],
            "members_seq": Int64(members_seq),
            "changed_at": datetime.now(UTC),
        }
        await put_newer(self._crowds, conversation_id, members, by="members_seq", upsert=is_crowd)

    async def page(
        self,
        participants: Sequence[int],
        filters: Mapping[str, Any],
        *,
        limit: int,
        among: Sequence[UUID] | None = None,
        descending: bool = True,
        beyond: str | None = None,
    ) -> list[ConversationRecord]:
        """Conversations in the order of their activity, beyond a key.

        Args:
            participants: Whose they are, and who must take part beside them.
            filters: Other conditions.
            limit: How many at most.
            among: The only ones to look at.
            descending: Whether the last active comes first.
            beyond: The activity of the conversation before the first.

        Raises:
            StoreUnavailable: MongoDB does not answer.
        """
        me = participants[0]
        query: Document = {"participant_ids": {"$all": list(participants)}, **filters}
        if beyond is not None:
            query["activity"] = {"$lt" if descending else "$gt": beyond}
        if among is not None:
            query["_id"] = {"$in": list(among)}
            return await self._sorted(query, limit, descending=descending)
        few, crowds = await asyncio.gather(
            self._sorted({"inbox_ids": me, **query}, limit, descending=descending),
            self._crowds_of(me),
        )
        many: list[ConversationRecord] = []
        if crowds:
            of_many = {"_id": {"$in": crowds}, "inbox_ids": {"$size": 0}, **query}
            many = await self._sorted(of_many, limit, descending=descending)
        both = sorted(few + many, key=lambda row: row.activity, reverse=descending)
        return both[:limit]

    async def _sorted(
        self, query: Document, limit: int, *, descending: bool
    ) -> list[ConversationRecord]:
        order = DESCENDING if descending else ASCENDING
        with unavailable():
            rows = self._conversations.find(query).sort("activity", order).limit(limit)
            return [conversation_record(row) for row in await rows.to_list()]

    async def _crowds_of(self, user_id: int) -> list[UUID]:
        with unavailable():
            rows = await self._crowds.find({"participant_ids": user_id}, {"_id": 1}).to_list()
        return [row["_id"] for row in rows]

    async def active_since(
        self, participants: Sequence[int], since: datetime
    ) -> list[tuple[UUID, list[int]]]:
        """Conversations with messages or other members, each with all who take part.

        Of a crowd only changes of its members count.

        Raises:
            StoreUnavailable: MongoDB does not answer.
        """
        mine = {"$in": list(participants)}
        active = {"$gt": f"{milliseconds(since):016x}"}
        few = self._conversations.find({"inbox_ids": mine, "activity": active}, {"inbox_ids": 1})
        crowds = self._crowds.find(
            {"participant_ids": mine, "changed_at": {"$gt": since}}, {"participant_ids": 1}
        )
        with unavailable():
            rows, changed = await asyncio.gather(few.to_list(), crowds.to_list())
        return [
            *((row["_id"], row["inbox_ids"]) for row in rows),
            *((row["_id"], row["participant_ids"]) for row in changed),
        ]
