"""The two servers, each in a process of its own, and what they cost."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from app.settings import Settings

_START_SECONDS = 30.0
API = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--workers", "1"]
_HANDWRITTEN = [sys.executable, "-m", "bench.handwritten"]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    name: str
    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """What it has used since it began, in user and in kernel mode."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def start_servers(settings: Settings) -> Iterator[tuple[Server, Server]]:
    """Isthmus as production runs it, with one worker, and the hand-written one."""
    with (
        start_server("isthmus", API, settings) as api,
        start_server("by hand", _HANDWRITTEN, settings) as own,
    ):
        yield api, own


@contextmanager
def start_server(
    name: str, command: list[str], settings: Settings, **variables: str
) -> Iterator[Server]:
    """A server by its command, and what it is to be told besides; its log is in the home."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (settings.home / f"{name.replace(' ', '-')}.log").open("wb") as log:
        environment = _environment(settings, port) | variables
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait(name, process, port)
        yield Server(name, port, psutil.Process(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(settings: Settings, port: int) -> dict[str, str]:
    given = {
        "ISTHMUS_ENV": settings.environment,
        "ISTHMUS_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url or "",
        "AUTH_DATABASE_URL": settings.auth_database_url or "",
        "MONGO_URL": settings.mongo_url or "",
        "REDIS_URL": settings.redis_url or "",
        # One user stands for all: what limits one is counted, and never reached.
        "RATE_LIMIT": str(2**31 - 1),
        "SOCKET_MAX_PER_USER": "1000000",
        "PORT": str(port),
    }
    return {**os.environ, **given}


def _wait(name: str, process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/ready", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    raise RuntimeError(f"the server {name} did not start: its log is in the bench's home")
