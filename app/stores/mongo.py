"""MongoDB: one client per process, on PyMongo's own asyncio driver."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NotPrimaryError,
    WaitQueueTimeoutError,
    WriteConcernError,
    WTimeoutError,
)
from pymongo.uri_parser import parse_uri

from app.errors import StoreUnavailable
from app.settings import Settings

Document = dict[str, Any]

_AWAY = (
    ConnectionFailure,
    ExecutionTimeout,
    NotPrimaryError,
    WaitQueueTimeoutError,
    WTimeoutError,
    WriteConcernError,
)


class Mongo:
    """One MongoDB database.

    Args:
        url: `mongodb://…/name?options`; what the URL says goes before the defaults here.
        settings: Pool size and time-outs.
    """

    def __init__(self, url: str, settings: Settings) -> None:
        milliseconds = int(settings.mongo_timeout * 1000)
        defaults: dict[str, Any] = {
            # Of a whole command, from choosing a server to the driver's own second attempt.
            "timeoutMS": milliseconds,
            "connectTimeoutMS": milliseconds,
            "serverSelectionTimeoutMS": min(milliseconds, 3000),
            "maxPoolSize": settings.mongo_pool_size,
            # Servers and what stands before them close silent connections, the embedded one after
            # five minutes; the driver sees it only once a write is lost in one.
            "maxIdleTimeMS": 60_000,
            "w": "majority",
            "journal": True,
            "appname": "isthmus",
        }
        said = parse_uri(url)
        self.client: AsyncMongoClient[Document] = AsyncMongoClient(
            url,
            tz_aware=True,
            uuidRepresentation="standard",
            **{name: value for name, value in defaults.items() if name not in said["options"]},
        )
        self.database: AsyncDatabase[Document] = self.client[said["database"] or "isthmus"]

    async def ping(self) -> None:
        """Answer if the database does.

        Raises:
            StoreUnavailable: It does not.
        """
        with unavailable():
            await self.database.command("ping")

    async def close(self) -> None:
        """Close every connection."""
        await self.client.close()


async def put_newer(
    collection: AsyncCollection[Document],
    key: object,
    values: Document,
    once: Document | None = None,
    *,
    by: str = "seq",
    upsert: bool = True,
) -> None:
    """Write values as of a version, unless the document stands at that one or a later one.

    Args:
        collection: Where it is.
        key: Its `_id`.
        values: What this version says, its number among them.
        once: What only a new document is given.
        by: The name of the field that holds the version.
        upsert: Whether there may be none yet.

    Raises:
        StoreUnavailable: MongoDB does not answer.
    """
    older = {"_id": key, by: {"$lt": values[by]}}
    change: Document = {"$set": values}
    if once and upsert:
        change["$setOnInsert"] = once
    with unavailable():
        try:
            await collection.update_one(older, change, upsert=upsert)
        except DuplicateKeyError:
            # It stands at this version or a later one; or an older one was made meanwhile.
            await collection.update_one(older, change)


@contextmanager
def unavailable() -> Iterator[None]:
    """Turn the driver's errors of a server that is away into `StoreUnavailable`."""
    try:
        yield
    except _AWAY as error:
        raise StoreUnavailable("mongodb") from error
