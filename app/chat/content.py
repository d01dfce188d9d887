"""What a message may say: its text and files, and whom it mentions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.chat.backend import Backend
from app.chat.log import ConversationRecord
from app.chat.metadata import clean_metadata
from app.chat.models import ConversationKind, MessageRole
from app.errors import Forbidden, Invalid, NotFound, TooLong
from app.groups.models import GroupRole
from app.groups.queries import MemberRecord, memberships_of_viewer
from app.media import MAX_ATTACHMENTS, Attachment, clean_attachments
from app.text import clean_text
from app.users.models import UserRole
from app.users.queries import users_by_public_ids
from app.viewer import Viewer

MAX_TEXT = 10_000  # characters
MAX_MODEL = 100
MAX_MENTIONS = 50  # users named one by one


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What a sender says: text, attachments or both.

    Attributes:
        text: What it says.
        attachments: Files beside the text, by their addresses.
        metadata: What clients keep with it.
        reply_to: The message that it answers.
        mentions: Whom it mentions, by public ids.
        everyone: Whether it mentions everybody who takes part.
        files: Uploaded files beside the attachments, by their ids.
        role: Who speaks: but for a user, only a service account.
        model: What wrote an assistant's answer.
        provider: Whose model that is.
        tokens: What the answer cost.
    """

    text: str | None
    attachments: Sequence[Attachment] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    reply_to: UUID | None = None
    mentions: Sequence[UUID] = ()
    everyone: bool = False
    files: Sequence[UUID] = ()
    role: MessageRole = MessageRole.USER
    model: str | None = None
    provider: str | None = None
    tokens: int | None = None


def clean_message_text(text: str | None, attachments: Sequence[object]) -> str | None:
    """The text of a message, which may have none beside attachments.

    Raises:
        Required, TooLong, Invalid: See `app.text.clean_text`.
    """
    if text is None and attachments:
        return None
    return clean_text(text or "", field=["input", "text"], max_length=MAX_TEXT, multiline=True)


def clean_content(new: NewMessage) -> tuple[str | None, list[dict[str, str]], dict[str, Any]]:
    """A message's text, attachments and metadata as they are stored, but for its uploaded files.

    Raises:
        Required, TooLong, Invalid: A value breaks its rule.
    """
    if len(new.attachments) + len(new.files) > MAX_ATTACHMENTS:
        raise TooLong(f"At most {MAX_ATTACHMENTS} files.", field=["input", "attachmentIds"])
    return (
        clean_message_text(new.text, [*new.attachments, *new.files]),
        clean_attachments(new.attachments, field=["input", "attachments"]),
        clean_metadata(new.metadata, field=["input", "metadata"]),
    )


async def mentioned(backend: Backend, viewer: Viewer, public_ids: Sequence[UUID]) -> list[int]:
    """The numbers of the users that a message mentions; whether they take part, the log checks.

    Raises:
        TooLong: They are more than `MAX_MENTIONS`.
        NotFound: One of them is no user.
    """
    where = ["input", "mentionIds"]
    wanted = list(dict.fromkeys(public_ids))
    if len(wanted) > MAX_MENTIONS:
        raise TooLong(f"At most {MAX_MENTIONS} mentions.", field=where)
    if not wanted:
        return []
    users = await users_by_public_ids(backend.auth, viewer, wanted)
    if None in users:
        raise NotFound("There is no such user.", field=where)
    return sorted(user.id for user in users if user is not None)


async def check_mentions_everyone(
    backend: Backend, viewer: Viewer, conversation: ConversationRecord
) -> None:
    """Refuse to mention everybody, but for who leads the group.

    Raises:
        Invalid: It is no group's conversation.
        Forbidden: The viewer does not lead the group.
    """
    where = ["input", "mentionEveryone"]
    if conversation.kind is not ConversationKind.GROUP:
        raise Invalid("Only a group's conversation has everybody to mention.", field=where)
    if not await leads(backend, viewer, conversation):
        raise Forbidden("Owners and admins of the group mention everybody.", field=where)


async def leads(backend: Backend, viewer: Viewer, conversation: ConversationRecord) -> bool:
    """Whether a conversation's order is the viewer's to keep: a group's owners' and admins'.

    Without a group it is everybody's who takes part.
    """
    if conversation.group_id is None:
        return True
    (member,) = await memberships_of_viewer(backend.main, viewer, [conversation.group_id])
    return is_leader(member)


def is_leader(member: MemberRecord | None) -> bool:
    """Whether somebody's membership lets them keep the order of a group's conversation."""
    return member is not None and member.role in (GroupRole.OWNER, GroupRole.ADMIN)


def clean_origin(viewer: Viewer, new: NewMessage) -> dict[str, Any]:
    """Who speaks in a message, and for an assistant's answer what wrote it at what cost.

    Raises:
        Forbidden: It is not a user's, and the viewer is no service account.
        Required, TooLong, Invalid: A value breaks its rule, or is for an answer alone.
    """
    if new.role is not MessageRole.USER and viewer.role != UserRole.SERVICE:
        raise Forbidden("Service accounts alone speak so.", field=["input", "role"])
    origin: dict[str, Any] = {"role": new.role, "tokens": new.tokens}
    for name in ("model", "provider", "tokens"):
        if getattr(new, name) is not None and new.role is not MessageRole.ASSISTANT:
            raise Invalid("Only an assistant's answer has this.", field=["input", name])
    if new.tokens is not None and new.tokens < 0:
        raise Invalid("Tokens are not negative.", field=["input", "tokens"])
    for name, value in (("model", new.model), ("provider", new.provider)):
        if value is not None:
            origin[name] = clean_text(value, field=["input", name], max_length=MAX_MODEL)
    return origin
