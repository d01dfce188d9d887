"""Files in a bucket of S3, or of a server that speaks as it does."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiohttp import ClientError as ConnectionFailed
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from app.errors import StoreUnavailable
from app.settings import Settings
from app.stores.files.store import CHUNK

# S3 takes no smaller parts, but for the last; so much of one upload is held at a time.
_PART = 5 * 1024 * 1024


class S3Files:
    """See `Files`.

    Args:
        settings: Where the bucket is, and the keys to it.
        bucket: Its name.
        folder: The first part of every name in it.
    """

    def __init__(self, settings: Settings, bucket: str, folder: str) -> None:
        self._settings = settings
        self._bucket = bucket
        self._folder = folder
        self._stack = AsyncExitStack()
        self._opened: Any = None

    async def write(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        """See `Files`."""
        place = self._place(name)
        with _unavailable():
            client = await self._client()
            begun = await client.create_multipart_upload(**place)
        upload = {**place, "UploadId": begun["UploadId"]}
        parts: list[dict[str, Any]] = []
        try:
            async for part in _in_parts(chunks):
                number = len(parts) + 1
                with _unavailable():
                    sent = await client.upload_part(**upload, PartNumber=number, Body=part)
                parts.append({"PartNumber": number, "ETag": sent["ETag"]})
            with _unavailable():
                await client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except BaseException:
            with suppress(StoreUnavailable), _unavailable():
                await client.abort_multipart_upload(**upload)
            raise

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """See `Files`."""
        with _unavailable():
            client = await self._client()
            found = await client.get_object(**self._place(name), Range=f"bytes={start}-{end - 1}")
        return _pieces(found["Body"])

    async def delete(self, name: str) -> None:
        """See `Files`."""
        with _unavailable():
            client = await self._client()
            for key in await self._keys(f"{self._folder}/{name}"):
                await client.delete_object(Bucket=self._bucket, Key=key)

    async def names(self) -> list[str]:
        """See `Files`."""
        prefix = f"{self._folder}/"
        with _unavailable():
            return [key.removeprefix(prefix) for key in await self._keys(prefix)]

    async def _keys(self, prefix: str) -> list[str]:
        pages = (await self._client()).get_paginator("list_objects_v2")
        return [
            found["Key"]
            async for page in pages.paginate(Bucket=self._bucket, Prefix=prefix)
            for found in page.get("Contents", ())
        ]

    async def close(self) -> None:
        """See `Files`."""
        await self._stack.aclose()

    def _place(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._folder}/{name}"}

    async def _client(self) -> Any:
        if self._opened is None:
            settings = self._settings
            opening = get_session().create_client(
                "s3",
                endpoint_url=settings.s3_endpoint,
                region_name=settings.s3_region,
                aws_access_key_id=_plain(settings.s3_access_key),
                aws_secret_access_key=_plain(settings.s3_secret_key),
                config=AioConfig(connect_timeout=4, read_timeout=30, retries={"max_attempts": 2}),
            )
            self._opened = await self._stack.enter_async_context(opening)
        return self._opened


async def _in_parts(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held = bytearray()
    begun = False
    async for chunk in chunks:
        held += chunk
        if len(held) >= _PART:
            yield bytes(held)
            held.clear()
            begun = True
    if held or not begun:
        yield bytes(held)


async def _pieces(body: Any) -> AsyncIterator[bytes]:
    async with body:
        with _unavailable():
            async for piece in body.iter_chunks(CHUNK):
                yield piece


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, ConnectionFailed, OSError) as error:
        raise StoreUnavailable("file") from error
