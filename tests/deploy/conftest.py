"""What the checks of the containers share: there need be no Docker to run any of them."""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """`docker-compose.yml` with its anchors merged and its variables as they are written."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="session")
def variables() -> dict[str, bool]:
    """Each variable that `docker-compose.yml` asks for, and whether it refuses to be without."""
    text = (ROOT / "docker-compose.yml").read_text()
    required = dict.fromkeys(re.findall(r"(?<!\$)\$\{(\w+)[^}]*\}", text), False)
    required |= dict.fromkeys(re.findall(r"\$\{(\w+):\?[^}]+\}", text), True)
    passed_on = re.findall(r"^    ([A-Z][A-Z0-9_]*):$", text, re.MULTILINE)
    return required | dict.fromkeys(passed_on, False)


@pytest.fixture(scope="session")
def tool() -> Callable[[str, str], str]:
    """The path of a program, from the virtual environment or the machine, or a skipped test."""

    def find(name: str, install: str) -> str:
        path = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
        if path is None:
            pytest.skip(f"{name} is not installed: {install}")
        return path

    return find
