"""Stores that start, answer, are adopted and stop."""

import json
import socket
import stat
from pathlib import Path

import asyncpg
import psutil
import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from app.embedded import StoresError, start_stores, stop_stores, store_status
from app.embedded import home as home_module


async def test_stores_answer_on_loopback_only_until_stopped(home: Path) -> None:
    stores = start_stores(home, durable=False)

    for url, name in (
        (stores.urls.database_url, "isthmus"),
        (stores.urls.auth_database_url, "isthmus_auth"),
    ):
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT current_database()") == name
        assert await connection.fetchval("SELECT lower('ÄÉ')") == "äé"
        await connection.close()
    assert stores.urls.mongo_url is not None
    assert "retryWrites=false" in stores.urls.mongo_url
    mongo: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(stores.urls.mongo_url)
    assert mongo.get_default_database().name == "isthmus"
    await mongo.get_default_database().things.insert_one({"_id": 1})
    await mongo.close()
    assert stores.urls.redis_url is not None
    redis = Redis.from_url(stores.urls.redis_url)
    assert await redis.ping()
    await redis.aclose()

    running = store_status(home)
    assert [store.name for store in running if store.ready] == ["postgres", "mongo", "redis"]
    for store in running:
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(store.pid).net_connections(kind="all")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert set(listening) == {"127.0.0.1"}, store.name

    stores.stop()
    assert [store.pid for store in store_status(home)] == [None, None, None]
    assert not any(psutil.pid_exists(store.pid) for store in running if store.pid is not None)


async def test_data_and_ports_last_from_one_run_to_the_next(home: Path) -> None:
    first = start_stores(home, only={"postgres", "redis"}, durable=False)
    connection = await asyncpg.connect(first.urls.database_url)
    await connection.execute("CREATE TABLE t AS SELECT 42 AS answer")
    await connection.close()
    assert stop_stores(home) == ["postgres", "redis"]

    second = start_stores(home, only={"postgres", "redis"}, durable=False)

    assert second.urls == first.urls
    connection = await asyncpg.connect(second.urls.database_url)
    assert await connection.fetchval("SELECT answer FROM t") == 42
    await connection.close()


def test_running_stores_are_adopted(home: Path) -> None:
    first = start_stores(home, only={"postgres", "redis"}, durable=False)
    second = start_stores(home, only={"postgres", "redis"}, durable=False)

    assert first.started == {"postgres", "redis"}
    assert second.started == set()
    assert second.urls == first.urls


def test_running_stores_are_adopted_without_the_remembered_state(home: Path) -> None:
    first = start_stores(home, only={"redis"}, durable=False)
    (home / "state.json").write_text("{half a fi")

    second = start_stores(home, only={"redis"}, durable=False)

    assert second.started == set()
    assert second.urls == first.urls


def test_a_taken_port_is_replaced_and_the_new_one_remembered(home: Path) -> None:
    first = start_stores(home, only={"redis"}, durable=False)
    first.stop()
    port = json.loads((home / "state.json").read_text())["ports"]["redis"]

    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        second = start_stores(home, only={"redis"}, durable=False)

    assert second.urls.redis_url != first.urls.redis_url
    assert json.loads((home / "state.json").read_text())["ports"]["redis"] != port


async def test_the_password_is_needed_and_private(home: Path) -> None:
    stores = start_stores(home, only={"postgres", "redis"}, durable=False)
    password = (home / "password").read_text()
    assert stat.S_IMODE((home / "password").stat().st_mode) == 0o600

    assert stores.urls.database_url is not None
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(stores.urls.database_url.replace(password, "wrong"))
    assert stores.urls.redis_url is not None
    redis = Redis.from_url(stores.urls.redis_url.replace(password, "wrong"))
    with pytest.raises(AuthenticationError):
        await redis.ping()
    await redis.aclose()
    for store in store_status(home):
        if store.pid is not None:
            assert password not in " ".join(psutil.Process(store.pid).cmdline())


def test_kept_stores_outlive_their_users_until_stopped(home: Path) -> None:
    start_stores(home, only={"redis"}, durable=False, keep=True)
    start_stores(home, only={"redis"}, durable=False).stop()
    assert [store.name for store in store_status(home) if store.ready] == ["redis"]

    assert stop_stores(home, durable=False) == ["redis"]
    assert not any(store.ready for store in store_status(home))


def test_data_of_another_postgresql_version_are_refused(home: Path) -> None:
    start_stores(home, only={"postgres"}, durable=False).stop()
    (home / "postgres" / "data" / "PG_VERSION").write_text("17\n")

    with pytest.raises(StoresError, match="made by PostgreSQL 17 and this is 18"):
        start_stores(home, only={"postgres"}, durable=False)


def test_a_full_disk_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_module, "MIN_FREE_BYTES", 2**62)

    with pytest.raises(StoresError, match=r"disk of .*home is full: \d+ MB free"):
        start_stores(home)
    assert not any(store.pid for store in store_status(home))
