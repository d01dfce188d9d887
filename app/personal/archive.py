"""A complete archive of what is somebody's, across all stores, as a stream of bounded memory.

A ZIP of one file of JSON lines for each table and collection, after the inventory: what is theirs
there and nothing of others.
"""

import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Table, select

from app.personal.erased import Erased, Stores
from app.personal.inventory import AUTH, MAIN, MONGO, Holding
from app.personal.steps import owned_by
from app.stores.mongo import unavailable
from app.stores.postgres import Postgres
from app.stores.tables import AuthBase, MainBase
from app.users.personal import unsealed

_ROWS = 500  # in memory at once

Blocks = AsyncIterator[bytes]


async def write_archive(stores: Stores, user: Erased) -> Blocks:
    """The archive's bytes, as they come to be.

    Raises:
        StoreUnavailable: A store does not answer; then the archive breaks off and does not open.
    """
    out = _Sink()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        async for name, blocks in _files(stores, user):
            with archive.open(f"{name}.ndjson", "w", force_zip64=True) as file:
                async for block in blocks:
                    file.write(block)
                    yield out.taken()
    yield out.taken()


async def _files(stores: Stores, user: Erased) -> AsyncIterator[tuple[str, Blocks]]:
    for place, database, holdings, tables in (
        ("auth", stores.auth, AUTH, AuthBase.metadata.tables),
        ("main", stores.main, MAIN, MainBase.metadata.tables),
    ):
        for name, holding in holdings.items():
            if holding.is_owned:
                yield f"{place}/{name}", _rows(stores, database, tables[name], holding, user)
    for name, holding in MONGO.items():
        if holding.is_owned:
            yield f"documents/{name}", _documents(stores, name, holding, user)


def _theirs(table: Table, holding: Holding, user: Erased) -> ColumnElement[bool]:
    if holding.gone:
        column, value = holding.gone.split()
        return owned_by(table, holding, user) & (table.c[column] != value)
    if not holding.through:
        return owned_by(table, holding, user)
    column, other, there, ended = holding.through.split()
    row, owner = table.metadata.tables[other].c, MAIN[other].owners
    known = select(row[there]).where(row[owner] == user.user_id, row[ended].is_(None))
    return table.c[column].in_(known)


async def _rows(
    stores: Stores, database: Postgres, table: Table, holding: Holding, user: Erased
) -> Blocks:
    columns = [table.c[column] for column in holding.archived]
    async with database.begin() as tx:
        found = await tx.stream(select(*columns).where(_theirs(table, holding, user)))
        async for part in found.partitions(_ROWS):
            rows = [dict(zip(holding.archived, row, strict=True)) for row in part]
            if table.name == "users":
                rows = [row | unsealed(stores.keyring, row) for row in rows]
            if holding.public:
                rows = [_without_others(row, holding, user) for row in rows]
            yield _lines(rows)


def _without_others(row: dict[str, Any], holding: Holding, user: Erased) -> dict[str, Any]:
    """A row that is about somebody, without what it tells of another who did it."""
    owners = holding.owners.split()
    if any(row[owner] == user.user_id for owner in owners):
        return row
    return row | dict.fromkeys([*owners, *holding.personal.split()])


async def _documents(stores: Stores, name: str, holding: Holding, user: Erased) -> Blocks:
    query: dict[str, Any] = dict.fromkeys(holding.owners.split(), user.user_id)
    shown = dict.fromkeys(holding.archived, 1)
    for column in holding.owners.split():
        if column.endswith("_ids"):
            del shown[column]  # the others in it are nobody else's business
    with unavailable():
        part: list[dict[str, Any]] = []
        async for document in stores.mongo.database[name].find(query, shown, batch_size=_ROWS):
            part.append(document)
            if len(part) == _ROWS:
                yield _lines(part)
                part = []
        if part:
            yield _lines(part)


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row, default=_plain) + b"\n" for row in rows)


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


class _Sink(io.RawIOBase):
    """What a ZIP is written to, to be taken away as it comes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
