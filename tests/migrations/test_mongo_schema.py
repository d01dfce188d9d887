"""MongoDB's validators and indexes agree with the documents, and with what the designs name."""

from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from beanie import Document
from pydantic import BaseModel

from app.chat.documents import (
    DOCUMENTS,
    ConversationDocument,
    MessageDocument,
    StoreStateDocument,
)
from app.chat.models import Conversation, ConversationHead, Message, StoreMode
from app.stores.mongo import Mongo
from app.stores.tables import MainBase

# Fields of messages that are only there where they say something.
_LEFT_OUT = {
    "reply_to_id",
    "thread_slot",
    "edit_slot",
    "reply_count",
    "edit_count",
    "mention_ids",
    "mentions_everyone",
    "edited_at",
}


@pytest.mark.covers("C14", "D25")
@pytest.mark.parametrize("model", DOCUMENTS)
async def test_validator_says_what_the_document_says(store: Mongo, model: type[Document]) -> None:
    (collection,) = [
        row
        async for row in await store.database.list_collections(
            filter={"name": model.get_collection_name()}
        )
    ]
    schema = collection["options"]["validator"]["$jsonSchema"]
    assert _shape_of_schema(schema) == _shape_of_model(model)


def _shape_of_schema(schema: dict[str, Any]) -> dict[str, Any]:
    assert schema["additionalProperties"] is False
    shape = {}
    for name, said in schema["properties"].items():
        inner = said.get("items", said)
        kinds = said["bsonType"]
        shape[name] = {
            "null": "null" in kinds if isinstance(kinds, list) else False,
            "labels": inner.get("enum"),
            "needed": name in schema["required"] or None,
            "fields": _shape_of_schema(inner) if "properties" in inner else None,
        }
    return shape


def _shape_of_model(model: type[BaseModel]) -> dict[str, Any]:
    shape = {}
    for name, field in model.model_fields.items():
        if name == "revision_id":  # Beanie's own, never stored
            continue
        parts = _parts(field.annotation)
        enums = [part for part in parts if issubclass(part, StrEnum)]
        models = [part for part in parts if issubclass(part, BaseModel)]
        shape["_id" if name == "id" and issubclass(model, Document) else name] = {
            "null": type(None) in parts,
            "labels": [member.value for member in enums[0]] if enums else None,
            "needed": name not in _LEFT_OUT or None,
            "fields": _shape_of_model(models[0]) if models else None,
        }
    return shape


def _parts(annotation: Any) -> list[type]:
    """The classes that an annotation is made of."""
    arguments = getattr(annotation, "__args__", ())
    own = [annotation] if isinstance(annotation, type) else []
    return own + [part for argument in arguments for part in _parts(argument)]


@pytest.mark.covers("A27", "C8")
@pytest.mark.parametrize(
    ("named", "collection", "fields"),
    [
        ("C8", "conversations", ["user_id"]),
        ("C8", "conversations", ["created_at"]),
        ("C8", "messages", ["conversation_id", "seq"]),
        ("C8", "messages", ["created_at"]),
        ("A27", "conversations", ["user_id", "updated_at"]),
        ("A27", "conversations", ["updated_at"]),
        ("A29", "conversations", ["inbox_ids", "activity"]),
        ("C6", "conversations", ["_id"]),
    ],
)
async def test_named_index_exists(
    store: Mongo, named: str, collection: str, fields: list[str]
) -> None:
    indexes = await store.database[collection].index_information()
    assert fields in [[name for name, _ in index["key"]] for index in indexes.values()], named


async def test_first_mode_is_both(store: Mongo) -> None:
    state = await StoreStateDocument.get("mode")
    assert state == StoreStateDocument(id="mode", epoch=1, mode=StoreMode.BOTH, era=1)


@pytest.mark.covers("D16")
def test_ids_are_the_same_in_both_stores() -> None:
    """D16: one canonical id, a UUID, and not an ObjectId that only MongoDB knows."""
    for model in (ConversationDocument, MessageDocument):
        assert model.model_fields["id"].annotation is UUID


@pytest.mark.covers("D16", "D25")
@pytest.mark.parametrize(
    ("tables", "document", "in_postgresql_alone", "in_mongodb_alone"),
    [
        (
            (Message,),
            MessageDocument,
            # A window over an index, and a place in one, is a number here and bytes there.
            {"id", "thread_id", "thread_no", "edit_no", "search", "epoch", "group_id"}
            | {"total_tokens"},
            {"_id", "slot", "thread_slot", "edit_slot", "dirty", "era"},
        ),
        (
            (Conversation, ConversationHead),
            ConversationDocument,
            {"id", "conversation_id", "created_by", "last_msg_no", "last_activity_at"},
            {"_id", "user_id", "message_count", "activity", "last_message"}
            | {"participant_ids", "inbox_ids", "members_seq", "changed_at"},
        ),
    ],
)
def test_both_stores_hold_the_same(
    tables: tuple[type[MainBase], ...],
    document: type[Document],
    in_postgresql_alone: set[str],
    in_mongodb_alone: set[str],
) -> None:
    """A column that one store gets and the other lacks is lost when the other one serves."""
    columns = {column.name for table in tables for column in table.__table__.columns}
    fields = set(_shape_of_model(document))
    assert columns - fields == in_postgresql_alone
    assert fields - columns == in_mongodb_alone
