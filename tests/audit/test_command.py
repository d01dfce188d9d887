"""`isthmus audit` at the terminal: what it prints, and the exit code that a scheduler acts on."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from app.audit.checkpoints import keep_checkpoints, read_checkpoints
from app.audit.models import AUTH, MAIN
from app.cli import run
from app.migrations.partitions import ensure_partitions
from app.tokens import signing_key
from tests.audit.conftest import Audited

Isthmus = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def signing(audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Audited:
    """The trail under the key of the environment that the commands get."""
    settings = audited.settings.model_copy(update={"home": tmp_path})
    for name in ("database_url", "auth_database_url", "mongo_url", "redis_url"):
        monkeypatch.setenv(name.upper(), getattr(settings, name))
    monkeypatch.setenv("ISTHMUS_HOME", str(tmp_path))
    return replace(audited, key=signing_key(settings), settings=settings)


@pytest.fixture
def isthmus(capfd: pytest.CaptureFixture[str]) -> Isthmus:
    """Runs a command, to its exit code and what it printed."""

    async def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(run, ["audit", *arguments])
        code = ended.value.code
        return int(code or 0), *capfd.readouterr()

    return call


async def test_verify_exits_1_and_names_the_first_bad_change(
    signing: Audited, isthmus: Isthmus
) -> None:
    await signing.write(3)
    code, printed, _ = await isthmus("checkpoint")
    assert code == 0
    assert '"trail":"main","seq":3' in printed
    code, printed, _ = await isthmus("verify")
    assert code == 0
    assert "main: 3 changes follow from each other" in printed
    ids = await signing.ids()
    await signing.tamper("UPDATE {events} SET action = 'x' WHERE action <> 'x'")

    code, _, complaint = await isthmus("verify")

    assert code == 1
    assert f"main: change {ids[0]} at place 1 was edited" in complaint


async def test_verify_compares_with_what_was_kept(
    signing: Audited, isthmus: Isthmus, tmp_path: Path
) -> None:
    await signing.write(2)
    _, printed, _ = await isthmus("checkpoint")
    kept = tmp_path / "kept.jsonl"
    kept.write_text(printed)
    assert (await isthmus("verify", "--against", str(kept)))[0] == 0
    kept.write_text("nothing of the kind\n")
    code, _, complaint = await isthmus("verify", "--against", str(kept))
    assert (code, "is no checkpoint" in complaint) == (1, True)


async def test_prune_drops_old_months_and_the_rest_still_holds(
    signing: Audited, isthmus: Isthmus
) -> None:
    insert = text(
        "INSERT INTO audit_events (action, entity_type, entity_id, created_at)"
        " VALUES ('a', 'b', 'c', CAST(:moment AS timestamptz))"
    )
    for moment in ("2026-01-31 23:59:59Z", "2026-02-01 00:00Z", "2026-01-05 00:00Z"):
        async with signing.own.begin() as tx:
            await tx.execute(text("SET LOCAL timezone = 'UTC'"))
            await tx.execute(insert.bindparams(moment=moment))
    await signing.write(1)
    async with signing.own.begin() as tx:
        await ensure_partitions(tx)

    code, printed, complaint = await isthmus("prune", "--before", "2026-02")

    assert (code, complaint) == (0, "")
    assert printed == "Dropped audit_events_y2026m01.\n"
    verdict = await signing.verify()
    assert (verdict.fault, verdict.links, verdict.pruned) == (None, 4, 2)
    assert (await isthmus("prune", "--before", "2026-02"))[1] == "There is nothing so old.\n"
    ids = await signing.ids()
    await signing.tamper("DELETE FROM {events} WHERE entity_id = 'c'")
    assert (await signing.verify()).fault == f"change {ids[1]} at place 2 is gone"
    await signing.tamper("UPDATE {links} SET digest = hash WHERE seq = 1")
    fault = (await signing.verify()).fault
    assert fault == f"change {ids[0]} at place 1 does not follow from the one before"


async def test_prune_refuses_a_trail_that_does_not_hold(signing: Audited, isthmus: Isthmus) -> None:
    await signing.write(1)
    await signing.tamper("DELETE FROM {events}")
    code, _, complaint = await isthmus("prune", "--before", "2026-02")
    assert (code, "run `isthmus audit verify`" in complaint) == (1, True)
    assert await read_checkpoints(signing.trail, signing.other) == []


async def test_running_server_signs_what_is_new(signing: Audited) -> None:
    task = asyncio.create_task(keep_checkpoints(signing.own, signing.other, signing.key, 0.02))
    await signing.write(2)
    async with asyncio.timeout(20):
        while (await signing.verify()).signed < 2:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    places = [made.seq for made in await read_checkpoints(MAIN, signing.other)]
    assert places == sorted(set(places))
    assert [made.seq for made in await read_checkpoints(AUTH, signing.own)] == [0]
