"""As much data as wanted, the same every time, in bulk: COPY beside `insert_many`.

Each batch of conversations is one PostgreSQL transaction that notes its entries as pending, then
MongoDB's documents, then the notes' removal: a seed that is killed leaves nothing that a server's
sweep does not complete.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any

import asyncpg
from pymongo.errors import BulkWriteError

from app.chat.models import StoreMode
from app.chat.postgres_log import PostgresLog
from app.errors import OperatorError
from app.reports.recount import recount
from app.sealing import open_keyring
from app.seeds import relations
from app.seeds.log_rows import COLUMNS, Batch
from app.seeds.talks import Talk, fill, plan_talks
from app.settings import Settings
from app.stores.mongo import Document, Mongo, unavailable
from app.stores.postgres import Postgres

Progress = Callable[[str, int], None]

_ROWS = 10_000  # of a table in one COPY
_ENTRIES = 5_000  # in a batch of conversations, unless one alone is longer
_STREAMS = 2  # parallel inserts into MongoDB
_PATIENCE = 600.0  # seconds per command
_DOCUMENTS = 1_000  # in one insert
_PATIENCE = 120.0  # seconds for one command: these are large
_DUPLICATE_KEY = 11000


async def seed(
    settings: Settings,
    *,
    users: int,
    products: int,
    groups: int,
    messages: int,
    progress: Progress,
) -> None:
    """Add that many of each, among each other: a second seed adds a second world beside the first.

    What is added follows from the sizes and from the number of the first new user alone.

    Args:
        settings: With the address of every store, which are migrated.
        users: New accounts; their addresses end in `@seed.isthmus.example`.
        products: Sold by the new users.
        groups: Of the new users, each with its conversation.
        messages: In conversations of the new users.
        progress: Told what was added (`users`, `products`, `groups`, `messages`), and how many.

    Raises:
        OperatorError: There are too few users for the rest, or the stores are not in the mode in
            which both are written.
        StoreUnavailable: A store does not answer.
    """
    if users < 2 and (products or groups or messages):
        raise OperatorError("Products, groups and messages need at least 2 new users to be of.")
    async with _open_stores(settings) as (main, auth, mongo):
        epoch = await _epoch(main)
        ids = await _reserve(auth, users)
        rng = relations.seeded(ids[0] if ids else 0)
        keyring = open_keyring(settings)
        user_rows = [relations.sealed_row(keyring, row) for row in relations.user_rows(rng, ids)]
        await _copy(auth, "users", relations.SEALED_USER_COLUMNS, user_rows, progress)
        product_rows = relations.product_rows(rng, products, ids)
        await _copy(main, "products", relations.PRODUCT_COLUMNS, product_rows, progress)
        made = relations.seed_groups(rng, groups, ids, product_rows)
        group_rows = [group.row for group in made]
        await _copy(main, "groups", relations.GROUP_COLUMNS, group_rows, progress)
        member_rows = [row for group in made for row in relations.group_member_rows(group)]
        await _copy(main, "group_members", relations.GROUP_MEMBER_COLUMNS, member_rows)
        talks = plan_talks(rng, ids, made, messages)
        await _write_talks(main, mongo, _batches(rng, talks, epoch), progress)
        await recount(main)
        for store in {main, auth}:
            async with _driver(store) as driver:
                await driver.execute("ANALYZE")


@asynccontextmanager
async def _open_stores(settings: Settings) -> AsyncIterator[tuple[Postgres, Postgres, Mongo]]:
    main_url, auth_url, mongo_url = settings.database_url, settings.auth_url, settings.mongo_url
    if main_url is None or auth_url is None or mongo_url is None:
        raise OperatorError("DATABASE_URL and MONGO_URL must be set.")
    # A batch is no request: it takes as long as it takes.
    settings = settings.model_copy(
        update={"database_timeout": _PATIENCE, "mongo_timeout": _PATIENCE}
    )
    patient = settings.model_copy(
        update={"database_timeout": _PATIENCE, "mongo_timeout": _PATIENCE}
    )
    async with AsyncExitStack() as stack:
        main = Postgres(main_url, patient)
        stack.push_async_callback(main.close)
        auth = Postgres(auth_url, patient)
        stack.push_async_callback(auth.close)
        mongo = Mongo(mongo_url, patient)
        stack.push_async_callback(mongo.close)
        yield main, auth, mongo


@asynccontextmanager
async def _driver(store: Postgres) -> AsyncIterator["asyncpg.Connection[Any]"]:
    async with store.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        yield driver  # type: ignore[misc]  # asyncpg's own, for COPY


async def _epoch(main: Postgres) -> int:
    mode = await PostgresLog(main).mode()
    if mode.mode is not StoreMode.BOTH:
        raise OperatorError(f"The stores are in the mode {mode.mode}: seed once both are written.")
    return mode.epoch


async def _reserve(auth: Postgres, users: int) -> list[int]:
    """Numbers of accounts that nobody else gets."""
    async with _driver(auth) as driver:
        rows = await driver.fetch(
            "SELECT nextval(pg_get_serial_sequence('users', 'id')) FROM generate_series(1, $1)",
            users,
        )
    return [row[0] for row in rows]


async def _copy(
    store: Postgres,
    table: str,
    columns: Sequence[str],
    rows: Sequence[relations.Row],
    progress: Progress | None = None,
) -> None:
    async with _driver(store) as driver:
        for start in range(0, len(rows), _ROWS):
            part = rows[start : start + _ROWS]
            await driver.copy_records_to_table(table, records=part, columns=columns)
            if progress is not None:
                progress(table, len(part))


def _batches(rng: Random, talks: Sequence[Talk], epoch: int) -> Iterator[Batch]:
    batch = Batch()
    for talk in talks:
        batch.add(fill(rng, talk, epoch))
        if len(batch.messages) >= _ENTRIES:
            yield batch
            batch = Batch()
    if batch.conversations:
        yield batch


async def _write_talks(
    main: Postgres, mongo: Mongo, batches: Iterator[Batch], progress: Progress
) -> None:
    mirroring: asyncio.Task[None] | None = None
    try:
        for batch in batches:  # PostgreSQL takes one while MongoDB, the slower, takes the last
            await _commit(main, batch)
            if mirroring is not None:
                await mirroring
            mirroring = asyncio.create_task(_mirror(main, mongo, batch, progress))
        if mirroring is not None:
            await mirroring
    finally:
        if mirroring is not None and mirroring.cancel():
            await asyncio.wait({mirroring})


async def _commit(main: Postgres, batch: Batch) -> None:
    async with _driver(main) as driver, driver.transaction():
        for table, columns in COLUMNS.items():
            await driver.copy_records_to_table(table, records=batch.rows[table], columns=columns)
        await driver.executemany(
            "UPDATE groups SET last_message_id = $2 WHERE id = $1", batch.newest
        )


async def _mirror(main: Postgres, mongo: Mongo, batch: Batch, progress: Progress) -> None:
    """Conversations first: a sweep that runs meanwhile finds them, and only moves them on."""
    free = asyncio.Semaphore(_STREAMS)
    for name in ("conversations", "crowds", "messages", "receipts"):
        documents = getattr(batch, name)
        parts = [documents[i : i + _DOCUMENTS] for i in range(0, len(documents), _DOCUMENTS)]
        await asyncio.gather(*(_insert(mongo, name, part, free) for part in parts))
    ids = [row[0] for row in batch.rows["conversations"]]
    async with _driver(main) as driver:
        await driver.execute("DELETE FROM mirror_pending WHERE conversation_id = ANY($1)", ids)
    progress("messages", sum(document["msg_no"] is not None for document in batch.messages))


async def _insert(
    mongo: Mongo, collection: str, documents: list[Document], free: asyncio.Semaphore
) -> None:
    async with free:
        try:
            with unavailable():
                await mongo.database[collection].insert_many(documents, ordered=False)
        except BulkWriteError as error:
            # A server's sweep was faster with some.
            if any(e["code"] != _DUPLICATE_KEY for e in error.details["writeErrors"]):
                raise
