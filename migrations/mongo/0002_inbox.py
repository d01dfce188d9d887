"""Large conversations are found apart from their heads, which every send rewrites."""

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.database import AsyncDatabase

_FEW = 32
_USERS = {
    "bsonType": "array",
    "items": {"bsonType": ["int", "long"], "minimum": 1, "maximum": 2**31 - 1},
}
_CROWD = {
    "_id": {"bsonType": "binData"},
    "participant_ids": _USERS,
    "members_seq": {"bsonType": ["int", "long"], "minimum": 0},
    "changed_at": {"bsonType": "date"},
}
_CROWDS = {
    "bsonType": "object",
    "required": list(_CROWD),
    "additionalProperties": False,
    "properties": _CROWD,
}
_BY_ALL = IndexModel(
    [("participant_ids", ASCENDING), ("activity", DESCENDING)], name="participant_ids_activity"
)
_BY_FEW = IndexModel(
    [("inbox_ids", ASCENDING), ("activity", DESCENDING)], name="inbox_ids_activity"
)
_BY_CHANGE = IndexModel(
    [("participant_ids", ASCENDING), ("changed_at", DESCENDING)], name="participant_ids_changed_at"
)


async def up(db: AsyncDatabase[dict[str, Any]]) -> None:
    """Write for every conversation where it is found, then look there."""
    if "crowds" not in await db.list_collection_names():
        await db.create_collection("crowds", validator={"$jsonSchema": _CROWDS})
    await db["crowds"].create_indexes([_BY_CHANGE])
    schema = await _schema(db)
    schema["properties"]["inbox_ids"] = _USERS
    schema["required"] = list(schema["properties"])
    await db.command("collMod", "conversations", validator={"$jsonSchema": schema})
    fields = {"participant_ids": 1, "members_seq": 1, "updated_at": 1}
    async for row in db["conversations"].find({"inbox_ids": {"$exists": False}}, fields):
        users, few = row["participant_ids"], len(row["participant_ids"]) <= _FEW
        if not few:
            crowd = {
                "participant_ids": users,
                "members_seq": row["members_seq"],
                "changed_at": row["updated_at"],
            }
            await db["crowds"].update_one({"_id": row["_id"]}, {"$set": crowd}, upsert=True)
        found_by = {"inbox_ids": users if few else []}
        await db["conversations"].update_one({"_id": row["_id"]}, {"$set": found_by})
    await db["conversations"].create_indexes([_BY_FEW])
    await _drop_index(db, _BY_ALL)


async def down(db: AsyncDatabase[dict[str, Any]]) -> None:
    """Find every conversation by all who take part."""
    await db["conversations"].create_indexes([_BY_ALL])
    await _drop_index(db, _BY_FEW)
    schema = await _schema(db)
    schema["properties"].pop("inbox_ids", None)
    schema["required"] = list(schema["properties"])
    await db.command("collMod", "conversations", validator={"$jsonSchema": schema})
    await db["conversations"].update_many({}, {"$unset": {"inbox_ids": ""}})
    await db.drop_collection("crowds")


async def _schema(db: AsyncDatabase[dict[str, Any]]) -> dict[str, Any]:
    (collection,) = await (await db.list_collections(filter={"name": "conversations"})).to_list()
    schema: dict[str, Any] = collection["options"]["validator"]["$jsonSchema"]
    return schema


async def _drop_index(db: AsyncDatabase[dict[str, Any]], index: IndexModel) -> None:
    name = index.document["name"]
    if name in await db["conversations"].index_information():
        await db["conversations"].drop_index(name)
