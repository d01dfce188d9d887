"""Databases of their own for the audit's tests, which tamper with them as no application could."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit.checkpoints import Checkpoint, write_checkpoint
from app.audit.commands import record
from app.audit.models import AUTH, MAIN, Trail
from app.audit.verification import Verdict, verify_trail
from app.settings import Settings
from app.stores.postgres import Postgres
from app.viewer import Viewer
from tests.databases import created, name_of, named, own_databases

ADMIN = Viewer(7, uuid4(), "admin")


@dataclass(frozen=True)
class Audited:
    """One trail in two databases, and what a test does with it."""

    trail: Trail
    own: Postgres
    other: Postgres
    key: Ed25519PrivateKey
    url: str
    settings: Settings

    async def write(self, count: int, **values: Any) -> None:
        """So many changes, each in a transaction of its own."""
        for number in range(count):
            async with self.own.begin() as tx:
                after = {"title": f"Change {number}", **values}
                await record(
                    tx, ADMIN, "productPublish", "Product", "IM_1", after=after, trail=self.trail
                )

    async def sign(self, **values: Any) -> Checkpoint | None:
        """Write a checkpoint."""
        return await write_checkpoint(self.trail, self.own, self.other, self.key, **values)

    async def verify(self, *kept: Checkpoint) -> Verdict:
        """What is found now."""
        keys = [self.key.public_key()]
        return await verify_trail(self.trail, self.own, self.other, keys, kept=kept)

    async def tamper(self, *statements: str) -> None:
        """Do as a superuser does whom no trigger stops; `{events}` and the like are tables."""
        names = {
            table: getattr(self.trail, table).__tablename__ for table in ("events", "links", "head")
        }
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute("SET session_replication_role = replica")
            for statement in statements:
                await connection.execute(statement.format(**names))
        finally:
            await connection.close()

    async def ids(self) -> list[Any]:
        """The changes' ids, by place."""
        connection = await asyncpg.connect(self.url)
        try:
            links = self.trail.links.__tablename__
            rows = await connection.fetch(f"SELECT event_id FROM {links} ORDER BY seq")  # noqa: S608
        finally:
            await connection.close()
        return [row[0] for row in rows]


@pytest.fixture(scope="session")
async def untouched(settings: Settings) -> AsyncIterator[Settings]:
    """Settings whose databases stay empty, to be copied: a copy takes a tenth of a migration."""
    async with own_databases(settings, f"{name_of(settings.database_url)}_audit") as own:
        yield own


@pytest.fixture
async def copied(untouched: Settings) -> AsyncIterator[Settings]:
    """Settings that point at databases of this test alone."""
    main, auth = untouched.database_url, untouched.auth_database_url
    own_main, own_auth = (named(url, f"{name_of(url)}_{uuid4().hex[:12]}") for url in (main, auth))
    async with (
        created(main, name_of(own_main), template=name_of(main)),
        created(auth, name_of(own_auth), template=name_of(auth)),
    ):
        yield untouched.model_copy(update={"database_url": own_main, "auth_database_url": own_auth})


@pytest.fixture
async def audited(request: pytest.FixtureRequest, copied: Settings) -> AsyncIterator[Audited]:
    """The main database's trail; the auth database's where a test asks for it by name."""
    main = Postgres(copied.database_url or "", copied)
    auth = Postgres(copied.auth_url or "", copied)
    key = Ed25519PrivateKey.generate()
    if getattr(request, "param", "main") == "main":
        yield Audited(MAIN, main, auth, key, copied.database_url or "", copied)
    else:
        yield Audited(AUTH, auth, main, key, copied.auth_url or "", copied)
    await main.close()
    await auth.close()
