"""Sending by hand: PostgreSQL gives out the place, MongoDB gets a copy, Redis is told."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from app.api.ids import global_id
from app.chat.log import activity_key, message_id, slot
from bench.handwritten_stores import Stores

_LOCK = "SELECT FROM conversation_heads WHERE conversation_id = $1 FOR UPDATE"
_APPEND = """
WITH gate AS (
  SELECT epoch FROM store_state WHERE mode = 'both'
), head AS (
  UPDATE conversation_heads SET last_seq = last_seq + 1, last_msg_no = last_msg_no + 1,
    last_activity_at = clock_timestamp()
  WHERE conversation_id = $2 AND EXISTS (SELECT FROM gate)
    AND EXISTS (SELECT FROM conversation_members WHERE conversation_id = $2 AND user_id = $3
      AND removed_seq IS NULL)
    AND NOT EXISTS (SELECT FROM messages WHERE id = $1)
  RETURNING last_seq, last_msg_no, last_activity_at
), entry AS (
  INSERT INTO messages (id, conversation_id, seq, msg_no, sender_id, group_id, client_key, text,
    version, epoch, created_at, updated_at)
  SELECT $1, $2, last_seq, last_msg_no, $3, (SELECT group_id FROM conversations WHERE id = $2), $4,
    $5, last_seq, (SELECT epoch FROM gate), last_activity_at, last_activity_at FROM head
), pending AS (
  INSERT INTO mirror_pending (conversation_id, seq, epoch)
  SELECT $2, last_seq, (SELECT epoch FROM gate) FROM head
), own_read AS (
  UPDATE conversation_members SET read_msg_no = last_msg_no, read_at = last_activity_at FROM head
  WHERE conversation_id = $2 AND user_id = $3
), newest AS (
  UPDATE groups SET last_message_id = $1 FROM head
  WHERE groups.id = (SELECT group_id FROM conversations WHERE id = $2)
)
SELECT last_seq, last_msg_no, last_activity_at, (SELECT epoch FROM gate) FROM head
"""
_FORGET = """
DELETE FROM mirror_pending p USING unnest($1::uuid[], $2::bigint[]) AS done(conversation_id, seq)
WHERE p.conversation_id = done.conversation_id AND p.seq = done.seq
"""
_FORGET_EVERY = 0.1  # seconds


async def send(stores: Stores, viewer: int, arguments: dict[str, Any]) -> Any:
    """Send a message."""
    conversation_id, key, text = UUID(arguments["id"]), arguments["key"], arguments["text"]
    new_id = message_id(conversation_id, viewer, key)
    async with stores.main.acquire() as connection, connection.transaction():
        await connection.execute(_LOCK, conversation_id)
        row = await connection.fetchrow(_APPEND, new_id, conversation_id, viewer, key, text)
    assert row is not None
    seq, number, at, epoch = row
    message = {
        "_id": new_id,
        "conversation_id": conversation_id,
        "seq": seq,
        "msg_no": number,
        "slot": slot(conversation_id, number),
        "kind": "message",
        "target_id": None,
        "sender_id": viewer,
        "client_key": key,
        "role": "user",
        "text": text,
        "attachments": [],
        "model": None,
        "provider": None,
        "tokens": None,
        "metadata": {},
        "deleted": False,
        "version": seq,
        "dirty": False,
        "era": epoch,
        "created_at": at,
        "updated_at": at,
    }
    last = {
        "seq": seq,
        "id": new_id,
        "msg_no": number,
        "sender_id": viewer,
        "text": text,
        "created_at": at,
    }
    head = {
        "last_seq": seq,
        "message_count": number,
        "activity": activity_key(conversation_id, datetime.now(UTC)),
        "last_message": last,
    }
    await asyncio.gather(
        stores.mongo["messages"].insert_one(message),
        stores.mongo["conversations"].update_one({"_id": conversation_id}, {"$max": head}),
        stores.mongo["receipts"].update_one(
            {"_id": f"{conversation_id.hex}:{viewer}"},
            {
                "$max": {"read_msg_no": number, "read_at": datetime.now(UTC)},
                "$setOnInsert": {"conversation_id": conversation_id, "user_id": viewer},
            },
            upsert=True,
        ),
    )
    stores.mirrored.append((conversation_id, seq))
    del message["slot"]
    hint = orjson.dumps(message, default=str)
    await stores.redis.publish(f"conversation:{conversation_id.hex}", hint)
    return {
        "messageSend": {
            "message": {"id": global_id("Message", new_id), "seq": seq, "text": text},
            "errors": [],
        }
    }


async def forget_mirrored(stores: Stores) -> None:
    """Delete the pending rows of what MongoDB has, in batches, until cancelled."""
    while True:
        await asyncio.sleep(_FORGET_EVERY)
        places, stores.mirrored = stores.mirrored, []
        if places:
            ids, seqs = zip(*places, strict=True)
            await stores.main.execute(_FORGET, ids, seqs)
