"""A sealed value opens in its place, under a key of the ring, and nowhere else."""

import os
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.sealing import Keyring, Unsealable, key_of, new_key, open_keyring
from app.settings import Settings

OLD, NEW, INDEX = (os.urandom(32) for _ in range(3))


@given(st.text())
def test_what_is_sealed_opens(value: str) -> None:
    ring, row = Keyring([NEW], INDEX), uuid4()
    sealed = ring.seal(value, "users", "city", row)
    assert ring.open(sealed, "users", "city", row) == value
    assert sealed != ring.seal(value, "users", "city", row)
    assert len(value) < 4 or value.encode() not in sealed


@pytest.mark.covers("E38", "B38")
def test_a_value_copied_elsewhere_does_not_open() -> None:
    ring, row = Keyring([NEW], INDEX), uuid4()
    sealed = ring.seal("Bergen", "users", "city", row)
    for place in (("users", "state", row), ("users", "city", uuid4()), ("groups", "city", row)):
        with pytest.raises(Unsealable, match="not what was sealed there"):
            ring.open(sealed, *place)


def test_a_changed_value_does_not_open() -> None:
    ring = Keyring([NEW], INDEX)
    sealed = ring.seal("Bergen", "here")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Unsealable):
            ring.open(bytes(changed), "here")
        with pytest.raises(Unsealable):
            ring.open(sealed[:place], "here")


def test_the_first_key_seals_and_all_open() -> None:
    before, between = Keyring([OLD], INDEX), Keyring([NEW, OLD], INDEX)
    old = before.seal("Bergen", "here")
    new = between.seal("Bergen", "here")
    assert between.open(old, "here") == "Bergen"
    assert [key_of(old), key_of(new)] == between.names[::-1]
    with pytest.raises(Unsealable, match=f"the key {key_of(old).hex()}, which PERSONAL_DATA_KEYS"):
        Keyring([NEW], INDEX).open(old, "here")


def test_an_index_finds_what_it_does_not_tell() -> None:
    ring = Keyring([NEW], INDEX)
    assert ring.index("a", "1") == Keyring([OLD], INDEX).index("a", "1")
    others = [ring.index("b", "1"), ring.index("a", "2"), Keyring([NEW], OLD).index("a", "1")]
    assert ring.index("a", "1") not in others


@pytest.mark.parametrize(
    ("keys", "index", "complaint"),
    [
        (["short"], new_key().decode(), "are base64"),
        (["c2hvcnQ="], new_key().decode(), "have 32 bytes"),
        ([new_key().decode()], None, "set together"),
        (["A" * 43 + "="] * 2, new_key().decode(), "names a key twice"),
    ],
    ids=["not base64", "too short", "no index key", "twice"],  # the keys differ in each process
)
def test_bad_keys_are_refused_without_being_told(
    keys: list[str], index: str | None, complaint: str, tmp_path: Path
) -> None:
    settings = Settings(
        home=tmp_path,
        personal_data_keys=tuple(map(SecretStr, keys)),
        personal_index_key=None if index is None else SecretStr(index),
    )
    with pytest.raises(ValueError, match=complaint) as refused:
        open_keyring(settings)
    assert keys[0] not in str(refused.value)


def test_development_makes_keys_and_keeps_them(tmp_path: Path) -> None:
    first, again = (open_keyring(Settings(home=tmp_path / "home")) for _ in range(2))
    assert again.open(first.seal("Bergen", "here"), "here") == "Bergen"
    assert again.index("a", "1") == first.index("a", "1")
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "home").iterdir()} == {0}
