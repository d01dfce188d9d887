"""The container's health check, against servers that are ready, not ready, and not there."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port of a server that answers `/healthz/ready` so, and everything else with 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz/ready" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def check(root: Path, port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, root / "deploy" / "healthcheck.py"],
        env={**os.environ, "PORT": str(port)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (500, 1)])
def test_health_is_what_ready_answers(root: Path, status: int, code: int) -> None:
    with answering(status) as port:
        result = check(root, port)
    assert result.returncode == code
    assert result.stderr == ("" if code == 0 else f"/healthz/ready answered {status}\n")


def test_health_is_bad_where_nothing_listens(root: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: refused
        taken.bind(("127.0.0.1", 0))
        result = check(root, taken.getsockname()[1])
    assert result.returncode == 1
    assert "ConnectionRefusedError" in result.stderr
