"""The commands that are not `dev`: what they print, refuse and leave behind."""

import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.embedded import store_status
from tests.cli.conftest import ROOT, Shell

COMMANDS = (
    "dev",
    "serve",
    "migrate up",
    "migrate down",
    "migrate status",
    "migrate new",
    "migrate check",
    "seed",
    "schema print",
    "schema check",
    "login",
    "usage recount",
    "log verify",
    "indexes",
    "stores up",
    "stores down",
    "stores status",
)


@pytest.mark.covers("B30")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(cli, [*command.split(), "--help"])

    assert result.exit_code == 0
    assert re.search(rf"Usage: \S+ {command}", result.output)
    assert re.search(r"^ [A-Z].*[.;,]", result.output, re.MULTILINE)


def test_the_version_is_printed(shell: Shell) -> None:
    code, output = shell.call("--version")

    assert code == 0
    assert re.fullmatch(r"isthmus \d+\.\d+\.\d+\n", output)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"PORT": "70000"}, r"PORT: .*less than or equal to 65535"),
        ({"ISTHMUS_ENV": "prod"}, r"ISTHMUS_ENV: .*'production'"),
        ({"ISTHMUS_ENV": "production"}, r"production needs .*DATABASE_URL"),
    ],
)
def test_bad_settings_are_named(shell: Shell, settings: dict[str, str], complaint: str) -> None:
    code, output = shell.call("stores", "status", **settings)

    assert code == 1
    assert re.search(complaint, output)
    assert "Traceback" not in output


def test_bad_settings_do_not_show_secrets(shell: Shell) -> None:
    code, output = shell.call(
        "serve", ISTHMUS_ENV="production", DATABASE_URL="postgresql://u:hunter2@h/d", PORT="x"
    )

    assert code == 1
    assert "hunter2" not in output


@pytest.mark.covers("D18")
def test_serve_refuses_to_guess_stores(shell: Shell) -> None:
    code, output = shell.call("serve")

    assert code == 1
    assert "DATABASE_URL is not set; MONGO_URL is not set; REDIS_URL is not set" in output


def test_serve_refuses_a_key_that_signs_nothing(shell: Shell) -> None:
    urls = {
        "DATABASE_URL": "postgresql://h/d",
        "MONGO_URL": "mongodb://h/d",
        "REDIS_URL": "redis://h",
        "ISTHMUS_ALLOW_PLAINTEXT_STORES": "true",
        "PERSONAL_DATA_KEYS": '["a"]',
        "PERSONAL_INDEX_KEY": "b",
    }
    code, output = shell.call(
        "serve", ISTHMUS_ENV="production", AUTH_PRIVATE_KEY="not a key", **urls
    )

    assert code == 1
    assert "AUTH_PRIVATE_KEY is not an Ed25519 private key" in output
    assert "not a key" not in output


def test_what_a_server_process_has_loaded_is_not_collected_again(shell: Shell) -> None:
    count = (
        "import gc; from app.cli.serve import application; application();"
        " print(gc.get_freeze_count(), len(gc.get_objects()))"
    )
    told = subprocess.check_output(
        [sys.executable, "-c", count], env=shell.env, cwd=ROOT, text=True
    )

    frozen, watched = map(int, told.split())
    assert frozen > 100 * watched


@pytest.mark.covers("E40")
@pytest.mark.parametrize("command", [["dev"], ["login", "a@b.c"]])
def test_development_commands_refuse_production(shell: Shell, command: list[str]) -> None:
    urls = {
        "DATABASE_URL": "postgresql://h/d",
        "MONGO_URL": "mongodb://h/d",
        "REDIS_URL": "redis://h",
        "ISTHMUS_ALLOW_PLAINTEXT_STORES": "true",
        "PERSONAL_DATA_KEYS": '["a"]',
        "PERSONAL_INDEX_KEY": "b",
    }
    code, output = shell.call(*command, ISTHMUS_ENV="production", AUTH_PRIVATE_KEY="k", **urls)

    assert code == 1
    assert "is for development" in output


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_stores_stay_up_across_commands_until_taken_down(shell: Shell) -> None:
    code, output = shell.run("stores", "up")
    assert code == 0
    assert [line.split("=")[0] for line in output.splitlines()] == [
        "DATABASE_URL",
        "AUTH_DATABASE_URL",
        "MONGO_URL",
        "REDIS_URL",
    ]

    assert shell.run("migrate", "up")[0] == 0
    code, output = shell.run("migrate", "status")
    assert code == 0
    assert {line.split()[0] for line in output.splitlines()} == {"auth", "main", "mongo"}
    assert "missing" not in output

    code, output = shell.run("login", "nobody@example.com")
    assert code == 1
    assert output == "isthmus: No active user has the address nobody@example.com.\n"

    code, output = shell.call("stores", "status")
    assert code == 0
    assert len(re.findall(r"ready, 127\.0\.0\.1:\d+, process \d+", output)) == 3
    assert shell.call("stores", "down") == (0, "Stopped postgres, mongo, redis.\n")
    assert shell.call("stores", "status")[0] == 3
    assert not any(store.pid for store in store_status(shell.home))
