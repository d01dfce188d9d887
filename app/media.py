"""Files that products and messages show: kept elsewhere, so a checked address and a type."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import AnyUrl, TypeAdapter, UrlConstraints, ValidationError

from app.errors import Invalid, TooLong
from app.text import clean_text

MAX_URL_LENGTH = 2048  # characters
MAX_ATTACHMENTS = 20

_WEB_URL: TypeAdapter[AnyUrl] = TypeAdapter(
    Annotated[AnyUrl, UrlConstraints(allowed_schemes=["http", "https"], host_required=True)]
)


class AttachmentType(StrEnum):
    """What an attachment's url leads to."""

    FILE = "file"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file by its address, as somebody gave it."""

    url: str
    type: AttachmentType


def check_url(value: str, *, field: list[str]) -> str:
    """The web address in the form that the URL standard gives it: host in ASCII, no spaces.

    Raises:
        Required: It is empty.
        TooLong: It is longer than `MAX_URL_LENGTH` in either form.
        Invalid: It is not an http or https address with a host, or carries a user's name.
    """
    text = clean_text(value, field=field, max_length=MAX_URL_LENGTH)
    try:
        url = _WEB_URL.validate_python(text)
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"]
        raise Invalid(f"Not a web address: {reason}.", field=field) from None
    if url.username is not None or url.password is not None:
        # https://bank.example@evil.example shows one host and leads to another.
        raise Invalid("A web address here carries no user name or password.", field=field)
    address = str(url)
    if len(address) > MAX_URL_LENGTH:
        raise TooLong(f"At most {MAX_URL_LENGTH:,} characters once it is encoded.", field=field)
    return address


def clean_attachments(
    attachments: Sequence[Attachment], *, field: list[str]
) -> list[dict[str, str]]:
    """The attachments as they are stored: mappings `{url, type}`, in order.

    Args:
        attachments: At most `MAX_ATTACHMENTS`.
        field: The list's path in API names; an error names the item at fault.

    Raises:
        TooLong: There are too many, or an address is too long.
        Required: An address is empty.
        Invalid: An address is not one.
    """
    if len(attachments) > MAX_ATTACHMENTS:
        raise TooLong(f"At most {MAX_ATTACHMENTS} items.", field=field)
    return [
        {"url": check_url(item.url, field=[*field, str(i), "url"]), "type": item.type.value}
        for i, item in enumerate(attachments)
    ]
