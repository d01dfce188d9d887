"""`isthmus schema check` against a repository's history."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.cli.errors import CommandError

OLD = "type Query {\n  a: Int\n  b: Int\n}\n"
NEW = "type Query {\n  a: Int\n}\n"
CHANGE = "Field Query.b was removed."

Serve = Callable[[str], None]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Works in a repository whose last commit has the old schema; sets what the server serves."""
    monkeypatch.chdir(tmp_path)
    commit("schema.graphql", OLD)
    return lambda schema: monkeypatch.setattr("app.api.sdl.print_sdl", lambda: schema)


def commit(name: str, text: str) -> None:
    Path(name).write_text(text)
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for arguments in (["init", "-q"], ["add", name], [*identity, "commit", "-qm", name]):
        subprocess.run(["git", *arguments], check=True, capture_output=True)


def check() -> tuple[BaseException | None, str]:
    result = CliRunner().invoke(cli, ["schema", "check"])
    return result.exception, result.output


def test_an_unchanged_schema_passes(serve: Serve) -> None:
    serve(OLD)
    assert check()[0] is None


def test_a_stale_file_fails(serve: Serve) -> None:
    serve(NEW)
    error, _ = check()
    assert isinstance(error, CommandError)
    assert "run `make schema`" in str(error)


@pytest.mark.parametrize("committed", [False, True])
def test_a_breaking_change_fails_until_it_is_declared(serve: Serve, *, committed: bool) -> None:
    serve(NEW)
    if committed:
        commit("schema.graphql", NEW)
    else:
        Path("schema.graphql").write_text(NEW)

    error, _ = check()
    assert isinstance(error, CommandError)
    assert CHANGE.rstrip(".") in str(error)

    declaration = str(error).splitlines()[-1].strip()
    Path("CHANGELOG.md").write_text(f"# Changelog\n\n- Breaking: {declaration}\n")
    assert check()[0] is None


def test_a_repository_without_history_passes(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    Path("schema.graphql").write_text(OLD)
    serve(OLD)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))

    error, output = check()
    assert error is None
    assert "no earlier one" in output
