"""Personal data at rest: AES-256-GCM, each value bound to its place, under keys that can change.

A sealed value is one byte of version, four that name its key, a nonce of twelve, then ciphertext
and tag. Its place (table, column, row) is authenticated with it: copied elsewhere it does not open.
"""

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import OperatorError
from app.keyfile import kept_in
from app.settings import DEVELOPMENT_DATA_KEY, DEVELOPMENT_INDEX_KEY, Settings

KEY_BYTES = 32

_VERSION = b"\x01"
_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD = len(_VERSION) + _ID_BYTES


class Unsealable(OperatorError):
    """A sealed value does not open: its key is missing, or it was changed, or is another's."""


class Keyring:
    """The keys that seal personal data, and the one that indexes it.

    Args:
        keys: The newest first: it seals, and all of them open.
        index_key: Keys the blind indexes, by which a value is found without being told.

    Raises:
        ValueError: A key has not 32 bytes, there is none, or two have one name.
    """

    def __init__(self, keys: Sequence[bytes], index_key: bytes) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in (*keys, index_key)):
            raise ValueError(f"PERSONAL_DATA_KEYS and PERSONAL_INDEX_KEY have {KEY_BYTES} bytes")
        self._ciphers = {_name(key): AESGCM(key) for key in keys}
        if len(self._ciphers) != len(keys):
            raise ValueError("PERSONAL_DATA_KEYS names a key twice")
        self.newest = _name(keys[0])
        self._index_key = index_key

    @property
    def names(self) -> list[bytes]:
        """The keys' names, the newest first."""
        return list(self._ciphers)

    def seal(self, value: str, *place: object) -> bytes:
        """A value sealed for its place, under the newest key."""
        nonce = os.urandom(_NONCE_BYTES)
        head = _VERSION + self.newest
        cipher = self._ciphers[self.newest]
        return head + nonce + cipher.encrypt(nonce, value.encode(), head + _bound(place))

    def open(self, sealed: bytes, *place: object) -> str:
        """The value that was sealed for this place.

        Raises:
            Unsealable: Its key is not in the ring, or it is not what was sealed for this place.
        """
        where = "/".join(map(str, place))
        cipher = self._ciphers.get(key_of(sealed))
        if sealed[:1] != _VERSION or cipher is None:
            raise Unsealable(
                f"{where} is sealed under the key {key_of(sealed).hex()}, "
                "which PERSONAL_DATA_KEYS has not."
            )
        nonce, body = sealed[_HEAD : _HEAD + _NONCE_BYTES], sealed[_HEAD + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, sealed[:_HEAD] + _bound(place)).decode()
        except (InvalidTag, ValueError) as error:
            raise Unsealable(f"{where} is not what was sealed there.") from error

    def index(self, purpose: str, value: str) -> bytes:
        """What finds a value that is sealed: an HMAC, the same for the same value and purpose."""
        return hmac.digest(self._index_key, orjson.dumps([purpose, value]), hashlib.sha256)


def key_of(sealed: bytes) -> bytes:
    """The name of the key under which a value is sealed."""
    return sealed[len(_VERSION) : _HEAD]


def new_key() -> bytes:
    """A key, as the settings write one: base64 of 32 random bytes."""
    return b64encode(os.urandom(KEY_BYTES))


def open_keyring(settings: Settings) -> Keyring:
    """The process's keys: the settings' or, in development, those kept in the home.

    Raises:
        ValueError: A key is not base64 of 32 bytes, or only one kind is set.
    """
    given, index_key = settings.personal_data_keys, settings.personal_index_key
    if given and index_key is not None:
        encoded = [key.get_secret_value() for key in (*given, index_key)]
    elif given or index_key is not None:
        raise ValueError("PERSONAL_DATA_KEYS and PERSONAL_INDEX_KEY are set together")
    else:
        encoded = [
            kept_in(settings.home / name, new_key).decode()
            for name in (DEVELOPMENT_DATA_KEY, DEVELOPMENT_INDEX_KEY)
        ]
    *keys, index = (_decoded(key) for key in encoded)
    return Keyring(keys, index)


def _decoded(key: str) -> bytes:
    try:
        return b64decode(key.strip(), validate=True)
    except NotBase64 as error:
        raise ValueError("PERSONAL_DATA_KEYS and PERSONAL_INDEX_KEY are base64") from error


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"isthmus key name" + key).digest()[:_ID_BYTES]


def _bound(place: Sequence[object]) -> bytes:
    return orjson.dumps([str(part) for part in place])
