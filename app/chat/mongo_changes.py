"""What edits, deletes, reactions, pins, replies and mentions come to in MongoDB.

Entries are carried over in any order and more than once, so each write here says as of which entry
it holds, and gives way to a later one.
"""

from collections import defaultdict
from collections.abc import Sequence
from operator import itemgetter
from uuid import UUID

from bson import Int64
from pymongo import ASCENDING, DESCENDING

from app.chat.log import LogEntry, Mention, Reaction, activity_key, slot
from app.chat.models import EntryKind
from app.chat.mongo_documents import entry_of, receipt_id
from app.paging import MAX_PAGE_SIZE
from app.stores.mongo import Document, Mongo, put_newer, unavailable

# What is left of what was said.
_BLANK: Document = {
    "$set": {"text": None, "attachments": [], "metadata": {}},
    "$unset": {"mention_ids": "", "mentions_everyone": ""},
}
_LAST = 2**63 - 1


class MongoChanges:
    """What follows from the log's entries, beside them.

    Args:
        mongo: The database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._messages = mongo.database["messages"]
        self._reactions = mongo.database["reactions"]
        self._pins = mongo.database["pins"]
        self._mentions = mongo.database["mentions"]

    # -- writing; each raises `StoreUnavailable` where MongoDB does not answer

    async def change(self, change: LogEntry) -> LogEntry | None:
        """Let an edit or a delete take effect on its message.

        Returns:
            The message as it is then; None if MongoDB does not have it.
        """
        update = _edited(change) if change.kind is EntryKind.EDIT else _deleted(change)
        with unavailable():
            await self._messages.update_one(
                {"_id": change.target_id, "version": {"$lt": change.seq}}, update
            )
            if change.edit_no is not None:
                count = {"$max": {"edit_count": Int64(change.edit_no)}}
                await self._messages.update_one({"_id": change.target_id}, count)
            row = await self._messages.find_one({"_id": change.target_id})
        message = None if row is None else entry_of(row)
        if message is not None and message.deleted:
            # Whether the edit came before the delete or comes after it.
            await self._forget(message)
        return message

    async def _forget(self, message: LogEntry) -> None:
        edits = {"$gte": slot(message.id, 1), "$lte": slot(message.id, _LAST)}
        with unavailable():
            await self._messages.update_many({"edit_slot": edits}, _BLANK)
        await self._put_pin(message.id, message.conversation_id, message.version, removed=True)

    async def count_reply(self, reply: LogEntry) -> bool:
        """Let a thread's beginning know how many replies it has; False if MongoDB lacks it."""
        with unavailable():
            result = await self._messages.update_one(
                {"_id": reply.thread_id}, {"$max": {"reply_count": Int64(reply.thread_no or 0)}}
            )
        return result.matched_count == 1

    async def react(self, message_id: UUID, change: LogEntry) -> None:
        """Note that a user reacts to a message, or no longer does."""
        user_id, emoji = change.sender_id, change.metadata["emoji"]
        await put_newer(
            self._reactions,
            f"{message_id.hex}:{user_id}:{emoji}",
            {"seq": Int64(change.seq), "removed": change.metadata["removed"]},
            {"message_id": message_id, "user_id": user_id, "emoji": emoji},
        )

    async def pin(self, message_id: UUID, change: LogEntry) -> None:
        """Note that a message is pinned, or no longer is."""
        removed: bool = change.metadata["removed"]
        await self._put_pin(message_id, change.conversation_id, change.seq, removed=removed)

    async def _put_pin(
        self, message_id: UUID, conversation_id: UUID, seq: int, *, removed: bool
    ) -> None:
        values = {"seq": Int64(seq), "removed": removed}
        await put_newer(self._pins, message_id, values, {"conversation_id": conversation_id})

    async def mention(self, message: LogEntry) -> None:
        """Note whom a message mentions, as of its version or a later one."""
        newest: LogEntry | None = message
        while newest is not None:
            message, newest = newest, None
            values: Document = {
                "user_ids": message.mention_ids,
                "members": [receipt_id(message.conversation_id, u) for u in message.mention_ids],
                "version": Int64(message.version),
            }
            if not message.mention_ids:
                # Nothing need be there; and what is must go.
                with unavailable():
                    await self._mentions.update_one(
                        {"_id": message.id, "version": {"$lt": message.version}}, {"$set": values}
                    )
                return
            await put_newer(
                self._mentions,
                message.id,
                values,
                {
                    "conversation_id": message.conversation_id,
                    "msg_no": message.msg_no,
                    "place": activity_key(message.id, message.created_at),
                },
                by="version",
            )
            # Who changed the message meanwhile may have found nothing to take back.
            with unavailable():
                row = await self._messages.find_one({"_id": message.id})
            if row is not None and row["version"] > message.version:
                newest = entry_of(row)

    # -- reading

    async def versions(self, message_ids: Sequence[UUID]) -> dict[UUID, int]:
        """The last change that each message shows."""
        rows = self._messages.find({"_id": {"$in": list(message_ids)}}, {"version": 1})
        with unavailable():
            return {row["_id"]: row["version"] for row in await rows.to_list()}

    async def reactions(
        self, message_ids: Sequence[UUID], viewer: int | None
    ) -> dict[UUID, list[Reaction]]:
        """The reactions to messages, in the order in which each emoji first came."""
        query = {"message_id": {"$in": list(message_ids)}, "removed": False}
        is_own = {"$cond": [{"$eq": ["$user_id", viewer]}, 1, 0]}
        told = {
            "count": {"$sum": 1},
            "since": {"$min": "$seq"},
            "own": {"$max": is_own},
            "user_ids": {"$minN": {"input": "$user_id", "n": MAX_PAGE_SIZE + 1}},
        }
        found: dict[UUID, list[Reaction]] = defaultdict(list)
        for row in sorted(await self._by_emoji(query, told), key=itemgetter("since")):
            message_id, users = row["_id"]["message_id"], sorted(row["user_ids"])
            reaction = Reaction(
                message_id, row["_id"]["emoji"], row["count"], users, bool(row["own"])
            )
            found[message_id].append(reaction)
        return found

    async def reactors(
        self, message_ids: Sequence[UUID], *, limit: int, descending: bool, beyond: int | None
    ) -> dict[tuple[UUID, str], list[int]]:
        """So many who reacted, beyond a number and in that order, by message and emoji."""
        query: Document = {"message_id": {"$in": list(message_ids)}, "removed": False}
        if beyond is not None:
            query["user_id"] = {"$lt" if descending else "$gt": beyond}
        nearest = "$maxN" if descending else "$minN"
        told = {"user_ids": {nearest: {"input": "$user_id", "n": limit}}}
        return {
            (row["_id"]["message_id"], row["_id"]["emoji"]): sorted(
                row["user_ids"], reverse=descending
            )
            for row in await self._by_emoji(query, told)
        }

    async def _by_emoji(self, query: Document, told: Document) -> list[Document]:
        # The server adds up: thousands may have reacted. An index holds all that it reads.
        group = {"_id": {"message_id": "$message_id", "emoji": "$emoji"}} | told
        with unavailable():
            rows = await self._reactions.aggregate([{"$match": query}, {"$group": group}])
            return await rows.to_list()

    async def pins(self, conversation_ids: Sequence[UUID]) -> dict[UUID, list[tuple[int, UUID]]]:
        """Pairs of place and message, by conversation, the last pinned first."""
        query = {"conversation_id": {"$in": list(conversation_ids)}, "removed": False}
        found: dict[UUID, list[tuple[int, UUID]]] = defaultdict(list)
        with unavailable():
            rows = await self._pins.find(query).to_list()
        for row in sorted(rows, key=itemgetter("seq"), reverse=True):
            found[row["conversation_id"]].append((row["seq"], row["_id"]))
        return found

    async def mentions(
        self, user_id: int, *, limit: int, descending: bool, beyond: str | None
    ) -> list[Mention]:
        """Messages that mention a user in the order of their time, beyond a place."""
        query: Document = {"user_ids": user_id}
        if beyond is not None:
            query["place"] = {"$lt" if descending else "$gt": beyond}
        order = DESCENDING if descending else ASCENDING
        with unavailable():
            rows = self._mentions.find(query, {"place": 1}).sort("place", order).limit(limit)
            return [Mention(row["_id"], row["place"]) for row in await rows.to_list()]

    async def mention_numbers(
        self, conversation_ids: Sequence[UUID], user_id: int, after: int
    ) -> dict[UUID, list[int]]:
        """The numbers, beyond one, of the messages that mention a user, by conversation."""
        members = [receipt_id(i, user_id) for i in conversation_ids]
        query = {"members": {"$in": members}, "msg_no": {"$gt": after}}
        found: dict[UUID, list[int]] = defaultdict(list)
        with unavailable():
            rows = await self._mentions.find(query, {"conversation_id": 1, "msg_no": 1}).to_list()
        for row in rows:
            found[row["conversation_id"]].append(row["msg_no"])
        return found


def _edited(change: LogEntry) -> Document:
    values = {
        "text": change.text,
        "attachments": change.attachments,
        "version": Int64(change.seq),
        "edited_at": change.created_at,
        "updated_at": change.created_at,
    }
    mentions = {"mention_ids": change.mention_ids, "mentions_everyone": change.mentions_everyone}
    said = {name: value for name, value in mentions.items() if value}
    update: Document = {"$set": values | said}
    if len(said) < len(mentions):
        update["$unset"] = dict.fromkeys(mentions.keys() - said.keys(), "")
    return update


def _deleted(change: LogEntry) -> Document:
    values = {"deleted": True, "version": Int64(change.seq), "updated_at": change.created_at}
    return {**_BLANK, "$set": _BLANK["$set"] | values}
