"""MongoDB's two scripts: the key file that mongod gets, and the replica set that is made once.

No mongod installs here without a container: the scripts run for real, against stand-ins.
"""

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[list[list[Any]], str | None]]


@pytest.fixture
def run(root: Path, tool: Callable[[str, str], str]) -> Run:
    node = tool("node", "apt-get install nodejs")

    def replica_set(**state: Any) -> tuple[list[list[Any]], str | None]:
        begin = {"initiated": False, "user": None, "refusals": 0, "denied": False, "electing": 0}
        harness = root / "tests" / "deploy" / "replica_set_harness.js"
        script = root / "deploy" / "mongodb" / "replica-set.js"
        result = subprocess.run(
            [node, harness, json.dumps(begin | state), script],
            capture_output=True,
            text=True,
            check=True,
        )
        report = json.loads(result.stdout)
        return report["calls"], report["error"]

    return replica_set


def named(calls: list[list[Any]], *names: str) -> list[list[Any]]:
    return [call for call in calls if call[0] in names]


ROLES = ["readWrite", "dbAdmin"]


def test_first_run_initiates_and_makes_the_user(run: Run) -> None:
    calls, error = run(electing=2)
    assert error is None
    assert named(calls, "initiate") == [
        ["initiate", "admin", {"_id": "rs0", "members": [{"_id": 0, "host": "mongodb:27017"}]}]
    ]
    assert named(calls, "createUser", "updateUser") == [
        ["createUser", "isthmus", {"user": "isthmus", "pwd": "secret", "roles": ROLES}]
    ]
    assert len(named(calls, "sleep")) == 2


def test_second_run_only_sets_the_password(run: Run) -> None:
    calls, error = run(initiated=True, user="isthmus")
    assert error is None
    assert named(calls, "initiate", "createUser") == []
    assert named(calls, "updateUser") == [
        ["updateUser", "isthmus", "isthmus", {"pwd": "secret", "roles": ROLES}]
    ]


def test_run_waits_for_a_server_that_is_starting(run: Run) -> None:
    calls, error = run(refusals=3)
    assert error is None
    assert len(named(calls, "connect")) == 4
    assert calls[0][1].startswith("mongodb://root:r%2Ft@mongodb:27017/admin?directConnection=true")


def test_wrong_password_fails_at_once_and_no_primary_after_a_minute(run: Run) -> None:
    calls, error = run(denied=True)
    assert (error, len(calls)) == ("AuthenticationFailed", 1)
    calls, error = run(electing=1000)
    assert error == "mongodb:27017 did not become primary within 60 s"
    assert named(calls, "createUser") == []


def test_mongod_gets_a_key_file_that_only_it_may_read(root: Path, tmp_path: Path) -> None:
    image = tmp_path / "docker-entrypoint.sh"
    image.write_text('#!/bin/sh\necho "$@" "${MONGO_KEYFILE-gone}"\n')
    image.chmod(0o755)
    result = subprocess.run(
        ["sh", root / "deploy" / "mongodb" / "entrypoint.sh", "mongod", "--replSet", "rs0"],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "TMPDIR": str(tmp_path),
            "MONGO_KEYFILE": "k",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    keyfile = tmp_path / "keyfile"
    assert result.stdout == f"mongod --replSet rs0 --keyFile {keyfile} gone\n"
    assert keyfile.read_text() == "k"
    assert stat.S_IMODE(keyfile.stat().st_mode) == 0o600


def test_mongod_does_not_start_without_a_key(root: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        ["sh", root / "deploy" / "mongodb" / "entrypoint.sh", "mongod"],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "MONGO_KEYFILE: set it in .env" in result.stderr


def test_scripts_pass_shellcheck(root: Path, tool: Callable[[str, str], str]) -> None:
    shellcheck = tool("shellcheck", "apt-get install shellcheck")
    result = subprocess.run(
        [shellcheck, root / "deploy" / "mongodb" / "entrypoint.sh"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "")
