"""Which web addresses are taken, and in which form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import DomainError, Invalid, Required, TooLong
from app.media import MAX_ATTACHMENTS, Attachment, AttachmentType, check_url, clean_attachments

FIELD = ["input", "url"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://shop.example/a?b=c#d", "https://shop.example/a?b=c#d"),
        (" HTTP://Shop.Example ", "http://shop.example/"),
        ("https://exämple.example/ü", "https://xn--exmple-cua.example/%C3%BC"),
        ("https://shop.example/a b", "https://shop.example/a%20b"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
    ],
)
def test_address_is_kept_as_the_standard_writes_it(typed: str, kept: str) -> None:
    assert check_url(typed, field=FIELD) == kept
    assert check_url(kept, field=FIELD) == kept


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", Required),
        ("shop.example", Invalid),
        ("//shop.example", Invalid),
        ("ftp://shop.example/", Invalid),
        ("javascript:alert(1)", Invalid),
        ("data:text/html,x", Invalid),
        ("file:///etc/passwd", Invalid),
        ("http://", Invalid),
        ("https://shop.example:99999/", Invalid),
        ("https://bank.example@evil.example/", Invalid),
        ("https://:secret@evil.example/", Invalid),
        ("https://shop.example/\n", None),
        ("https://shop.example\n.evil.example/", Invalid),
        ("https://shop.example/\0", Invalid),
        ("https://shop.example/\u202egpj.exe", Invalid),
        ("https://shop.example/" + "a" * 2048, TooLong),
        ("https://shop.example/" + "ü" * 1000, TooLong),
    ],
)
def test_address_is_refused(typed: str, error: type[DomainError] | None) -> None:
    if error is None:
        assert check_url(typed, field=FIELD) == typed.strip()
        return
    with pytest.raises(error) as caught:
        check_url(typed, field=FIELD)
    assert caught.value.field == FIELD


@given(typed=st.text(st.characters(exclude_categories=())), prefixed=st.booleans())
def test_any_text_is_an_ascii_web_address_or_refused(typed: str, *, prefixed: bool) -> None:
    try:
        kept = check_url(f"https://{typed}" if prefixed else typed, field=FIELD)
    except DomainError:
        return
    assert kept.startswith(("http://", "https://"))
    assert kept.isascii()
    assert " " not in kept


def test_attachments_are_stored_in_order() -> None:
    given = [
        Attachment("https://a.example", AttachmentType.AUDIO),
        Attachment("https://b.example/", AttachmentType.FILE),
    ]
    assert clean_attachments(given, field=["input", "media"]) == [
        {"url": "https://a.example/", "type": "audio"},
        {"url": "https://b.example/", "type": "file"},
    ]


def test_attachment_at_fault_is_named() -> None:
    good = Attachment("https://a.example", AttachmentType.AUDIO)
    with pytest.raises(Invalid) as caught:
        clean_attachments([good, Attachment("x", AttachmentType.FILE)], field=["input", "media"])
    assert caught.value.field == ["input", "media", "1", "url"]
    with pytest.raises(TooLong) as full:
        clean_attachments([good] * (MAX_ATTACHMENTS + 1), field=["input", "media"])
    assert full.value.field == ["input", "media"]
