"""The locks: complete, hashed, equal where they overlap, and bound to no package index."""

import re
import tomllib
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


def pins(lock: str) -> dict[str, str]:
    """Version by package name."""
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[.*?\])?==([^ \\;]+)", text(lock), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_hashed_and_no_index_is_named(lock: str) -> None:
    entries = re.findall(
        r"^[a-z0-9-]+[^\n]*\\\n(?: +--hash=sha256:[0-9a-f]{64}\b)", text(lock), re.MULTILINE
    )

    assert len(entries) == len(pins(lock)) > 0
    assert "://" not in text(lock)
    assert "--index-url" not in text(lock)


@pytest.mark.parametrize("lock", ["base", "build", "bootstrap"])
def test_what_is_shipped_is_what_is_tested(lock: str) -> None:
    assert pins(lock).items() <= pins("dev").items()


def test_the_locks_satisfy_the_project() -> None:
    project = PROJECT["project"]
    wanted = chain(
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *PROJECT["dependency-groups"].values(),
    )
    locked = pins("dev")
    unmet = [
        line
        for line in wanted
        if (requirement := Requirement(line)).specifier.contains(
            locked.get(canonicalize_name(requirement.name), "0"), prereleases=True
        )
        is False
    ]

    assert unmet == [], "run `make lock`"
    for line in project["dependencies"]:
        assert canonicalize_name(Requirement(line).name) in pins("base")
