"""How members keep a conversation, and as of which entry a conversation says what it does."""

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.database import AsyncDatabase

Schema = dict[str, Any]

_NUMBER = {"bsonType": ["int", "long"], "minimum": 0}
_FLAG = {"bsonType": "bool"}
_TIME = {"bsonType": "date"}
_TIME_OR_NONE = {"bsonType": ["date", "null"]}

# What documents gain, each field with what those that are there begin with.
_NEW: dict[str, dict[str, tuple[Schema, Any]]] = {
    "conversations": {"details_version": (_NUMBER, 0)},
    "receipts": {
        "is_archived": (_FLAG, False),
        "muted_until": (_TIME_OR_NONE, None),
        "pinned_at": (_TIME_OR_NONE, None),
        "settings_version": (_NUMBER, 0),
    },
}
# What they lose: nothing ever wrote it, for putting away is each member's own.
_OLD: dict[str, dict[str, tuple[Schema, Any]]] = {
    "conversations": {"is_archived": (_FLAG, False)},
    "receipts": {},
}
_BY_PIN = IndexModel([("user_id", ASCENDING), ("pinned_at", DESCENDING)], name="user_id_pinned_at")
_BY_USER = IndexModel([("user_id", ASCENDING)], name="user_id")


async def up(db: AsyncDatabase[dict[str, Any]]) -> None:
    """Give every document the new fields; whoever has read nothing may have a receipt."""
    for name, new in _NEW.items():
        await _exchange(db, name, _OLD[name], new, _TIME_OR_NONE)
    await db["receipts"].create_indexes([_BY_PIN])
    await _drop_index(db, _BY_USER)


async def down(db: AsyncDatabase[dict[str, Any]]) -> None:
    """Take the fields away, and the receipts of those who have read nothing."""
    await db["receipts"].create_indexes([_BY_USER])
    await _drop_index(db, _BY_PIN)
    await db["receipts"].delete_many({"read_at": None})
    for name, new in _NEW.items():
        await _exchange(db, name, new, _OLD[name], _TIME)


async def _exchange(
    db: AsyncDatabase[dict[str, Any]],
    name: str,
    old: dict[str, tuple[Schema, Any]],
    new: dict[str, tuple[Schema, Any]],
    read_at: Schema,
) -> None:
    (collection,) = await (await db.list_collections(filter={"name": name})).to_list()
    schema: Schema = collection["options"]["validator"]["$jsonSchema"]
    said = {field: kind for field, kind in schema["properties"].items() if field not in old}
    said |= {field: kind for field, (kind, _) in new.items()}
    if "read_at" in said:
        said["read_at"] = read_at
    schema |= {"properties": said, "required": list(said)}
    await db.command("collMod", name, validator={"$jsonSchema": schema})
    # In one update: strictly, a document is refused with only some of them.
    change: dict[str, Any] = {}
    if new:
        change["$set"] = {field: first for field, (_, first) in new.items()}
    if old:
        change["$unset"] = dict.fromkeys(old, "")
    lacking = {field: {"$exists": False} for field in new} or {
        field: {"$exists": True} for field in old
    }
    await db[name].update_many(lacking, change)


async def _drop_index(db: AsyncDatabase[dict[str, Any]], index: IndexModel) -> None:
    name = index.document["name"]
    if name in await db["receipts"].index_information():
        await db["receipts"].drop_index(name)
