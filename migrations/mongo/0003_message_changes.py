"""Replies, mentions, edits; reactions, pins and mentions as collections of their own."""

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.database import AsyncDatabase

Schema = dict[str, Any]

_UUID = {"bsonType": "binData"}
_FLAG = {"bsonType": "bool"}
_NUMBER = {"bsonType": ["int", "long"], "minimum": 0}
_ORDINAL = {"bsonType": ["int", "long"], "minimum": 1}
_USER = {"bsonType": ["int", "long"], "minimum": 1, "maximum": 2**31 - 1}
_USERS = {"bsonType": "array", "items": _USER}
_MEMBERS = {
    "bsonType": "array",
    "items": {"bsonType": "string", "pattern": "^[0-9a-f]{32}:[1-9][0-9]*$"},
}

_OLD_KINDS = ["message", "edit", "delete", "reaction", "member", "void"]
_KINDS = [*_OLD_KINDS, "pin", "details"]
# Only those documents hold them that need to: most messages answer and mention nobody.
_OPTIONAL = {
    "reply_to_id": {"bsonType": ["binData", "null"]},
    "thread_slot": {"bsonType": ["binData", "null"]},
    "edit_slot": {"bsonType": ["binData", "null"]},
    "reply_count": _NUMBER,
    "edit_count": _NUMBER,
    "mention_ids": _USERS,
    "mentions_everyone": _FLAG,
    "edited_at": {"bsonType": ["date", "null"]},
}


def _document(properties: dict[str, Schema]) -> Schema:
    return {
        "bsonType": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


_SCHEMAS = {
    "reactions": _document(
        {
            "_id": {"bsonType": "string", "pattern": "^[0-9a-f]{32}:[1-9][0-9]*:."},
            "message_id": _UUID,
            "user_id": _USER,
            "emoji": {"bsonType": "string"},
            "seq": _ORDINAL,
            "removed": _FLAG,
        }
    ),
    "pins": _document({"_id": _UUID, "conversation_id": _UUID, "seq": _ORDINAL, "removed": _FLAG}),
    "mentions": _document(
        {
            "_id": _UUID,
            "conversation_id": _UUID,
            "msg_no": _ORDINAL,
            "user_ids": _USERS,
            "members": _MEMBERS,
            "place": {"bsonType": "string", "pattern": "^[0-9a-f]{48}$"},
            "version": _NUMBER,
        }
    ),
}

_INDEXES = {
    "messages": [
        # Sparse: whatever is no reply, and no edit, costs them nothing.
        IndexModel([("thread_slot", ASCENDING)], name="thread_slot", sparse=True),
        IndexModel([("edit_slot", ASCENDING)], name="edit_slot", sparse=True),
    ],
    "reactions": [IndexModel([("message_id", ASCENDING)], name="message_id")],
    "pins": [IndexModel([("conversation_id", ASCENDING)], name="conversation_id")],
    "mentions": [
        IndexModel([("members", ASCENDING)], name="members"),
        IndexModel([("user_ids", ASCENDING), ("place", DESCENDING)], name="user_ids_place"),
    ],
}


async def up(db: AsyncDatabase[dict[str, Any]]) -> None:
    """Let messages hold more, number the snapshots' versions, and create the collections."""
    await _validate(db, _KINDS, _OPTIONAL, {"version": _NUMBER})
    # `$max` compares snapshots field by field: the version stands where it decides.
    old = {"last_message": {"$ne": None}, "last_message.version": {"$exists": False}}
    async for row in db["conversations"].find(old, {"last_message": 1}):
        last = row["last_message"]
        snapshot = {"seq": last["seq"], "version": last["seq"], **last}
        # One that was written meanwhile is a newer one.
        await db["conversations"].update_one(
            {"_id": row["_id"], "last_message": last}, {"$set": {"last_message": snapshot}}
        )
    existing = set(await db.list_collection_names())
    for name, schema in _SCHEMAS.items():
        validator: Schema = {"validator": {"$jsonSchema": schema}, "validationLevel": "strict"}
        if name in existing:
            await db.command("collMod", name, **validator)
        else:
            await db.create_collection(name, **validator)
    for name, indexes in _INDEXES.items():
        await db[name].create_indexes(indexes)


async def down(db: AsyncDatabase[dict[str, Any]]) -> None:
    """Drop the collections, and what messages held more; new kinds become voids."""
    for name in _SCHEMAS:
        await db.drop_collection(name)
    indexes = await db["messages"].index_information()
    for index in _INDEXES["messages"]:
        if index.document["name"] in indexes:
            await db["messages"].drop_index(index.document["name"])
    await db["messages"].update_many({}, {"$unset": dict.fromkeys(_OPTIONAL, "")})
    await db["messages"].update_many(
        {"kind": {"$in": ["pin", "details"]}}, {"$set": {"kind": "void"}}
    )
    await db["conversations"].update_many(
        {"last_message": {"$ne": None}}, {"$unset": {"last_message.version": ""}}
    )
    await _validate(db, _OLD_KINDS, {}, {})


async def _validate(
    db: AsyncDatabase[dict[str, Any]], kinds: list[str], optional: Schema, snapshot: Schema
) -> None:
    """Change what the two collections' validators say of these fields, and nothing else."""
    options = {
        row["name"]: row["options"]["validator"]["$jsonSchema"]
        async for row in await db.list_collections(
            filter={"name": {"$in": ["messages", "conversations"]}}
        )
    }
    messages = options["messages"]
    properties = {k: v for k, v in messages["properties"].items() if k not in _OPTIONAL}
    messages["properties"] = properties | optional
    messages["properties"]["kind"] = properties["kind"] | {"enum": kinds}
    last = options["conversations"]["properties"]["last_message"]
    last["properties"] = {k: v for k, v in last["properties"].items() if k != "version"} | snapshot
    last["required"] = list(last["properties"])
    for name, schema in options.items():
        await db.command(
            "collMod", name, validator={"$jsonSchema": schema}, validationLevel="strict"
        )
