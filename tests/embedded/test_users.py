"""Root, who may not run PostgreSQL, and ordinary users."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from app.embedded import StoresError, open_home, start_stores, store_status
from app.embedded.process import NOBODY, unprivileged_user

ROOT = Path(__file__).parents[2]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the user")


@needs_root
def test_root_runs_postgresql_as_nobody_under_a_private_directory(home: Path) -> None:
    home.parent.chmod(0o700)

    start_stores(home, only={"postgres"}, durable=False)

    (pid,) = (store.pid for store in store_status(home) if store.ready)
    assert psutil.Process(pid).uids().real == NOBODY
    assert (home / "postgres").stat().st_uid == NOBODY


@needs_root
def test_a_directory_that_nothing_opens_is_named_with_the_fix(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir(mode=0o700)
    monkeypatch.setattr("app.embedded.process.shutil.which", lambda _name: None)

    with pytest.raises(StoresError, match=r"cannot enter (/\S+)\. Open it \(chmod o\+x \1\)"):
        start_stores(home, only={"postgres"}, durable=False)
    assert not any(store.pid for store in store_status(home))


@needs_root
def test_an_ordinary_user_runs_every_store() -> None:
    code = (
        "import os, sys; from pathlib import Path; from app.embedded import start_stores\n"
        "stores = start_stores(Path(sys.argv[1]), durable=False); stores.stop()\n"
        "print(os.geteuid(), sorted(stores.started))"
    )
    # Of their own, because pytest's directories are root's alone.
    with tempfile.TemporaryDirectory() as directory:
        os.chown(directory, NOBODY, NOBODY)
        user = unprivileged_user(Path(sys.executable).resolve().parent, ROOT, Path(directory))
        output = subprocess.check_output(
            [*user.prefix, sys.executable, "-B", "-c", code, f"{directory}/home"],
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": directory},
            text=True,
            **user.options(),  # type: ignore[call-overload]
        )
    assert output.split(maxsplit=1) == [str(NOBODY), "['mongo', 'postgres', 'redis']\n"]


@needs_root
def test_somebody_elses_home_is_refused(home: Path) -> None:
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)

    with pytest.raises(StoresError, match=f"belongs to uid {NOBODY} and this is uid 0"):
        open_home(home)
