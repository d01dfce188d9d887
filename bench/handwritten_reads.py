"""The reads, by hand: the commands that the API sends to the stores, without columns not needed."""

import asyncio
from collections import defaultdict
from typing import Any
from uuid import UUID

from app.api.ids import global_id
from bench.handwritten_stores import Stores

_USERS = """
SELECT public_id, name, username, created_at FROM users WHERE deleted_at IS NULL
ORDER BY created_at DESC, id DESC LIMIT 51
"""
_USERS_BY_IDS = """
SELECT id, public_id, name FROM users WHERE id = ANY($1) AND deleted_at IS NULL
"""
_PRODUCTS = """
SELECT id, title, description, product_url, cause, mrp, selling_price, publishing_status,
  vendor_id, created_at, updated_at
FROM products WHERE publishing_status = 'published' OR vendor_id = $1
ORDER BY created_at DESC, id DESC LIMIT 101
"""
_GROUPS = "SELECT id, name FROM groups WHERE id = ANY($1) AND deleted_at IS NULL"
_READERS = 20


async def users(stores: Stores, _viewer: int, _arguments: dict[str, Any]) -> Any:
    """The newest 50 users."""
    rows = await stores.auth.fetch(_USERS)
    nodes = [
        {
            "id": global_id("User", row[0]),
            "name": row[1],
            "username": row[2],
            "createdAt": row[3].isoformat(),
        }
        for row in rows[:50]
    ]
    return {"users": {"nodes": nodes}}


async def products(stores: Stores, viewer: int, _arguments: dict[str, Any]) -> Any:
    """The newest 100 products with their vendors."""
    rows = (await stores.main.fetch(_PRODUCTS, viewer))[:100]
    vendors = await _people(stores, {row["vendor_id"] for row in rows})
    nodes = [
        {
            "id": global_id("Product", row["id"]),
            "title": row["title"],
            "description": row["description"],
            "productUrl": row["product_url"],
            "cause": row["cause"].replace(" ", "_").upper(),
            "mrp": str(row["mrp"]),
            "sellingPrice": str(row["selling_price"]),
            "publishingStatus": row["publishing_status"].upper(),
            "createdAt": row["created_at"].isoformat(),
            "updatedAt": row["updated_at"].isoformat(),
            "vendor": vendors[row["vendor_id"]],
        }
        for row in rows
    ]
    return {"products": {"nodes": nodes}}


async def chat_page(stores: Stores, viewer: int, arguments: dict[str, Any]) -> Any:
    """The last 50 messages of a conversation, with senders and readers."""
    key = UUID(arguments["conversation"])
    conversation = await stores.mongo["conversations"].find_one(
        {"_id": key, "participant_ids": viewer}, {"message_count": 1}
    )
    assert conversation is not None
    high = conversation["message_count"]
    low = max(1, high - 49)
    slots = {"$gte": _slot(key, low), "$lte": _slot(key, high)}
    fields = {"msg_no": 1, "text": 1, "sender_id": 1, "created_at": 1}
    messages, receipts = await asyncio.gather(
        stores.mongo["messages"].find({"slot": slots, "dirty": False}, fields).to_list(),
        stores.mongo["receipts"]
        .find({"conversation_id": key}, {"user_id": 1, "read_msg_no": 1})
        .to_list(),
    )
    messages.sort(key=lambda m: m["msg_no"])
    receipts.sort(key=lambda r: r["user_id"])
    readers = {
        m["msg_no"]: [r["user_id"] for r in receipts if r["read_msg_no"] >= m["msg_no"]][:_READERS]
        for m in messages
    }
    senders = {m["sender_id"] for m in messages}
    people = await _people(stores, senders.union(*readers.values()))
    nodes = [
        {
            "id": global_id("Message", m["_id"]),
            "text": m["text"],
            "createdAt": m["created_at"].isoformat(),
            "sender": people[m["sender_id"]],
            "readBy": {"nodes": [{"name": people[u]["name"]} for u in readers[m["msg_no"]]]},
        }
        for m in messages
    ]
    return {"conversation": {"messages": {"nodes": nodes}}}


async def inbox(stores: Stores, viewer: int, _arguments: dict[str, Any]) -> Any:
    """The viewer's 50 last active conversations."""
    fields = {"group_id": 1, "message_count": 1, "last_message": 1, "activity": 1}
    rows = (
        await stores.mongo["conversations"]
        .find({"inbox_ids": viewer}, fields)
        .sort("activity", -1)
        .limit(51)
        .to_list()
    )[:50]
    last = [row["last_message"]["id"] for row in rows if row["last_message"]]
    groups = [row["group_id"] for row in rows if row["group_id"]]
    found = await asyncio.gather(
        _last_messages(stores, viewer, last),
        stores.mongo["receipts"]
        .find(
            {"_id": {"$in": [f"{row['_id'].hex}:{viewer}" for row in rows]}},
            {"conversation_id": 1, "read_msg_no": 1},
        )
        .to_list(),
        stores.main.fetch(_GROUPS, groups),
    )
    messages = found[0]
    read = {r["conversation_id"]: r["read_msg_no"] for r in found[1]}
    names = {row[0]: row[1] for row in found[2]}
    people = await _people(stores, {m["sender_id"] for m in messages.values()} - {None})
    nodes = []
    for row in rows:
        message = messages.get(row["last_message"]["id"]) if row["last_message"] else None
        group = row["group_id"]
        nodes.append(
            {
                "id": global_id("Conversation", row["_id"]),
                "messageCount": row["message_count"],
                "unreadCount": row["message_count"] - read.get(row["_id"], 0),
                "lastMessage": message
                and {
                    "text": message["text"],
                    "createdAt": message["created_at"].isoformat(),
                    "sender": people.get(message["sender_id"]),
                },
                "group": group and {"id": global_id("Group", group), "name": names[group]},
            }
        )
    return {"conversations": {"nodes": nodes}}


async def _last_messages(stores: Stores, viewer: int, ids: list[UUID]) -> dict[UUID, Any]:
    fields = {"conversation_id": 1, "text": 1, "sender_id": 1, "created_at": 1}
    found = await stores.mongo["messages"].find({"_id": {"$in": ids}}, fields).to_list()
    by_conversation: dict[UUID, list[Any]] = defaultdict(list)
    for message in found:
        by_conversation[message["conversation_id"]].append(message)
    mine = {"_id": {"$in": list(by_conversation)}, "participant_ids": viewer}
    visible = await stores.mongo["conversations"].find(mine, {"_id": 1}).to_list()
    return {m["_id"]: m for row in visible for m in by_conversation[row["_id"]]}


async def _people(stores: Stores, ids: set[int]) -> dict[int, Any]:
    rows = await stores.auth.fetch(_USERS_BY_IDS, list(ids))
    return {row[0]: {"id": global_id("User", row[1]), "name": row[2]} for row in rows}


def _slot(conversation_id: UUID, number: int) -> bytes:
    return conversation_id.bytes + number.to_bytes(8, "big")
