"""`isthmus usage` at the terminal: what it prints, and the exit code that a scheduler acts on."""

import asyncio

import pytest
from sqlalchemy import text

from app.cli import run
from app.services import Services
from app.settings import Settings
from app.usage.counting import count_entries
from tests.factories import World


async def test_recount_checks_and_mends(
    own_world: World,
    own: Services,
    counted: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("database_url", "auth_database_url", "mongo_url", "redis_url"):
        monkeypatch.setenv(name.upper(), getattr(counted, name))

    async def recount(*options: str) -> tuple[int, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(run, ["usage", "recount", *options])
        return int(ended.value.code or 0), "".join(capfd.readouterr())

    one, other = await own_world.users(2)
    await own_world.say(one, await own_world.direct(one, other), "a", "b")
    assert await recount("--check") == (0, "Usage is what the log says.\n")
    await count_entries(own.main)
    async with own.main.begin() as tx:
        await tx.execute(text("UPDATE monthly_usage SET messages = 7"))

    code, printed = await recount("--check")
    assert code == 1
    assert f"user {one.user_id}, " in printed
    assert "'messages': 7" in printed
    assert "'messages': 2" in printed

    code, printed = await recount()
    assert (code, printed.splitlines()[0]) == (0, "Mended:")
    assert await recount("--check") == (0, "Usage is what the log says.\n")
