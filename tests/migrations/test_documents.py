"""What the server and the documents accept, and what both refuse."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

import pytest
from pymongo.errors import DuplicateKeyError, WriteError

from app.chat.documents import (
    Attachment,
    ConversationDocument,
    LastMessage,
    MentionDocument,
    MessageDocument,
    PinDocument,
    ReactionDocument,
    ReceiptDocument,
    StoreStateDocument,
)
from app.chat.models import ConversationKind, EntryKind, StoreMode
from app.media import AttachmentType
from app.stores.mongo import Mongo

_NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def _conversation() -> ConversationDocument:
    conversation = uuid4()
    message = LastMessage(
        seq=2, version=2, id=uuid4(), msg_no=1, sender_id=1, text="Grüße", created_at=_NOW
    )
    return ConversationDocument(
        id=conversation,
        kind=ConversationKind.GROUP,
        group_id=uuid4(),
        user_id=1,
        participant_ids=[1, 2],
        inbox_ids=[1, 2],
        tags=["a"],
        context={"anything": [1, {"nested": True}]},
        metadata={"mood": "calm"},
        message_count=1,
        last_seq=2,
        last_message=message,
        activity=f"{int(_NOW.timestamp() * 1000):016x}{conversation.hex}",
        changed_at=_NOW,
        created_at=_NOW,
        updated_at=_NOW,
    )


def _message() -> MessageDocument:
    conversation = uuid4()
    return MessageDocument(
        id=uuid4(),
        conversation_id=conversation,
        seq=2**40,
        msg_no=1,
        slot=conversation.bytes + (1).to_bytes(8),
        kind=EntryKind.MESSAGE,
        sender_id=1,
        client_key="key",
        text="Grüße",
        attachments=[Attachment(url="https://example.org/a.png", type=AttachmentType.IMAGE)],
        metadata={"new": {"without": ["a", "migration"]}},
        era=1,
        created_at=_NOW,
        updated_at=_NOW,
    )


def _receipt() -> ReceiptDocument:
    conversation = uuid4()
    return ReceiptDocument(
        id=f"{conversation.hex}:1",
        conversation_id=conversation,
        user_id=1,
        read_msg_no=0,
        read_at=_NOW,
        muted_until=_NOW,
        pinned_at=_NOW,
    )


def _reaction() -> ReactionDocument:
    message = uuid4()
    return ReactionDocument(
        id=f"{message.hex}:1:👍", message_id=message, user_id=1, emoji="👍", seq=3, removed=False
    )


def _pin() -> PinDocument:
    return PinDocument(id=uuid4(), conversation_id=uuid4(), seq=3, removed=False)


def _mention() -> MentionDocument:
    message, conversation = uuid4(), uuid4()
    return MentionDocument(
        id=message,
        conversation_id=conversation,
        msg_no=1,
        user_ids=[2],
        members=[f"{conversation.hex}:2"],
        place=f"{int(_NOW.timestamp() * 1000):016x}{message.hex}",
        version=2,
    )


def _mode() -> StoreStateDocument:
    return StoreStateDocument(id=uuid4().hex, epoch=1, mode=StoreMode.BOTH, era=1)


_EXAMPLES = (_conversation, _message, _receipt, _reaction, _pin, _mention, _mode)


@pytest.mark.covers("A10", "A13", "C29")
@pytest.mark.parametrize("example", _EXAMPLES)
async def test_good_document_is_accepted_and_read_back(store: Mongo, example: Any) -> None:
    document = example()
    await document.insert()
    assert await type(document).get(document.id) == document


async def test_void_without_sender_or_number_is_accepted(store: Mongo) -> None:
    void = _message().model_copy(
        update={"kind": EntryKind.VOID, "sender_id": None, "msg_no": None, "slot": None}
    )
    await void.insert()
    assert await MessageDocument.get(void.id) == void


@pytest.mark.covers("B12", "C13", "C14")
@pytest.mark.parametrize(
    ("example", "change"),
    [
        (_conversation, {"kind": "public"}),
        (_conversation, {"participant_ids": ["1"]}),
        (_conversation, {"participant_ids": [0]}),
        (_conversation, {"metadata": "calm"}),
        (_conversation, {"last_seq": -1}),
        (_conversation, {"activity": "now"}),
        (_conversation, {"last_message": {"seq": 1}}),
        (_conversation, {"unheard_of": 1}),
        (_message, {"seq": "1"}),
        (_message, {"seq": 0}),
        (_message, {"seq": 1.5}),
        (_message, {"conversation_id": "a"}),
        (_message, {"kind": "shout"}),
        (_message, {"role": "robot"}),
        (_message, {"text": 7}),
        (_message, {"attachments": [{"url": "a", "type": "hologram"}]}),
        (_message, {"attachments": [{"url": "a"}]}),
        (_message, {"metadata": []}),
        (_message, {"deleted": "no"}),
        (_message, {"created_at": "2026-07-01"}),
        (_message, {"tokens": -1}),
        (_message, {"mention_ids": [0]}),
        (_message, {"edited_at": "now"}),
        (_reaction, {"_id": "mine"}),
        (_reaction, {"removed": None}),
        (_pin, {"seq": 0}),
        (_mention, {"members": ["me"]}),
        (_mention, {"place": "here"}),
        (_receipt, {"_id": "mine"}),
        (_receipt, {"read_msg_no": None}),
        (_receipt, {"is_archived": None}),
        (_receipt, {"muted_until": "for good"}),
        (_mode, {"mode": "neither"}),
        (_mode, {"epoch": 0}),
    ],
)
async def test_bad_document_is_refused_by_server_and_model(
    store: Mongo, example: Any, change: dict[str, Any]
) -> None:
    document = example()
    raw = document.get_settings().pymongo_collection
    good = document.model_dump(by_alias=True, mode="python", exclude={"revision_id"})
    bad = {key: _plain(value) for key, value in good.items()} | change

    with pytest.raises(WriteError, match="Document failed validation"):
        await raw.insert_one(bad)
    with pytest.raises(ValueError, match="validation error"):
        type(document).model_validate(bad)

    assert await raw.count_documents({"_id": bad["_id"]}) == 0


@pytest.mark.parametrize("missing", ["conversation_id", "seq", "msg_no", "kind", "era", "text"])
async def test_missing_field_is_refused(store: Mongo, missing: str) -> None:
    document = _message().model_dump(by_alias=True, exclude={"revision_id", missing})
    with pytest.raises(WriteError, match="Document failed validation"):
        await store.database["messages"].insert_one(_plain(document))


@pytest.mark.covers("C14")
async def test_update_is_validated_too(store: Mongo) -> None:
    message = await _message().insert()
    with pytest.raises(WriteError, match="Document failed validation"):
        await store.database["messages"].update_one({"_id": message.id}, {"$set": {"text": 1}})
    assert await MessageDocument.get(message.id) == message


async def test_slot_of_a_conversation_is_taken_once(store: Mongo) -> None:
    first = await _message().insert()
    second = first.model_copy(update={"id": uuid4()})
    with pytest.raises(DuplicateKeyError):
        await second.insert()


def _plain(value: Any) -> Any:
    """As PyMongo takes it: enums as their values."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value
