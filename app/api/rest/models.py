"""What REST's clients send and get: these models check what comes in, and make the document."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from app.chat.content import MAX_TEXT
from app.chat.models import MessageRole
from app.groups.models import GroupRole
from app.media import MAX_ATTACHMENTS, MAX_URL_LENGTH, AttachmentType
from app.once import MAX_KEY_LENGTH
from app.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE


def _digits(value: object) -> object:
    # Pydantic would also take "1.0", "+1" and "1_0".
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) < 10):
        raise ValueError("a whole number, in digits")
    return value


def _milliseconds(time: datetime) -> datetime:
    # What one of the stores keeps: the answer to a send is the same as to a later read.
    return time.replace(microsecond=time.microsecond // 1_000 * 1_000)


def _said(**rules: object) -> Callable[[dict[str, Any]], None]:
    """Add rules to the string in a field's schema."""

    def add(schema: dict[str, Any]) -> None:
        text = next((kind for kind in schema.get("anyOf", ()) if kind["type"] == "string"), schema)
        text.update(rules)

    return add


Time = Annotated[datetime, AfterValidator(_milliseconds)]


class Wire(BaseModel):
    """Names as JavaScript writes them, and no others."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=True
    )


class MessagesQuery(Wire):
    """Which messages of a room to list."""

    limit: Annotated[int, BeforeValidator(_digits)] = Field(
        DEFAULT_PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE, description="How many at most."
    )
    cursor: str | None = Field(
        None, description="The `nextCursor` of the page before; left out for the newest."
    )


class Attachment(Wire):
    """A file beside the text."""

    url: str = Field(
        description="An http or https address.",
        json_schema_extra=_said(pattern="^https?://", maxLength=MAX_URL_LENGTH),
    )
    type: AttachmentType = Field(description="What it is.")


class NewMessage(Wire):
    """A message to send: it has content or attachments, or both."""

    # The commands check, and say more of what was wrong; here it is said to programs alone.
    content: str | None = Field(
        None,
        description="What it says: at most 10,000 characters, not all of them blank.",
        json_schema_extra=_said(pattern=r"\S", maxLength=MAX_TEXT),
    )
    file_url: str | None = Field(
        None,
        description="Short for one attachment of the type `file`, after the others.",
        json_schema_extra=_said(pattern="^https?://", maxLength=MAX_URL_LENGTH),
    )
    attachments: list[Attachment] = Field(
        default_factory=list, max_length=MAX_ATTACHMENTS, description="Files beside the text."
    )
    attachment_ids: list[str] = Field(
        default_factory=list,
        max_length=MAX_ATTACHMENTS,
        description="Files that you uploaded, after the others, by their opaque ids.",
    )
    metadata: dict[str, Any] = Field(
        default_factory=dict, description="An object that clients keep with it: at most 8 kB."
    )
    client_key: str | None = Field(
        None,
        description="A key of your choice, of 1 to 64 printable characters: sent again with the "
        "same key, a message is not sent twice. The header Idempotency-Key may give it instead.",
        json_schema_extra=_said(minLength=1, maxLength=MAX_KEY_LENGTH),
    )


class Profile(Wire):
    """An account, as everybody signed in may see it."""

    id: str = Field(description="The user's opaque id, the same as in GraphQL.")
    name: str = Field(description="The name to show.")
    username: str | None = Field(description="The handle, if there is one.")
    image_url: str | None = Field(description="The address of a portrait.")


class Member(Wire):
    """The sender, and what they are in the room."""

    role: GroupRole | None = Field(
        description="What they may do in the group; null outside groups, or if they have left."
    )
    joined_at: datetime | None = Field(description="Since when they belong to the group.")
    profile: Profile = Field(description="Their account.")


class Message(Wire):
    """A message of a room."""

    id: str = Field(description="The message's opaque id, the same as in GraphQL.")
    room_id: str = Field(description="The conversation's opaque id.")
    seq: int = Field(description="Its place in the conversation's log.")
    role: MessageRole = Field(description="Who speaks.")
    content: str | None = Field(description="What it says; null if it was deleted.")
    file_url: str | None = Field(description="The address of the first attachment.")
    attachments: list[Attachment] = Field(description="Files beside the text.")
    metadata: dict[str, Any] = Field(description="What clients keep with it.")
    deleted: bool = Field(description="Whether it was deleted; its place stays.")
    created_at: Time = Field(description="When it was sent.")
    updated_at: Time = Field(description="When it was last changed.")
    member: Member | None = Field(
        description="Who sent it; null for the system, for an account that is gone, and while "
        "accounts cannot be read."
    )


class MessagePage(Wire):
    """A part of a room's messages."""

    items: list[Message] = Field(description="The newest first.")
    next_cursor: str | None = Field(
        description="Give it as `cursor` for the older ones; null if there are none."
    )


class Databases(Wire):
    """Which databases answer."""

    mongodb: bool = Field(description="Conversations and messages.")
    postgresql: bool = Field(description="Users, products and groups.")
    timestamp: datetime = Field(description="When they were asked.")


class Health(Wire):
    """How the server is."""

    status: Literal["healthy", "degraded", "unhealthy"] = Field(
        description="Degraded where one of the databases does not answer."
    )
    databases: Databases = Field(description="Each by itself.")
    message: str = Field(description="The same for people.")


class Problem(BaseModel):
    """Why a request was refused, by RFC 9457; nothing was changed."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="The reason, for people.")
    code: str = Field(description="The reason, for programs: GraphQL's codes.")
    field: list[str] | None = Field(None, description="The path of the value at fault.")
    retry_after: int | None = Field(None, description="Seconds to wait, of `RATE_LIMITED`.")
    reason: str | None = Field(None, description="Why a session ended, of `SESSION_REVOKED`.")
    id: str | None = Field(None, description="What the log calls an internal error.")
