"""What every store of files does: one suite, run against each."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.errors import StoreUnavailable
from app.stores.files import Files

LARGE = bytes(range(256)) * 48_000  # three of S3's parts


async def pieces(data: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def whole(files: Files, name: str, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in await files.read(name, start, end)])


@pytest.mark.parametrize("data", [b"x", LARGE], ids=["small", "large"])
async def test_what_is_written_is_read(files: Files, data: bytes) -> None:
    await files.write("a/b", pieces(data))
    assert await whole(files, "a/b", 0, len(data)) == data
    assert await whole(files, "a/b", 0, 1) == data[:1]
    assert await whole(files, "a/b", len(data) - 1, len(data)) == data[-1:]
    assert (
        await whole(files, "a/b", len(data) // 3, len(data) // 2 + 1)
        == (data[len(data) // 3 : len(data) // 2 + 1])
    )


@pytest.mark.parametrize("size", [10, len(LARGE)], ids=["small", "large"])
async def test_what_fails_while_written_leaves_nothing(files: Files, size: int) -> None:
    async def broken() -> AsyncIterator[bytes]:
        async for piece in pieces(LARGE[:size]):
            yield piece
        raise KeyError("cut")

    with pytest.raises(KeyError, match="cut"):
        await files.write("a/b", broken())
    assert await files.names() == []
    with pytest.raises(StoreUnavailable):
        await files.read("a/b", 0, 1)


async def test_a_writer_that_is_cancelled_leaves_nothing(files: Files) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x"
        begun.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(files.write("a/b", endless()))
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await files.names() == []


async def test_a_file_or_a_folder_is_deleted_once_or_twice(files: Files) -> None:
    for name in ("a/one", "a/two", "b/three"):
        await files.write(name, pieces(name.encode()))
    await files.delete("a/one")
    assert sorted(await files.names()) == ["a/two", "b/three"]
    for _ in range(2):
        await files.delete("a")
    assert await files.names() == ["b/three"]
