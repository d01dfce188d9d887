"""Everything a process holds open, in one typed place, opened and closed in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from app.answers.drafts import Drafts
from app.answers.live import Answers
from app.audit.checkpoints import keep_checkpoints
from app.bus import Bus
from app.cache.reads import Cached
from app.cache.records import Cache
from app.chat.both import BothStores
from app.chat.live import Live
from app.chat.store import MessageStore
from app.feeds.live import Feeds
from app.limits import Limiter
from app.mail import Mailer
from app.personal.erasing import Eraser, open_eraser
from app.presence.leases import Leases
from app.presence.snapshots import keep_snapshots
from app.scheduled.sending import keep_sending
from app.sealing import open_keyring
from app.settings import Settings
from app.stores.files import Files, open_files
from app.stores.mongo import Mongo
from app.stores.postgres import Postgres
from app.stores.redis import Redis
from app.tasks import stop
from app.tokens import Tokens, open_tokens, signing_key
from app.upkeep import keep_collected, keep_up
from app.usage.api_log import CallLog
from app.usage.counting import keep_counting
from app.users.accounts import Accounts
from app.users.external import ExternalIdentity
from app.users.guard import Guard
from app.users.keys import ServiceKeys

# At once in one process; more wait. What people do comes first.
_REPORTS = 2


@dataclass(frozen=True, slots=True)
class Services:
    """The process's stores and what works on them.

    Attributes:
        main: The main database: products, groups, the log's standby.
        auth: The auth database: accounts. The same as `main` where only that is configured.
        analytics: The main database or a copy of it, as reports use it: few at once, and patient.
        chat: The message log over both databases.
        live: What this process hears of conversations.
        files: What people uploaded.
        feeds: What it hears of products and moderation.
        limiter: Counts what callers use.
        accounts: What signing in takes.
        calls: The log of the API's calls.
        leases: Who is online, and who types.
        answers: What grows in conversations, and who hears of it.
        eraser: Erases closed accounts.
        cached: The cache, if there is one, and what is behind it.
    """

    settings: Settings
    main: Postgres
    auth: Postgres
    analytics: Postgres
    mongo: Mongo
    redis: Redis
    bus: Bus
    chat: MessageStore
    live: Live
    files: Files
    feeds: Feeds
    tokens: Tokens
    limiter: Limiter
    accounts: Accounts
    calls: CallLog
    leases: Leases
    answers: Answers
    eraser: Eraser
    cached: Cached | None


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """The services, until the block ends. A store that is down does not keep the others waiting.

    Raises:
        ValueError: A store's URL is missing, or a key is not one.
    """
    async with AsyncExitStack() as stack:
        redis = Redis(_required(settings.redis_url, "REDIS_URL"), settings.redis_pool_size)
        stack.push_async_callback(redis.close)
        bus = Bus(redis)
        _run(stack, bus)
        cache = _cache(stack, settings)
        changing = None if cache is None else cache.changing
        url = _required(settings.database_url, "DATABASE_URL")
        main = Postgres(url, settings, bus.publish, changing)
        stack.push_async_callback(main.close)
        auth = main
        if settings.auth_database_url not in (None, settings.database_url):
            auth = Postgres(settings.auth_database_url, settings, bus.publish, changing)
            stack.push_async_callback(auth.close)
        analytics = _analytics(settings)
        stack.push_async_callback(analytics.close)
        mongo = Mongo(_required(settings.mongo_url, "MONGO_URL"), settings)
        stack.push_async_callback(mongo.close)
        chat = BothStores(main, mongo)
        _run(stack, chat)
        upkeep = asyncio.create_task(keep_up(main, auth, mongo, settings))
        stack.push_async_callback(stop, [upkeep])
        files = open_files(settings, "attachments")
        stack.push_async_callback(files.close)
        live = Live(chat, bus, settings.sweep_interval)
        _run(stack, live)
        feeds = Feeds(main, bus, settings.sweep_interval)
        _run(stack, feeds)
        tokens, keyring, limiter = open_tokens(settings), open_keyring(settings), Limiter(redis)
        guard = Guard(auth, redis, bus, settings.session_sweep_interval)
        _run(stack, guard)
        mailer = Mailer(settings)
        stack.push_async_callback(mailer.close)
        external = (
            None if settings.oidc_issuer is None else ExternalIdentity(settings, auth, keyring)
        )
        keys = ServiceKeys(auth)
        accounts = Accounts(auth, tokens, guard, limiter, mailer, settings, keyring, keys, external)
        leases = Leases(redis, bus, settings.presence_ttl)
        _run(stack, leases)
        answers = Answers(main, Drafts(redis, settings.answer_ttl), bus, settings.sweep_interval)
        _run(stack, answers)
        calls = CallLog(main, settings.api_log_queue)
        calls.start()
        stack.push_async_callback(calls.close)
        for work in (
            keep_collected(main, files, settings.attachment_sweep_interval),
            keep_snapshots(leases, auth, settings.presence_snapshot_interval),
            keep_checkpoints(main, auth, signing_key(settings), settings.audit_checkpoint_interval),
            keep_counting(main, settings.usage_count_interval),
        ):
            stack.push_async_callback(stop, [asyncio.create_task(work)])
        eraser = await stack.enter_async_context(
            open_eraser(settings, mongo, chat, bus, keyring, changing=changing)
        )
        services = Services(
            settings,
            main,
            auth,
            analytics,
            mongo,
            redis,
            bus,
            chat,
            live,
            files,
            feeds,
            tokens,
            limiter,
            accounts,
            calls,
            leases,
            answers,
            eraser,
            None if cache is None else Cached(cache, main, auth),
        )
        sending = keep_sending(services, settings.scheduled_interval)
        stack.push_async_callback(stop, [asyncio.create_task(sending)])
        yield services


class _Running(Protocol):
    def start(self) -> None: ...

    async def close(self) -> None: ...


def _run(stack: AsyncExitStack, service: _Running) -> None:
    """Let a service work in the background until the stack unwinds."""
    service.start()
    stack.push_async_callback(service.close)


def _cache(stack: AsyncExitStack, settings: Settings) -> Cache | None:
    if settings.cache_redis_url is None:
        return None
    cache = Cache(Redis(settings.cache_redis_url), settings.cache_ttl)
    _run(stack, cache)
    return cache


def _analytics(settings: Settings) -> Postgres:
    own = {
        "database_timeout": settings.report_timeout,
        "database_pool_size": _REPORTS,
        "database_pool_overflow": 0,
    }
    url = settings.analytics_database_url or _required(settings.database_url, "DATABASE_URL")
    return Postgres(url, settings.model_copy(update=own))


def _required(url: str | None, name: str) -> str:
    if url is None:
        raise ValueError(f"{name} is not set; `isthmus dev` brings stores of its own")
    return url
