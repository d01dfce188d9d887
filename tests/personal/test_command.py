"""`isthmus personal` at the terminal: keys are made, counted and changed; erasures listed."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from sqlalchemy import text

from app.cli import run
from app.migrations import migrate_up
from app.settings import Settings
from tests.factories import World
from tests.migrations.conftest import NewSettings, new_settings  # noqa: F401 - a fixture
from tests.server import serve

Isthmus = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def own(
    new_settings: NewSettings,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Settings:
    """Migrated databases, and an environment that names them."""
    settings = (await new_settings()).model_copy(update={"home": tmp_path, "environment": "test"})
    for name in ("database_url", "auth_database_url", "mongo_url", "redis_url"):
        monkeypatch.setenv(name.upper(), getattr(settings, name))
    monkeypatch.setenv("ISTHMUS_HOME", str(tmp_path))
    await migrate_up(settings)
    return settings


@pytest.fixture
def isthmus(capfd: pytest.CaptureFixture[str]) -> Isthmus:
    """Runs a command, to its exit code and what it printed."""

    async def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(run, ["personal", *arguments])
        code = ended.value.code
        return int(code or 0), *capfd.readouterr()

    return call


async def test_a_key_is_changed_step_by_step(
    own: Settings, isthmus: Isthmus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with serve(own) as (app, url):
        world = World(app.state.services, url)
        await world.user(city="Bergen")
        await world.close()
    code, printed, _ = await isthmus("keys")
    assert code == 0
    assert printed.endswith("seals  2 values\n")
    old = (tmp_path / "personal_data_key").read_text()
    monkeypatch.setenv("PERSONAL_INDEX_KEY", (tmp_path / "personal_index_key").read_text())
    _, new, _ = await isthmus("key")
    ring = orjson.dumps([new.strip(), old]).decode()
    monkeypatch.setenv("PERSONAL_DATA_KEYS", ring)

    code, printed, _ = await isthmus("rotate")

    assert (code, printed.split(".")[0]) == (0, "Sealed 2 values anew")
    _, printed, _ = await isthmus("keys")
    assert [line.split("  ", 1)[1] for line in printed.splitlines()] == [
        "seals  2 values",
        "opens  0 values",
    ]
    monkeypatch.setenv("PERSONAL_DATA_KEYS", orjson.dumps([old]).decode())
    _, printed, _ = await isthmus("keys")
    assert printed.splitlines()[-1].endswith("is missing  2 values")
    code, _, complaint = await isthmus("rotate")
    assert code == 1
    assert "PERSONAL_DATA_KEYS has not" in complaint


async def test_the_ledger_is_printed_and_applied_again(
    own: Settings, isthmus: Isthmus, tmp_path: Path
) -> None:
    async with serve(own) as (app, url):
        world = World(app.state.services, url)
        ada = await world.user(city="Bergen")
        await world.close()
    line = {"user_id": ada.user_id, "public_id": ada.public_id, "requested_at": "2026-01-01T00:00Z"}
    kept = tmp_path / "ledger"
    kept.write_bytes(orjson.dumps(line, default=str) + b"\n\n")

    code, printed, _ = await isthmus("reapply", "--ledger", str(kept))

    assert (code, printed) == (0, "Applied 1 erasures again.\n")
    _, printed, _ = await isthmus("ledger")
    assert orjson.loads(printed)["public_id"] == str(ada.public_id)
    async with serve(own) as (app, _), app.state.services.auth.begin() as tx:
        row = (await tx.execute(text("SELECT name, city, is_active FROM users"))).one()
    assert tuple(row) == ("Deleted user", None, False)
    kept.write_text(f"{uuid4()}\n")
    code, _, complaint = await isthmus("reapply", "--ledger", str(kept))
    assert (code, complaint) == (1, "isthmus: This is no line of a ledger of erasures.\n")
