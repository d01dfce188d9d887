"""What the hand-written endpoints work with."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
from pymongo.asynchronous.database import AsyncDatabase
from redis.asyncio import Redis


@dataclass(slots=True)
class Stores:
    """Pools and clients; `mirrored` are places whose pending rows are to be deleted."""

    main: "asyncpg.Pool[Any]"
    auth: "asyncpg.Pool[Any]"
    mongo: AsyncDatabase[dict[str, Any]]
    redis: Redis
    mirrored: list[tuple[UUID, int]] = field(default_factory=list)
