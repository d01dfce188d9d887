import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import run
from app.embedded import StoresError, stop_stores

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from app.cli import main; main()"]
STORES = ("DATABASE_URL", "AUTH_DATABASE_URL", "MONGO_URL", "REDIS_URL")


class Shell:
    """Runs `isthmus` as a terminal does, on a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        # Whatever store the other tests use is not ours.
        self.env = {name: value for name, value in os.environ.items() if name not in STORES}
        self.env |= {"ISTHMUS_HOME": str(home), "ISTHMUS_ENV": "development", "PORT": "0"}

    def call(self, *arguments: str, **env: str) -> tuple[int, str]:
        """As `run`, within this process: for what needs no event loop and no signals."""
        with pytest.MonkeyPatch.context() as patch:
            for name in STORES:
                patch.delenv(name, raising=False)
            for name, value in (self.env | env).items():
                patch.setenv(name, value)
            output = io.StringIO()
            with (
                contextlib.redirect_stdout(output),
                contextlib.redirect_stderr(output),
                pytest.raises(SystemExit) as ended,
            ):
                run(list(arguments))
        return int(ended.value.code or 0), output.getvalue()

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=ROOT,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **env: str) -> tuple[int, str]:
        """The exit code and what was printed."""
        process = self.start(*arguments, **env)
        try:
            output, _ = process.communicate(timeout=50)
        finally:
            process.kill()
        return process.returncode, output


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where `isthmus` has its data; not made yet."""
    return tmp_path / "home"


@pytest.fixture
def shell(home: Path) -> Iterator[Shell]:
    yield Shell(home)
    with contextlib.suppress(StoresError):
        stop_stores(home, durable=False)
