"""The locks: complete, hashed, equal where they overlap, and bound to no package index."""

import re
import tomllib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("base", "build", "bootstrap", "dev")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def text(lock: str) -> str:
    return (ROOT / "requirements" / f"{lock}.txt").read_text()


def pins(lock: str) -> set[tuple[str, str]]:
    """Name and version; some packages have one version for each range of Pythons."""
    return set(re.findall(r"^([a-z0-9-]+)(?:\[.*?\])?==([^ \\;]+)", text(lock), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_hashed_and_no_index_is_named(lock: str) -> None:
    hashed = re.findall(
        r"^[a-z0-9-]+==[^\n]*\\\n +--hash=sha256:[0-9a-f]{64}\b", text(lock), re.MULTILINE
    )

    assert len(hashed) == len(pins(lock)) > 0
    assert "://" not in text(lock)
    assert "--index-url" not in text(lock)


@pytest.mark.parametrize("lock", ["base", "build", "bootstrap"])
def test_what_is_shipped_is_what_is_tested(lock: str) -> None:
    assert pins(lock) <= pins("dev")


def test_the_locks_satisfy_the_project() -> None:
    project = PROJECT["project"]
    development = chain(
        *project["optional-dependencies"].values(), *PROJECT["dependency-groups"].values()
    )

    assert unmet("base", project["dependencies"]) == [], "run `make lock`"
    assert unmet("dev", development) == [], "run `make lock`"


def unmet(lock: str, lines: Iterable[str]) -> list[str]:
    """The requirements that no version in a lock meets."""
    locked = pins(lock)
    return [
        line
        for line in lines
        if not any(
            name == canonicalize_name(Requirement(line).name)
            and Requirement(line).specifier.contains(version, prereleases=True)
            for name, version in locked
        )
    ]
