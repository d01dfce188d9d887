"""Conversations, messages, receipts and the mode of the stores."""

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.database import AsyncDatabase

Schema = dict[str, Any]


def _nullable(schema: Schema) -> Schema:
    kinds = schema["bsonType"]
    return schema | {"bsonType": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}


def _labels(*labels: str) -> Schema:
    return {"bsonType": "string", "enum": list(labels)}


def _document(properties: dict[str, Schema], *optional: str) -> Schema:
    return {
        "bsonType": "object",
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
        "properties": properties,
    }


_UUID = {"bsonType": "binData"}
_TEXT = {"bsonType": "string"}
_FLAG = {"bsonType": "bool"}
_TIME = {"bsonType": "date"}
# What a client sends without asking; it may hold anything.
_ANYTHING = {"bsonType": "object"}
# Drivers send small integers as int and large ones as long.
_NUMBER = {"bsonType": ["int", "long"], "minimum": 0}
_ORDINAL = {"bsonType": ["int", "long"], "minimum": 1}
_USER = {"bsonType": ["int", "long"], "minimum": 1, "maximum": 2**31 - 1}

_LAST_MESSAGE = _document(
    {
        "seq": _ORDINAL,
        "id": _UUID,
        "msg_no": _ORDINAL,
        "sender_id": _nullable(_USER),
        "text": _nullable(_TEXT),
        "created_at": _TIME,
    }
)
_ATTACHMENT = _document({"url": _TEXT, "type": _labels("file", "image", "video", "audio")})

_SCHEMAS = {
    "conversations": _document(
        {
            "_id": _UUID,
            "kind": _labels("direct", "group", "assistant"),
            "group_id": _nullable(_UUID),
            "user_id": _USER,
            "participant_ids": {"bsonType": "array", "items": _USER},
            "title": _nullable(_TEXT),
            "summary": _nullable(_TEXT),
            "tags": {"bsonType": "array", "items": _TEXT},
            "context": _ANYTHING,
            "metadata": _ANYTHING,
            "is_archived": _FLAG,
            "message_count": _NUMBER,
            "total_tokens": _NUMBER,
            "last_seq": _NUMBER,
            "last_message": _nullable(_LAST_MESSAGE),
            "activity": _TEXT | {"pattern": "^[0-9a-f]{48}$"},
            "members_seq": _NUMBER,
            "created_at": _TIME,
            "updated_at": _TIME,
        }
    ),
    "messages": _document(
        {
            "_id": _UUID,
            "conversation_id": _UUID,
            "seq": _ORDINAL,
            "msg_no": _nullable(_ORDINAL),
            "slot": _nullable({"bsonType": "binData"}),
            "kind": _labels("message", "edit", "delete", "reaction", "member", "void"),
            "target_id": _nullable(_UUID),
            "sender_id": _nullable(_USER),
            "client_key": _nullable(_TEXT),
            "role": _labels("user", "assistant", "system"),
            "text": _nullable(_TEXT),
            "attachments": {"bsonType": "array", "items": _ATTACHMENT},
            "model": _nullable(_TEXT),
            "provider": _nullable(_TEXT),
            "tokens": _nullable({"bsonType": ["int", "long"], "minimum": 0}),
            "metadata": _ANYTHING,
            "deleted": _FLAG,
            "version": _NUMBER,
            "dirty": _FLAG,
            "era": _NUMBER,
            "created_at": _TIME,
            "updated_at": _TIME,
        }
    ),
    "receipts": _document(
        {
            "_id": _TEXT | {"pattern": "^[0-9a-f]{32}:[1-9][0-9]*$"},
            "conversation_id": _UUID,
            "user_id": _USER,
            "read_msg_no": _NUMBER,
            "read_at": _TIME,
        }
    ),
    "store_state": _document(
        {
            "_id": _TEXT,
            "epoch": _ORDINAL,
            "mode": _labels("both", "pg_only", "catchup", "mongo_only", "drain"),
            "era": _ORDINAL,
        }
    ),
}

_INDEXES = {
    "conversations": [
        IndexModel(
            [("participant_ids", ASCENDING), ("activity", DESCENDING)],
            name="participant_ids_activity",
        ),
        IndexModel([("user_id", ASCENDING)], name="user_id"),
        IndexModel([("created_at", ASCENDING)], name="created_at"),
        IndexModel([("updated_at", ASCENDING)], name="updated_at"),
        IndexModel([("user_id", ASCENDING), ("updated_at", DESCENDING)], name="user_updated"),
        IndexModel([("group_id", ASCENDING)], name="group_id"),
    ],
    "messages": [
        IndexModel(
            [("conversation_id", ASCENDING), ("seq", ASCENDING)],
            name="conversation_id_seq",
            unique=True,
        ),
        IndexModel([("slot", ASCENDING)], name="slot"),
        IndexModel([("created_at", ASCENDING)], name="created_at"),
        IndexModel([("sender_id", ASCENDING)], name="sender_id"),
    ],
    "receipts": [
        IndexModel([("conversation_id", ASCENDING)], name="conversation_id"),
        IndexModel([("user_id", ASCENDING)], name="user_id"),
    ],
}


async def up(db: AsyncDatabase[dict[str, Any]]) -> None:
    """Create the collections with validators and indexes, and the first mode."""
    existing = set(await db.list_collection_names())
    for name, schema in _SCHEMAS.items():
        validator: Schema = {"validator": {"$jsonSchema": schema}, "validationLevel": "strict"}
        if name in existing:
            await db.command("collMod", name, **validator)
        else:
            await db.create_collection(name, **validator)
    for name, indexes in _INDEXES.items():
        await db[name].create_indexes(indexes)
    first = {"epoch": 1, "mode": "both", "era": 1}
    await db["store_state"].update_one({"_id": "mode"}, {"$setOnInsert": first}, upsert=True)


async def down(db: AsyncDatabase[dict[str, Any]]) -> None:
    """Drop the collections and what is in them."""
    for name in _SCHEMAS:
        await db.drop_collection(name)
