"""Documents that this server's operators have published, each asked for by its id.

Read from what clients' compilers write: a directory of `.graphql` files; the `{id: text}` of Relay
and graphql-codegen; or Apollo's `{"operations": [{"id", "body"}]}`.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_APOLLO = "apollo-persisted-query-manifest"


def sha256_of(text: str) -> str:
    """The id of a document that has no other: SHA-256 of its UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_trusted_documents(path: Path) -> dict[str, str]:
    """The documents by id.

    Args:
        path: A directory, whose `.graphql` files have the SHA-256 of their text for an id; or a
            JSON manifest, whose ids may be any but, where they are a SHA-256, must be the text's.

    Raises:
        ValueError: It is neither, an id is twice there or not the text's; the message says which.
        OSError: It cannot be read.
    """
    documents: dict[str, str] = {}
    for name, text in _directory(path) if path.is_dir() else _manifest(path):
        if _ID.fullmatch(name) is None:
            raise ValueError(f"{path} has the id {name[:100]!r}; letters, digits and .:_- make one")
        if _SHA256.fullmatch(name) and name != sha256_of(text):
            raise ValueError(f"{path}: the document {name} is changed: it has another SHA-256")
        if documents.setdefault(name, text) != text:
            raise ValueError(f"{path} has two documents of the id {name}")
    if not documents:
        raise ValueError(f"{path} has no document")
    return documents


def _directory(path: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(path.rglob("*.graphql")):
        text = file.read_text(encoding="utf-8")
        yield sha256_of(text), text


def _manifest(path: Path) -> Iterator[tuple[str, str]]:
    try:
        manifest = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise ValueError(f"{path} must be a JSON object of documents by id")  # noqa: TRY004
    is_apollo = manifest.get("format") == _APOLLO
    entries = _apollo(path, manifest) if is_apollo else manifest.items()
    for name, text in entries:
        if not isinstance(text, str):
            raise ValueError(f"{path}: the document {name} must be a string")  # noqa: TRY004
        yield str(name), text


def _apollo(path: Path, manifest: Mapping[str, Any]) -> Iterable[tuple[Any, Any]]:
    operations = manifest.get("operations")
    if manifest.get("version") != 1 or not isinstance(operations, list):
        raise ValueError(f"{path} must be version 1 of Apollo's manifest, with operations")
    if not all(isinstance(one, dict) and {"id", "body"} <= one.keys() for one in operations):
        raise ValueError(f"{path}: each operation must have an id and a body")
    return [(one["id"], one["body"]) for one in operations]
