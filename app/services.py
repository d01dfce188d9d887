"""Everything a process holds open, in one typed place, opened and closed in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from app.bus import Bus
from app.chat.both import BothStores
from app.chat.live import Live
from app.chat.store import MessageStore
from app.settings import Settings
from app.stores.mongo import Mongo
from app.stores.postgres import Postgres
from app.stores.redis import Redis
from app.tokens import Tokens, open_tokens
from app.upkeep import keep_up


@dataclass(frozen=True, slots=True)
class Services:
    """The process's stores and what works on them.

    Attributes:
        main: The main database: products, groups, the log's standby.
        auth: The auth database: accounts. The same as `main` where only that is configured.
        chat: The message log over both databases.
        live: What this process hears of conversations.
    """

    settings: Settings
    main: Postgres
    auth: Postgres
    mongo: Mongo
    redis: Redis
    bus: Bus
    chat: MessageStore
    live: Live
    tokens: Tokens


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """The services, until the block ends. A store that is down does not keep the others waiting.

    Raises:
        ValueError: A store's URL is missing, or the signing key is not one.
    """
    async with AsyncExitStack() as stack:
        main = Postgres(_required(settings.database_url, "DATABASE_URL"), settings)
        stack.push_async_callback(main.close)
        auth = main
        if settings.auth_database_url not in (None, settings.database_url):
            auth = Postgres(settings.auth_database_url, settings)
            stack.push_async_callback(auth.close)
        mongo = Mongo(_required(settings.mongo_url, "MONGO_URL"), settings)
        stack.push_async_callback(mongo.close)
        redis = Redis(_required(settings.redis_url, "REDIS_URL"))
        stack.push_async_callback(redis.close)
        bus = Bus(redis)
        bus.start()
        stack.push_async_callback(bus.close)
        chat = BothStores(main, mongo)
        chat.start()
        stack.push_async_callback(chat.close)
        upkeep = asyncio.create_task(keep_up((main, auth), mongo))
        stack.push_async_callback(_cancel, upkeep)
        live = Live(chat, bus, settings.sweep_interval)
        live.start()
        stack.push_async_callback(live.close)
        yield Services(settings, main, auth, mongo, redis, bus, chat, live, open_tokens(settings))


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _required(url: str | None, name: str) -> str:
    if url is None:
        raise ValueError(f"{name} is not set; `isthmus dev` brings stores of its own")
    return url
