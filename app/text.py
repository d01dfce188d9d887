"""The rules for text that somebody typed, in one place, so that no field is laxer than another."""

import re
import unicodedata

from app.errors import Invalid, Required, TooLong

# C0, DEL, C1 and lone surrogates: nothing that a keyboard types, and no UTF-8 for the last.
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
# What breaks a line, and what reverses the text beside it: no name may do that to a page.
_LAYOUT = r"\t\n\r\u2028\u2029\u202a-\u202e\u2066-\u2069"

_REFUSED_IN_PROSE = re.compile(f"[{_CONTROLS}]")
_REFUSED_IN_LINE = re.compile(f"[{_CONTROLS}{_LAYOUT}]")

# Letters and symbols that show nothing at all: Hangul fillers and the blank Braille pattern.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})

# UAX #15's stream-safe limit: no language comes near, and normalising is quadratic in a run.
_MAX_MARKS = 30

# The longest that a canonical decomposition gets, in code points per code point.
_DECOMPOSED = 4


def clean_text(value: str, *, field: list[str], max_length: int, multiline: bool = False) -> str:
    r"""The text in Unicode's composed form (NFC), without white space around it.

    Args:
        value: What was typed.
        field: The argument's path in API names.
        max_length: In characters (code points) of the composed form.
        multiline: Whether it may hold line breaks and tabs; `\r\n` becomes `\n`.

    Raises:
        Required: Nothing visible is left.
        TooLong: It is longer than `max_length`.
        Invalid: It holds control characters, lone surrogates, or more combining marks in a row
            than any language uses; or, in a single line, line breaks or overrides of direction.
    """
    text = value.strip()
    if len(text) > _DECOMPOSED * max_length:
        raise _too_long(max_length, field)
    if multiline:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    check_characters(text, field=field, multiline=multiline)
    if not text.isascii():
        text = _compose(text, field)
    if len(text) > max_length:
        raise _too_long(max_length, field)
    if not any(_is_visible(character) for character in text):
        raise Required("This must not be empty.", field=field)
    return text


def check_characters(text: str, *, field: list[str], multiline: bool = False) -> None:
    """Refuse the characters that no text holds.

    Raises:
        Invalid: It holds one; see `clean_text`.
    """
    refused = (_REFUSED_IN_PROSE if multiline else _REFUSED_IN_LINE).search(text)
    if refused:
        raise Invalid(
            f"The character U+{ord(refused.group()):04X} at position {refused.start()} is not"
            " allowed here.",
            field=field,
        )


def _compose(text: str, field: list[str]) -> str:
    marks = 0
    for position, character in enumerate(text):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MAX_MARKS:
            raise Invalid(
                f"More than {_MAX_MARKS} combining marks in a row, at position {position}.",
                field=field,
            )
    return unicodedata.normalize("NFC", text)


def _is_visible(character: str) -> bool:
    return character not in _BLANKS and unicodedata.category(character) not in _INVISIBLE


def _too_long(max_length: int, field: list[str]) -> TooLong:
    return TooLong(f"At most {max_length:,} characters.", field=field)
