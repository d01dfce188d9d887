"""Reads every row and document of the log, and says what breaks one of its invariants."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import text

from app.chat.documents import (
    ConversationDocument,
    CrowdDocument,
    MessageDocument,
    ReceiptDocument,
)
from app.chat.log import (
    activity_key,
    direct_conversation_id,
    group_conversation_id,
    member_entry_id,
    message_id,
    slot,
)
from app.services import Services

Row = Mapping[str, Any]

_SAME = {"id": "_id", "epoch": "era"}
_COMPARED = [
    "id",
    "conversation_id",
    "seq",
    "msg_no",
    "kind",
    "target_id",
    "sender_id",
    "client_key",
    "role",
    "text",
    "attachments",
    "model",
    "provider",
    "tokens",
    "metadata",
    "deleted",
    "version",
    "epoch",
    "created_at",
    "updated_at",
]
# What a document holds only where it says something.
_OPTIONAL = ["reply_to_id", "reply_count", "edit_count", "mention_ids", "mentions_everyone"]


async def broken_invariants(services: Services) -> list[str]:
    """One sentence for each thing that is wrong."""
    tables = {
        name: await _rows(services, f"SELECT * FROM {name}")  # noqa: S608 - names of our own
        for name in [
            "conversations",
            "conversation_heads",
            "conversation_members",
            "messages",
            "mirror_pending",
            "groups",
            "group_members",
        ]
    }
    collections = {
        name: {row["_id"]: row for row in await services.mongo.database[name].find().to_list()}
        for name in ("conversations", "crowds", "messages", "receipts")
    }
    problems = [f"pending: {row['conversation_id']}" for row in tables["mirror_pending"]]
    problems += _invalid_documents(collections)
    problems += _unlike(tables["messages"], collections["messages"])
    if {r["id"] for r in tables["conversations"]} != set(collections["conversations"]):
        problems.append("the stores hold other conversations")
    logs: dict[UUID, list[Row]] = defaultdict(list)
    for row in sorted(tables["messages"], key=lambda row: row["seq"]):
        logs[row["conversation_id"]].append(row)
    members: dict[UUID, list[Row]] = defaultdict(list)
    for row in tables["conversation_members"]:
        members[row["conversation_id"]].append(row)
    heads = {row["conversation_id"]: row for row in tables["conversation_heads"]}
    groups = {row["id"]: row for row in tables["groups"]}
    group_members: dict[UUID, set[int]] = defaultdict(set)
    for row in tables["group_members"]:
        group_members[row["group_id"]].add(row["user_id"])
    for row in tables["conversations"]:
        found = _Conversation(
            row,
            logs[row["id"]],
            members=members[row["id"]],
            head=heads[row["id"]],
            document=collections["conversations"].get(row["id"], {}),
            crowd=collections["crowds"].get(row["id"]),
            receipts=collections["receipts"],
        )
        problems += [f"{row['kind']} {row['id']}: {p}" for p in found.problems()]
        if row["group_id"] is not None:
            group = groups[row["group_id"]]
            if group["last_message_id"] != found.last_id:
                problems.append(f"group {group['id']}: its last message is another")
            if group_members[group["id"]] != found.member_ids:
                problems.append(f"group {group['id']}: others take part than belong to it")
    return problems


class _Conversation:
    """One conversation as both stores have it."""

    def __init__(
        self,
        row: Row,
        log: list[Row],
        *,
        members: list[Row],
        head: Row,
        document: Row,
        crowd: Row | None,
        receipts: Mapping[str, Row],
    ) -> None:
        self.row, self.log, self.members, self.head = row, log, members, head
        self.document, self.crowd, self.receipts = document, crowd, receipts
        self.messages = [entry for entry in log if entry["kind"] == "message"]
        self.member_ids = {m["user_id"] for m in members if m["removed_seq"] is None}
        self.last_id = self.messages[-1]["id"] if self.messages else None

    def problems(self) -> list[str]:
        checks = {
            "seq is not dense": [e["seq"] for e in self.log] == _numbers(self.log),
            "msg_no is not dense": [m["msg_no"] for m in self.messages] == _numbers(self.messages),
            "the first entry is not its start": self._starts(),
            "its id does not follow from its members": self._is_named(),
            "an entry's id does not follow from its key": all(map(self._entry_is_named, self.log)),
            "times do not grow": self._grows(),
            "PostgreSQL's head is wrong": self._has_head(),
            "MongoDB's head is wrong": self._has_document_head(),
            "its members differ": sorted(self.member_ids) == self.document.get("participant_ids"),
            "it is found by others than its members": self._is_found(),
            "its members are not what the log says": self._has_members(),
            "a read position is wrong": all(map(self._has_read, self.members)),
            "somebody speaks who is not there": all(map(self._speaks, self.messages)),
        }
        return [problem for problem, holds in checks.items() if not holds]

    def _is_found(self) -> bool:
        by_few = self.document.get("inbox_ids")
        by_crowd = [] if self.crowd is None else self.crowd["participant_ids"]
        return sorted(self.member_ids) in (by_few, by_crowd) and not (by_few and by_crowd)

    def _starts(self) -> bool:
        first = self.log[0]
        return bool(first["kind"] == "member" and first["sender_id"] == self.row["created_by"])

    def _is_named(self) -> bool:
        match self.row["kind"]:
            case "group":
                expected: UUID = group_conversation_id(self.row["group_id"])
            case "direct":
                expected = direct_conversation_id(*self.member_ids)
            case _:
                return self.member_ids == {self.row["created_by"]}
        return bool(self.row["id"] == expected)

    def _entry_is_named(self, entry: Row) -> bool:
        if entry["kind"] == "member":
            return bool(entry["id"] == member_entry_id(self.row["id"], entry["client_key"]))
        sender = entry["sender_id"] or 0
        return bool(entry["id"] == message_id(self.row["id"], sender, entry["client_key"]))

    def _grows(self) -> bool:
        times = [entry["created_at"] for entry in self.log]
        return times == sorted(times) and self.row["created_at"] <= times[0]

    def _has_head(self) -> bool:
        head = self.head
        numbers = (head["last_seq"], head["last_msg_no"], head["total_tokens"])
        tokens = sum(message["tokens"] or 0 for message in self.messages)
        return bool(numbers == (len(self.log), len(self.messages), tokens))

    def _has_document_head(self) -> bool:
        document, last = self.document, self.messages[-1] if self.messages else None
        snapshot = last and {
            "seq": last["seq"],
            "version": last["version"],
            "id": last["id"],
            "msg_no": last["msg_no"],
            "sender_id": last["sender_id"],
            "text": last["text"],
            "created_at": last["created_at"],
        }
        return bool(
            document["last_seq"] == len(self.log)
            and document["message_count"] == len(self.messages)
            and document["total_tokens"] == self.head["total_tokens"]
            and document["last_message"] == snapshot
            and document["activity"] == activity_key(self.row["id"], self.head["last_activity_at"])
            and document["changed_at"] >= self.log[-1]["created_at"]
        )

    def _has_members(self) -> bool:
        present: dict[int, int] = {}
        changes = [entry for entry in self.log if entry["kind"] == "member"]
        for entry in changes:
            is_start = entry["client_key"] == "start"
            for user in entry["metadata"]["added"]:
                present[user] = 0 if is_start else entry["seq"]
            for user in entry["metadata"]["removed"]:
                del present[user]
        joined = {m["user_id"]: m["joined_seq"] for m in self.members}
        return joined == present and bool(self.document["members_seq"] == changes[-1]["seq"])

    def _has_read(self, member: Row) -> bool:
        user, read = member["user_id"], member["read_msg_no"]
        own = [m["msg_no"] for m in self.messages if m["sender_id"] == user]
        receipt = self.receipts.get(f"{self.row['id'].hex}:{user}", {"read_msg_no": 0})
        in_range = max(own, default=0) <= read <= len(self.messages)
        return bool(in_range and receipt["read_msg_no"] == read)

    def _speaks(self, message: Row) -> bool:
        if message["sender_id"] is None:
            return bool(message["role"] == "assistant")
        joined = {m["user_id"]: m["joined_seq"] for m in self.members}
        return bool(joined[message["sender_id"]] < message["seq"])


def _numbers(rows: list[Row]) -> list[int]:
    return list(range(1, len(rows) + 1))


def _unlike(rows: list[Row], documents: Mapping[UUID, Row]) -> list[str]:
    """Entries that one store lacks, or in which the two differ."""
    problems = [f"only in PostgreSQL: {r['id']}" for r in rows if r["id"] not in documents]
    known = {row["id"] for row in rows}
    problems += [f"only in MongoDB: {i}" for i in documents if i not in known]
    for row in rows:
        document = documents.get(row["id"], {})
        for name in _COMPARED:
            held, expected = document.get(_SAME.get(name, name)), row[name]
            if document and held != expected:
                problems.append(f"{row['id']}: {name} is {expected!r} and {held!r}")
        for name in _OPTIONAL:
            if document and (document.get(name) or None) != (row[name] or None):
                problems.append(f"{row['id']}: {name} is {row[name]!r} and {document.get(name)!r}")
        place = row["msg_no"] and slot(row["conversation_id"], row["msg_no"])
        if document and (document["slot"] != place or document["dirty"]):
            problems.append(f"{row['id']}: its slot is wrong, or it is dirty")
    return problems


def _invalid_documents(collections: Mapping[str, Mapping[Any, Row]]) -> list[str]:
    models: dict[str, type[BaseModel]] = {
        "conversations": ConversationDocument,
        "crowds": CrowdDocument,
        "messages": MessageDocument,
        "receipts": ReceiptDocument,
    }
    problems = []
    for name, documents in collections.items():
        fields = models[name].model_fields
        for document in documents.values():
            values = {"id" if key == "_id" else key: value for key, value in document.items()}
            missing = {n for n in fields.keys() - values.keys() if fields[n].is_required()}
            wrong = missing | (values.keys() - fields.keys())
            if wrong:
                problems.append(f"{name} {document['_id']}: {sorted(wrong)}")
    return problems


async def _rows(services: Services, sql: str) -> list[Row]:
    async with services.main.begin() as tx:
        rows = (await tx.execute(text(sql))).mappings().all()
    # Text statements know no types: JSON comes as the driver gives it.
    return [
        {
            name: orjson.loads(value)
            if name in ("attachments", "metadata") and isinstance(value, str)
            else value
            for name, value in row.items()
        }
        for row in rows
    ]
