"""When a conversation's head was last written, apart from what sorts it in an inbox."""

from datetime import UTC, datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase


async def up(db: AsyncDatabase[dict[str, Any]]) -> None:
    """Say of every conversation what its activity says: until now each entry moved it."""
    await _validate(db, {"changed_at": {"bsonType": "date"}})
    rows = db["conversations"].find({"changed_at": {"$exists": False}}, {"activity": 1})
    async for row in rows:
        at = datetime.fromtimestamp(int(row["activity"][:16], 16) / 1000, UTC)
        await db["conversations"].update_one({"_id": row["_id"]}, {"$set": {"changed_at": at}})


async def down(db: AsyncDatabase[dict[str, Any]]) -> None:
    """Forget it."""
    await _validate(db, {})
    await db["conversations"].update_many({}, {"$unset": {"changed_at": ""}})


async def _validate(db: AsyncDatabase[dict[str, Any]], new: dict[str, Any]) -> None:
    (collection,) = await (await db.list_collections(filter={"name": "conversations"})).to_list()
    schema = collection["options"]["validator"]["$jsonSchema"]
    said = {name: kind for name, kind in schema["properties"].items() if name != "changed_at"} | new
    schema |= {"properties": said, "required": list(said)}
    await db.command("collMod", "conversations", validator={"$jsonSchema": schema})
