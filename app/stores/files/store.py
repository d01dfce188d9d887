"""What a store of files does, wherever it keeps them."""

from collections.abc import AsyncIterator
from typing import Protocol

# Bytes that a read gives at once, and of which a write holds a few.
CHUNK = 256 * 1024


class Files(Protocol):
    """Files by name. Every method raises `StoreUnavailable` where the store does not answer.

    Names are the server's own: letters, digits, `-` and `/`.
    """

    async def write(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        """Keep what the iterator gives, whole or not at all: if it raises, nothing is kept."""

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`, once the store has found the file."""

    async def delete(self, name: str) -> None:
        """Forget a file, or all below a name; harmless where there is none."""

    async def names(self) -> list[str]:
        """Every file there is, for tests and for operators."""

    async def close(self) -> None:
        """Let go of connections."""
