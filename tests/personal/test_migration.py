"""What was in clear when the migration came is sealed after it, and in clear again before it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.migrations import check, migrate_down, migrate_up, migration_status
from app.sealing import Unsealable, open_keyring
from app.settings import Settings
from app.users.personal import SEALED, contact_index, email_index, unsealed
from tests.migrations.conftest import NewSettings, new_settings  # noqa: F401 - a fixture

PLAIN: dict[str, Any] = {
    "email": "Canary@Example.org",
    "contact_number": 88_123_456_789,
    "contact_country_code": "+47",
    "city": "canary city",
    "pincode": 71_234_567,
    "dob": date(1899, 3, 17),
    "ethnicity": "canary ethnicity",
}
MANY = 2_100  # over two batches


@asynccontextmanager
async def _auth(settings: Settings) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(settings.auth_url)
    try:
        yield connection
    finally:
        await connection.close()


async def _before_sealing(settings: Settings) -> int:
    """How many migrations to take back until nothing is sealed."""
    of_auth = [m for m in await migration_status(settings) if m.store == "auth"]
    place = next(n for n, m in enumerate(of_auth) if m.title.startswith("Personal data is sealed"))
    return len(of_auth) - place


@pytest.fixture
async def settings(new_settings: NewSettings, tmp_path: Path) -> Settings:  # noqa: F811
    """An auth database with plain rows, as before the migration."""
    settings = (await new_settings()).model_copy(update={"home": tmp_path})
    await migrate_up(settings)
    await migrate_down(settings, "auth", await _before_sealing(settings))
    columns = ", ".join(PLAIN)
    places = ", ".join(f"${n}" for n in range(1, len(PLAIN) + 1))
    async with _auth(settings) as connection:
        await connection.execute(
            f"INSERT INTO users (name, registration_platform, {columns})"  # noqa: S608 - ours
            f" VALUES ('Ada', 'dobe', {places})",
            *PLAIN.values(),
        )
        await connection.execute(
            "INSERT INTO users (name, registration_platform, email)"
            " SELECT 'Many', 'dobe', 'many' || n || '@example.org' FROM generate_series(1, $1) n",
            MANY,
        )
    return settings


@pytest.mark.covers("E38", "B8")
async def test_what_was_in_clear_is_sealed_and_found(settings: Settings) -> None:
    await migrate_up(settings)

    keyring = open_keyring(settings)
    async with _auth(settings) as connection:
        rows = await connection.fetch("SELECT * FROM users ORDER BY id")
        await connection.execute("CHECKPOINT")
        file = await connection.fetchval(
            "SELECT pg_read_binary_file(pg_relation_filepath('users'))"
        )
    ada = dict(rows[0])
    opened = unsealed(keyring, ada)
    assert {name: opened[name] for name in PLAIN} == {n: str(v) for n, v in PLAIN.items()}
    assert all(opened[name] is None for name in SEALED if name not in PLAIN)
    assert ada["email_index"] == email_index(keyring, "canary@example.org")
    assert ada["contact_index"] == contact_index(keyring, "47", "88123456789")
    assert {unsealed(keyring, dict(row))["email"] for row in rows[1:]} == {
        f"many{n}@example.org" for n in range(1, MANY + 1)
    }
    # Nor does the table's file hold what was there: no old version of a row, no dropped column.
    assert b"canary" not in file.lower()
    assert b"many1@" not in file
    await check(settings)


async def test_it_is_in_clear_again_before(settings: Settings) -> None:
    await migrate_up(settings)
    await migrate_down(settings, "auth", await _before_sealing(settings))

    async with _auth(settings) as connection:
        row = dict(await connection.fetchrow("SELECT * FROM users ORDER BY id LIMIT 1") or {})
        count = await connection.fetchval("SELECT count(*) FROM users")
    assert {name: row[name] for name in PLAIN} == PLAIN
    assert count == MANY + 1


async def test_another_key_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    await migrate_up(settings)
    steps = await _before_sealing(settings)
    elsewhere = settings.model_copy(update={"home": tmp_path / "elsewhere"})
    with pytest.raises(Unsealable, match="PERSONAL_DATA_KEYS has not"):
        await migrate_down(elsewhere, "auth", steps)

    async with _auth(settings) as connection:
        row = dict(await connection.fetchrow("SELECT * FROM users ORDER BY id LIMIT 1") or {})
    assert UUID(str(row["public_id"]))
    assert unsealed(open_keyring(settings), row)["city"] == "canary city"
