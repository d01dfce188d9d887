"""Addresses that carry their own permission: to upload one file, or to see it for a while."""

import base64
import hmac
import struct
import time
from enum import StrEnum
from uuid import UUID

from app.errors import Unauthenticated
from app.tokens import Tokens

_FORM = struct.Struct(">qQ")
_MAC = 16  # bytes; 128 bits are more than anybody can try
_LENGTH = _FORM.size + _MAC


class Purpose(StrEnum):
    """What a link permits; a link for one is none for the other."""

    UPLOAD = "attachment upload"
    VIEW = "attachment view"


def sign(tokens: Tokens, purpose: Purpose, attachment_id: UUID, user_id: int, until: int) -> str:
    """The token by which a user may do something with a file until then, a Unix time."""
    said = _FORM.pack(user_id, until)
    mac = _mac(tokens, purpose, attachment_id, said)
    return base64.urlsafe_b64encode(said + mac).rstrip(b"=").decode()


def verify(tokens: Tokens, purpose: Purpose, attachment_id: UUID, token: str) -> int:
    """The number of the user to whom the token was given.

    Raises:
        Unauthenticated: It is not this server's, or for something else; or it has expired.
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    said, mac = raw[: _FORM.size], raw[_FORM.size :]
    if len(raw) != _LENGTH or not hmac.compare_digest(
        mac, _mac(tokens, purpose, attachment_id, said)
    ):
        raise Unauthenticated("This link is not one of this server's.")
    user_id, until = _FORM.unpack(said)
    if until < time.time():
        raise Unauthenticated("This link has expired; ask for a new one.")
    return int(user_id)


def expiry(lifetime: int) -> int:
    """A Unix time from one to two lifetimes from now.

    It is the same for a while, so that browsers find again what they have kept.
    """
    return (int(time.time()) // lifetime + 2) * lifetime


def _mac(tokens: Tokens, purpose: Purpose, attachment_id: UUID, said: bytes) -> bytes:
    return tokens.mac(purpose, attachment_id, said.hex())[:_MAC]
