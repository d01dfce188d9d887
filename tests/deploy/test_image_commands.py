"""The image has the base dependencies alone: its commands do not reach for embedded stores."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

_RUN = """
import sys
for name in sys.argv.pop(1).split(","):
    sys.modules[name] = None  # import raises ModuleNotFoundError
from app.cli import main
sys.argv[0] = "isthmus"
main()
"""


def isthmus(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command as in the image: without the extra `embedded`, with these variables alone."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extra = [
        Requirement(text).name.replace("-", "_")
        for text in project["optional-dependencies"]["embedded"]
    ]
    return subprocess.run(
        [sys.executable, "-c", _RUN, ",".join([*extra, "secantus"]), *arguments],
        cwd=root,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", [["migrate", "up"], ["serve"]])
def test_missing_variables_are_named_in_a_sentence(root: Path, command: list[str]) -> None:
    result = isthmus(root, *command, ISTHMUS_ENV="production")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    for name in ("DATABASE_URL", "MONGO_URL", "REDIS_URL", "AUTH_PRIVATE_KEY"):
        assert name in result.stderr


def test_migration_says_which_store_is_away(root: Path, tmp_path: Path) -> None:
    away = "127.0.0.1:1"  # refused at once
    result = isthmus(
        root,
        *["migrate", "up"],
        ISTHMUS_ENV="development",
        ISTHMUS_HOME=str(tmp_path),
        DATABASE_URL=f"postgresql://isthmus:secret@{away}/isthmus",
        AUTH_DATABASE_URL=f"postgresql://isthmus_auth:secret@{away}/isthmus_auth",
        MONGO_URL=f"mongodb://{away}/isthmus?serverSelectionTimeoutMS=100",
        REDIS_URL=f"redis://{away}/0",
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "postgresql" in result.stderr
    assert "secret" not in result.stderr
    assert list(tmp_path.iterdir()) == []
