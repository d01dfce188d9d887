"""What a kill -9 at a bad moment leaves behind, and how the next start copes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import psutil

from app.embedded import start_stores, store_status, use_stores
from app.embedded.process import NOBODY, find_server, is_running

ROOT = Path(__file__).parents[2]


def run_python(code: str, *arguments: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.005)


async def test_killed_servers_start_again_with_what_they_acknowledged(home: Path) -> None:
    start_stores(home, only={"postgres"}, durable=False).stop()
    stores = start_stores(home, only={"postgres"})
    connection = await asyncpg.connect(stores.urls.database_url)
    await connection.execute("CREATE TABLE t AS SELECT 42 AS answer")
    (running,) = (store for store in store_status(home) if store.pid is not None)
    server = psutil.Process(running.pid)
    server.kill()
    wait_until(lambda: not is_running(server))
    connection.terminate()

    again = start_stores(home, only={"postgres"})

    assert again.started == {"postgres"}
    connection = await asyncpg.connect(again.urls.database_url)
    assert await connection.fetchval("SELECT answer FROM t") == 42
    await connection.close()


def test_a_first_start_killed_in_initdb_is_redone(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from app.embedded import start_stores\n"
        "start_stores(Path(sys.argv[1]), only={'postgres'}, durable=False)"
    )
    data = home / "postgres" / "data"
    starter = run_python(code, home)
    wait_until((data / "PG_VERSION").exists)
    starter.kill()
    starter.wait()
    assert not (home / "postgres" / "complete").exists()

    stores = start_stores(home, only={"postgres"}, durable=False)

    assert stores.started == {"postgres"}
    assert find_server(f"--pgdata={data}") is None
    assert (home / "postgres" / "complete").exists()


def test_remains_of_a_first_start_are_replaced(home: Path) -> None:
    for name in ("postgres", "mongo", "redis"):
        (home / name / "data").mkdir(parents=True)
        (home / name / "data" / "WiredTiger").write_text("cut sho")

    stores = start_stores(home, durable=False)

    assert stores.started == {"postgres", "mongo", "redis"}


def test_a_pid_file_that_names_a_foreign_process_is_disregarded(home: Path) -> None:
    start_stores(home, only={"postgres"}, durable=False).stop()
    user = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
    foreign = subprocess.Popen(["sleep", "60"], cwd="/", **user)  # type: ignore[call-overload]
    try:
        pid_file = home / "postgres" / "data" / "postmaster.pid"
        pid_file.write_text(f"{foreign.pid}\n{pid_file.parent}\n1795235917\n1\n\n127.0.0.1\n")
        if os.geteuid() == 0:
            os.chown(pid_file, NOBODY, NOBODY)

        stores = start_stores(home, only={"postgres"}, durable=False)

        assert stores.started == {"postgres"}
        assert foreign.poll() is None
    finally:
        foreign.kill()
        foreign.wait()


def test_stores_of_a_killed_user_are_adopted_and_then_stopped(home: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from app.embedded import use_stores\n"
        "with use_stores(Path(sys.argv[1]), 'the first', only={'postgres', 'redis'}):\n"
        "    Path(sys.argv[2]).touch(); time.sleep(60)"
    )
    start_stores(home, only={"postgres", "redis"}, durable=False).stop()
    started = home.parent / "started"
    user = run_python(code, home, started)
    wait_until(started.exists)
    user.kill()
    user.wait()
    orphans = [psutil.Process(store.pid) for store in store_status(home) if store.ready]
    assert len(orphans) == 2

    with use_stores(home, "the second", only={"postgres", "redis"}) as stores:
        assert stores.started == set()

    assert not any(is_running(orphan) for orphan in orphans)
