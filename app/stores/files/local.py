"""Files in a folder: written beside their place and renamed into it, so never half there."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

from app.errors import StoreUnavailable
from app.stores.files.store import CHUNK

_UNFINISHED = ".part"


class LocalFiles:
    """See `Files`.

    Args:
        folder: Where they are; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def write(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        """See `Files`."""
        place = self._folder / name
        part = place.with_name(f"{uuid4().hex}{_UNFINISHED}")
        with _unavailable():
            file = await asyncio.to_thread(_begin, part)
        try:
            async for chunk in chunks:
                with _unavailable():
                    await asyncio.to_thread(file.write, chunk)
            with _unavailable():
                await asyncio.to_thread(_finish, file, part, place)
        finally:
            file.close()
            part.unlink(missing_ok=True)

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """See `Files`."""
        with _unavailable():
            file = await asyncio.to_thread(_open, self._folder / name)
        return _pieces(file, start, end)

    async def delete(self, name: str) -> None:
        """See `Files`."""
        with _unavailable():
            await asyncio.to_thread(_remove, self._folder / name)

    async def names(self) -> list[str]:
        """See `Files`."""
        found = (path for path in self._folder.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self._folder)) for path in found)

    async def close(self) -> None:
        """See `Files`."""


async def _pieces(file: IO[bytes], start: int, end: int) -> AsyncIterator[bytes]:
    with file:
        file.seek(start)
        left = end - start
        while left and (piece := await asyncio.to_thread(file.read, min(CHUNK, left))):
            left -= len(piece)
            yield piece


def _open(place: Path) -> IO[bytes]:
    return place.open("rb")


def _begin(part: Path) -> IO[bytes]:
    part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return part.open("xb")


def _finish(file: IO[bytes], part: Path, place: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    part.rename(place)


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable("file") from error
