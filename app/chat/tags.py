"""The words by which a conversation is found: one spelling each."""

from collections.abc import Sequence

from app.errors import TooLong
from app.text import clean_text

MAX_TAGS = 20
MAX_TAG = 50  # characters


def clean_tag(tag: str, *, field: list[str]) -> str:
    """The tag in lower case, with single spaces.

    Raises:
        Invalid, Required, TooLong: See `clean_text`.
    """
    return " ".join(clean_text(tag, field=field, max_length=MAX_TAG).lower().split())


def clean_tags(tags: Sequence[str], *, field: list[str]) -> list[str]:
    """The tags, each once, in the order in which they first come.

    Raises:
        Invalid, Required, TooLong: A tag breaks its rule, or there are too many.
    """
    if len(tags) > MAX_TAGS:
        raise TooLong(f"At most {MAX_TAGS} tags.", field=field)
    return list(dict.fromkeys(clean_tag(tag, field=field) for tag in tags))
