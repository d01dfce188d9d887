"""A room's messages: a conversation by its own id or its group's, as GraphQL shows it."""

import asyncio
from http import HTTPStatus
from uuid import UUID

from starlette.responses import Response

from app import media
from app.api.charging import MUTATION
from app.api.context import Context
from app.api.files import url_for
from app.api.ids import global_id, parse_id, uuid_in, uuid_of
from app.api.rest.models import (
    Attachment,
    Member,
    Message,
    MessagePage,
    MessagesQuery,
    NewMessage,
    Profile,
)
from app.api.rest.resource import Call, answer
from app.chat import commands, content
from app.chat.log import ConversationRecord, LogEntry, group_conversation_id
from app.errors import DomainError, Invalid, NotFound, Required, StoreUnavailable
from app.media import AttachmentType
from app.paging import PageArgs

# Points, by GraphQL's rules: a message with its sender, their membership and an attachment.
MESSAGE = 62
LIST = 34

_KEY_HEADER = "idempotency-key"
# What the commands' values are called here.
_NAMES = {"text": "content", "conversationId": "roomId"}


async def list_messages(call: Call) -> Response:
    """The messages of a room, the newest first."""
    query = call.query(MessagesQuery)
    context = await call.paid(LIST + query.limit * MESSAGE)
    context.viewer.require()
    room = await context.loaders.conversation_by_id.load(_conversation_id(call))
    if room is None:
        raise _no_room()
    args = PageArgs(query.limit, query.cursor, backward=True)
    page = await context.loaders.messages_by_conversation.load((room, args))
    items = await asyncio.gather(*(_shown(context, room, entry) for entry in page.items[::-1]))
    more = page.cursors[0] if page.has_previous and page.cursors else None
    return answer(MessagePage(items=items, next_cursor=more))


async def send_message(call: Call) -> Response:
    """Send a message to a room; the same client key gives the same message."""
    context = await call.paid(MUTATION + MESSAGE)
    context.viewer.require()
    given = await call.body(NewMessage)
    key = _client_key(call, given)
    room_id = _conversation_id(call)
    attachments = [media.Attachment(item.url, item.type) for item in given.attachments]
    if given.file_url is not None:
        attachments.append(media.Attachment(given.file_url, AttachmentType.FILE))
    try:
        files = [
            uuid_of(given_id, "Attachment", field=["attachmentIds", str(place)])
            for place, given_id in enumerate(given.attachment_ids)
        ]
        new = content.NewMessage(given.content, attachments, given.metadata, files=files)
        sent = await commands.send_message(
            context.services, context.viewer, room_id, new, client_key=key
        )
    except DomainError as error:
        if error.field is not None:
            error.field = [_NAMES.get(part, part) for part in error.field if part != "input"]
        raise
    room = await context.loaders.conversation_by_id.load(room_id)
    if room is None:
        raise _no_room()
    return answer(await _shown(context, room, sent), HTTPStatus.CREATED)


def _conversation_id(call: Call) -> UUID:
    kind, key = parse_id(call.scope["path_params"]["room_id"]) or ("", "")
    number = uuid_in(key)
    if number is None or kind not in {"Conversation", "Group"}:
        raise _no_room()
    return number if kind == "Conversation" else group_conversation_id(number)


def _no_room() -> NotFound:
    return NotFound("There is no such room that you belong to.", field=["roomId"])


def _client_key(call: Call, given: NewMessage) -> str:
    # Several, joined as HTTP joins them, are another.
    headers = call.headers.getlist(_KEY_HEADER)
    header = ",".join(headers)
    # A structured field's string, which is quoted, or the key as it is.
    if len(header) > 1 and header[0] == header[-1] == '"':
        header = header[1:-1]
    if headers and given.client_key not in {None, header}:
        raise Invalid("Idempotency-Key and clientKey differ.", field=["clientKey"])
    key = header or given.client_key
    if not key:
        message = "A message needs a clientKey, or the header Idempotency-Key; a UUID does well."
        raise Required(message, field=["clientKey"])
    return key


async def _shown(context: Context, room: ConversationRecord, entry: LogEntry) -> Message:
    attachments = [
        Attachment(url=url_for(context, item["url"]), type=AttachmentType(item["type"]))
        for item in entry.attachments
    ]
    return Message(
        id=global_id("Message", entry.id),
        room_id=global_id("Conversation", entry.conversation_id),
        seq=entry.seq,
        role=entry.role,
        content=entry.text,
        file_url=attachments[0].url if attachments else None,
        attachments=attachments,
        metadata=entry.metadata,
        deleted=entry.deleted,
        created_at=entry.created_at,
        updated_at=entry.updated_at,
        member=await _member(context, room, entry.sender_id),
    )


async def _member(
    context: Context, room: ConversationRecord, sender_id: int | None
) -> Member | None:
    if sender_id is None:
        return None
    loaders = context.loaders
    try:
        user = await loaders.user_by_id.load(sender_id)
        if user is None:
            return None
        belongs = None
        if room.group_id is not None:
            belongs = await loaders.membership_of_user.load((room.group_id, sender_id))
    except StoreUnavailable:  # messages are read on while accounts cannot be
        return None
    return Member(
        role=None if belongs is None else belongs.role,
        joined_at=None if belongs is None else belongs.joined_at,
        profile=Profile(
            id=global_id("User", user.public_id),
            name=user.name,
            username=user.username,
            image_url=user.profile_image_url,
        ),
    )
