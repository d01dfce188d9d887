"""`isthmus dev` from its first line to the last process that it leaves: none."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from app.embedded import store_status
from app.embedded.process import is_running
from tests.cli.conftest import Shell

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made and seeded by the first run; a later one finds what that has left."""
    return tmp_path_factory.mktemp("dev") / "home"


@contextmanager
def serving(shell: Shell) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `isthmus dev` and what it printed until it was up."""
    process = shell.start("dev")
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if line.startswith("Ctrl-C"):
            break
    try:
        assert "Ctrl-C stops it." in printed, printed
        yield process, printed
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def store_processes(shell: Shell) -> list[psutil.Process]:
    return [psutil.Process(s.pid) for s in store_status(shell.home) if s.pid is not None]


@pytest.mark.covers("B30")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_that_was_started(shell: Shell, number: signal.Signals) -> None:
    with serving(shell) as (process, printed):
        stores = store_processes(shell)
        assert len(stores) == 3
        explorer, token = re.findall(r"Explorer +(\S+)|Bearer (\S+)", printed)
        assert re.search(r"WebSocket +ws://127\.0\.0\.1:\d+/graphql", printed)
        assert len(token[1].split(".")) == 3
        live = httpx.URL(explorer[0]).copy_with(path="/healthz/live")
        assert httpx.get(live).status_code == 200

        # As a terminal does it: to the whole group, of which the stores are no part.
        os.killpg(process.pid, number)

        assert process.wait(timeout=30) == 0
        assert not any(is_running(store) for store in stores)


def test_a_killed_run_is_taken_over(shell: Shell) -> None:
    with serving(shell) as (process, _):
        stores = store_processes(shell)
        process.kill()
        process.wait()
    assert all(is_running(store) for store in stores)

    started = time.monotonic()
    with serving(shell) as (process, _):
        assert time.monotonic() - started < 15  # 3 s where nothing else runs
        assert store_processes(shell) == stores
        busy, message = shell.call("dev")
        assert busy == 1
        assert f"in use by `isthmus dev` (process {process.pid})" in message
        process.send_signal(signal.SIGHUP)  # its terminal is closed
        assert process.wait(timeout=30) == 0
    assert not any(is_running(store) for store in stores)


def test_a_taken_port_is_named_before_anything_is_started(shell: Shell) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]

        code, message = shell.call("dev", PORT=str(port))

    assert code == 1
    assert f"Port {port} of 127.0.0.1 is taken by" in message
    assert f"(process {os.getpid()})" in message
    assert "PORT=" in message
    assert store_processes(shell) == []
