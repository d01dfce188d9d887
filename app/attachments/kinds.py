"""Which files may be uploaded, and whether bytes are what they are said to be.

Nothing is here that a browser would run: no HTML, no SVG, no XML.
"""

import codecs
from typing import Final

import filetype

from app.errors import Invalid
from app.media import AttachmentType

_IMAGE, _VIDEO, _AUDIO, _FILE = (
    AttachmentType.IMAGE,
    AttachmentType.VIDEO,
    AttachmentType.AUDIO,
    AttachmentType.FILE,
)
TEXT = "text/plain"
KINDS: Final = {
    "image/png": _IMAGE,
    "image/jpeg": _IMAGE,
    "image/gif": _IMAGE,
    "image/webp": _IMAGE,
    "image/avif": _IMAGE,
    "video/mp4": _VIDEO,
    "video/webm": _VIDEO,
    "audio/mpeg": _AUDIO,
    "audio/mp4": _AUDIO,
    "audio/ogg": _AUDIO,
    "audio/wav": _AUDIO,
    "audio/flac": _AUDIO,
    "application/pdf": _FILE,
    "application/zip": _FILE,
    TEXT: _FILE,
}
# What is recognised under a name that is no longer the registered one.
_RECOGNISED = {"audio/x-wav": "audio/wav", "audio/x-flac": "audio/flac"}
# Bytes of a file's beginning that tell what it is.
HEAD = 8_192


class Inspector:
    """Looks at a file's bytes as they pass.

    Args:
        content_type: What the file is said to be: one of `KINDS`.
    """

    def __init__(self, content_type: str) -> None:
        self._said = content_type
        self._head = bytearray()
        self._is_known = False
        self._decode = codecs.getincrementaldecoder("utf-8")().decode

    def take(self, chunk: bytes) -> None:
        """Look at the next bytes.

        Raises:
            Invalid: They are not of what the file is said to be.
        """
        if self._said == TEXT:
            self._read_text(chunk, final=False)
        if not self._is_known:
            self._head += chunk[: HEAD - len(self._head)]
            if len(self._head) == HEAD:
                self._recognise()

    def end(self) -> None:
        """Look at a file that has ended.

        Raises:
            Invalid: It is not what it is said to be.
        """
        if self._said == TEXT:
            self._read_text(b"", final=True)
        if not self._is_known:
            self._recognise()

    def _recognise(self) -> None:
        found = filetype.guess_mime(bytes(self._head))
        if _RECOGNISED.get(found, found) != (None if self._said == TEXT else self._said):
            raise self._refused(found or "nothing that is known")
        self._is_known = True

    def _read_text(self, chunk: bytes, *, final: bool) -> None:
        try:
            text = self._decode(chunk, final)
        except UnicodeDecodeError:
            raise self._refused("no text in UTF-8") from None
        if "\0" in text:
            raise self._refused("no text: it holds a NUL")

    def _refused(self, found: str) -> Invalid:
        return Invalid(f"By its bytes this is no {self._said}: {found}.", field=["body"])
