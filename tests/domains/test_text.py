"""What may be typed, and in which form it is kept."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import DomainError, Invalid, Required, TooLong
from app.text import clean_text

FIELD = ["input", "name"]

# Every character, lone surrogates among them: JSON can carry them.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)


def line(value: str, max_length: int = 40) -> str:
    return clean_text(value, field=FIELD, max_length=max_length)


def prose(value: str, max_length: int = 40) -> str:
    return clean_text(value, field=FIELD, max_length=max_length, multiline=True)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada  ", "Ada"),
        ("\u3000Ada\u00a0", "Ada"),
        ("Ma\u0308rz", "März"),
        ("\u212b", "Å"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("नमस्ते", "नमस्ते"),
        ("שלום עולם", "שלום עולם"),
        ("\ue000", "\ue000"),
        ("\u0301", "\u0301"),
    ],
)
def test_line_is_kept_composed_and_trimmed(typed: str, kept: str) -> None:
    assert line(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "   ", "\n\t", "\u200b", "\ufeff", "\u2060\u200d", "\u3164", "\u2800\u115f"]
)
def test_text_that_shows_nothing_is_empty(typed: str) -> None:
    for clean in (line, prose):
        with pytest.raises(Required) as caught:
            clean(f" {typed} ") if typed.isspace() else clean(typed)
        assert caught.value.field == FIELD


@pytest.mark.parametrize(
    "character", ["\0", "\x07", "\x1b", "\x7f", "\x80", "\x85", "\x9f", "\ud800", "\x0b"]
)
def test_control_characters_and_surrogates_are_refused(character: str) -> None:
    for clean in (line, prose):
        with pytest.raises(Invalid) as caught:
            clean(f"a{character}b")
        assert caught.value.message.startswith(
            f"The character U+{ord(character):04X} at position 1"
        )


@pytest.mark.parametrize("character", ["\n", "\t", "\r", "\u2028", "\u202e", "\u2066", "\u2069"])
def test_layout_is_refused_in_a_line_alone(character: str) -> None:
    typed = f"a{character}b"
    with pytest.raises(Invalid):
        line(typed)
    assert prose(typed) == typed.replace("\r", "\n")


def test_line_breaks_become_one_kind() -> None:
    assert prose("a\r\nb\rc\n\nd") == "a\nb\nc\n\nd"


def test_length_is_of_the_composed_form() -> None:
    assert len(line("a\u0308" * 40)) == 40
    with pytest.raises(TooLong) as caught:
        line("a\u0308" * 41)
    assert caught.value.message == "At most 40 characters."
    # One code point that composition replaces by three.
    with pytest.raises(TooLong):
        line("\U0001d160" * 14)


def test_marks_in_a_row_are_limited() -> None:
    assert line("a" + "\u0316" * 30, 50)
    with pytest.raises(Invalid):
        line("a" + "\u0316" * 31, 50)


def test_hostile_text_is_refused_without_delay() -> None:
    # Normalising this takes a minute, for it sorts the marks by insertion.
    typed = "a" + "\u0315" * 150_000 + "\u0327" * 150_000
    for max_length in (10, 100_000):
        began = time.monotonic()
        with pytest.raises((TooLong, Invalid)):
            prose(typed, max_length)
        assert time.monotonic() - began < 1


@given(ANY_TEXT)
def test_cleaned_text_keeps_the_rules(typed: str) -> None:
    for clean in (line, prose):
        try:
            kept = clean(typed)
        except DomainError:
            continue
        assert 1 <= len(kept) <= 40
        assert kept == unicodedata.normalize("NFC", kept) == kept.strip()
        assert clean(kept) == kept
        assert {unicodedata.category(c) for c in kept} & {"Cc", "Cs"} <= (
            {"Cc"} if clean is prose else set()
        )
        assert kept.encode()


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=13))
def test_plain_text_is_kept(typed: str) -> None:
    composed = unicodedata.normalize("NFC", typed)
    try:
        assert line(typed) == composed
    except Required:
        assert set(typed) <= set("\u115f\u1160\u3164\uffa0\u2800")
