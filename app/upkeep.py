"""What a running process looks after: MongoDB's indexes at its start; every day what is old."""

import asyncio
import logging
from datetime import timedelta

from beanie import init_beanie

from app.answers.commands import forget_answers
from app.attachments.commands import collect
from app.audit.models import AuthClientRequest, ClientRequest
from app.chat.documents import DOCUMENTS
from app.errors import StoreUnavailable
from app.feeds.log import forget_facts
from app.migrations.partitions import ensure_partitions
from app.migrations.retention import drop_old_calls
from app.once import forget_requests
from app.settings import Settings
from app.stores.files import Files
from app.stores.mongo import Mongo, unavailable
from app.stores.postgres import Postgres
from app.users.retention import forget_expired

_log = logging.getLogger(__name__)

_DAY = 86_400.0  # seconds
_RETRY = 5.0


async def keep_up(main: Postgres, auth: Postgres, mongo: Mongo, settings: Settings) -> None:
    """Run until cancelled; a store that is down is tried again.

    Args:
        main: The main database.
        auth: The auth database, which may be the same.
        mongo: Where conversations are.
        settings: How long what is kept.
    """
    idle = timedelta(seconds=settings.refresh_token_ttl)
    keys = timedelta(days=settings.client_key_days)
    while True:
        try:
            with unavailable():
                await init_beanie(mongo.database, document_models=list(DOCUMENTS))
            await forget_expired(auth, idle)
            for database in (main, auth):
                async with database.begin() as tx:
                    await ensure_partitions(tx)
            await forget_answers(main, keys)
            await forget_requests(main, ClientRequest, keys)
            await forget_requests(auth, AuthClientRequest, keys)
            await forget_facts(main, timedelta(days=settings.feed_days))
            if settings.api_log_months:
                async with main.begin() as tx:
                    await drop_old_calls(tx, settings.api_log_months)
        except StoreUnavailable as error:
            _log.warning("%s; its indexes and partitions wait", error)
            await asyncio.sleep(_RETRY)
        except Exception:  # noqa: BLE001 - logged; a process without the right to is no worse off
            _log.exception("indexes and partitions were not looked after; tried again tomorrow")
            await asyncio.sleep(_DAY)
        else:
            await asyncio.sleep(_DAY)


async def keep_collected(main: Postgres, files: Files, interval: float) -> None:
    """Delete, until cancelled, the files that nobody needs; what fails is tried again.

    Args:
        main: Knows of them.
        files: Where they are.
        interval: Seconds between looks.
    """
    while True:
        try:
            await collect(main, files)
        except StoreUnavailable as error:
            _log.warning("%s; files that nobody needs wait", error)
        except Exception:  # noqa: BLE001 - logged, and tried again
            _log.exception("files that nobody needs were not deleted")
        await asyncio.sleep(interval)
