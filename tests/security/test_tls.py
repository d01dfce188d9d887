"""Every store over TLS with a password, and the servers that must not be believed."""

import asyncio
import gc
import os
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pymongo import AsyncMongoClient

from app.errors import StoreUnavailable
from app.settings import Settings
from app.stores.mongo import Mongo
from app.stores.postgres import Postgres
from app.stores.redis import Redis
from app.stores.tls import ssl_of
from tests.security.certificates import Authority
from tests.security.tls_proxy import tls_before

# A driver that refuses a certificate leaves its socket to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

HOST = "localhost"
MONGO_OPTIONS = "tls=true&retryWrites=false&directConnection=true"


def context_of(authority: Authority, name: str, address: str | None = None) -> ssl.SSLContext:
    file, key = authority.certify(name, address=address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return context


@pytest.fixture(autouse=True)
def collect() -> Iterator[None]:
    """Collect what a test left within it, so that no other test is blamed."""
    yield
    gc.collect()


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    """An authority that nobody has heard of."""
    return Authority(tmp_path)


# -- PostgreSQL


async def postgres_answers(url: str, settings: Settings) -> bool:
    store = Postgres(url, settings)
    try:
        await store.ping()
    except (StoreUnavailable, ssl.SSLError):
        return False
    else:
        return True
    finally:
        await store.close()


def behind(url: str | None, port: int, host: str, query: str) -> str:
    parts = urlsplit(url or "")
    netloc = f"{parts.username or ''}:{parts.password}@{host}:{port}"
    return parts._replace(netloc=netloc, query=query).geturl()


@pytest.mark.covers("E36")
@pytest.mark.parametrize(
    ("mode", "host", "certified", "believed", "answers"),
    [
        ("verify-full", "localhost", "localhost", True, True),
        ("verify-full", "127.0.0.1", "localhost", True, False),
        ("verify-full", "localhost", "other.example", True, False),
        ("verify-full", "localhost", "localhost", False, False),
        ("verify-ca", "localhost", "other.example", True, True),
        ("verify-ca", "localhost", "localhost", False, False),
        ("require", "localhost", "other.example", False, True),
    ],
)
async def test_postgresql_is_verified_as_the_url_says(  # noqa: PLR0917 - a table's columns
    mode: str,
    host: str,
    certified: str,
    believed: bool,
    answers: bool,
    settings: Settings,
    authority: Authority,
    stranger: Authority,
) -> None:
    context = context_of(authority if believed else stranger, certified)
    port = urlsplit(settings.database_url or "").port or 0
    query = f"sslmode={mode}&sslrootcert={authority.file}"
    async with tls_before(port, context, asks_first=True) as secure:
        url = behind(settings.database_url, secure, host, query)
        assert await postgres_answers(url, settings) is answers


async def test_authorities_of_the_settings_hold_where_the_url_names_none(
    settings: Settings, authority: Authority
) -> None:
    context = context_of(authority, HOST)
    port = urlsplit(settings.database_url or "").port or 0
    async with tls_before(port, context, asks_first=True) as secure:
        url = behind(settings.database_url, secure, HOST, "sslmode=verify-full")
        assert not await postgres_answers(url, settings)  # the system's know nothing of ours
        told = settings.model_copy(update={"postgres_ca": authority.file})
        assert await postgres_answers(url, told)


async def test_postgresql_without_tls_is_no_way_round(settings: Settings) -> None:
    parts = urlsplit(settings.database_url or "")
    for mode in ("verify-full", "verify-ca", "require"):
        url = parts._replace(query=f"sslmode={mode}").geturl()
        assert not await postgres_answers(url, settings)


def test_what_libpq_would_not_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sslmode=verify-fully is none of"):
        ssl_of({"sslmode": "verify-fully"}, None)
    with pytest.raises(ValueError, match="sslmode is given twice"):
        ssl_of({"sslmode": ("verify-full", "disable")}, None)
    with pytest.raises(OSError, match="No such file"):
        ssl_of({"sslmode": "verify-full", "sslrootcert": str(tmp_path / "none.pem")}, None)
    assert ssl_of({}, None) == "prefer"


# -- Valkey


async def redis_answers(url: str) -> bool:
    store = Redis(url)
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    else:
        return True
    finally:
        await store.close()


@pytest.mark.covers("E36")
async def test_valkey_is_verified(
    settings: Settings, authority: Authority, stranger: Authority
) -> None:
    plain = urlsplit(settings.redis_url or "")
    ca = f"ssl_ca_certs={authority.file}"
    for certified, believed, answers in (
        (HOST, authority, True),
        ("other.example", authority, False),
        (HOST, stranger, False),
    ):
        async with tls_before(plain.port or 0, context_of(believed, certified)) as port:
            url = behind(settings.redis_url, port, HOST, ca).replace("redis://", "rediss://", 1)
            assert await redis_answers(url) is answers, (certified, answers)
            wrong = url.replace(plain.password or "", "wrong")
            assert not await redis_answers(wrong)


# -- MongoDB


@asynccontextmanager
async def mongo_server(
    directory: Path, certificate: tuple[Path, Path], *arguments: str
) -> AsyncIterator[int]:
    """The port of a SecantusDB with TLS, in a process of its own."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    config = directory / "secantusd.toml"
    config.write_text('[storage]\ncache_size = "64M"\n')
    file, key = map(str, certificate)
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-I", "-m", "secantus", "--config", str(config)],
        *["--host", "127.0.0.1", "--port", str(port), "--storage-path", str(directory / "data")],
        *["--tls-cert-file", file, "--tls-key-file", key, "--log-level", "ERROR", *arguments],
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=dict(os.environ),
    )
    try:
        yield port
    finally:
        if "--auth" in arguments:
            process.kill()  # there is nothing to keep, and an orderly stop takes seconds
        else:
            process.terminate()
        await process.wait()


async def mongo_answers(url: str, settings: Settings) -> bool:
    store = Mongo(url, settings.model_copy(update={"mongo_timeout": 1.0}))
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    else:
        return True
    finally:
        await store.close()


@asynccontextmanager
async def mongo_client(
    port: int, authority: Authority
) -> AsyncIterator[AsyncMongoClient[dict[str, object]]]:
    """A client of a server, which it waits for."""
    url = f"mongodb://localhost:{port}/?{MONGO_OPTIONS}&tlsCAFile={authority.file}"
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(
        url, serverSelectionTimeoutMS=15_000
    )
    async with client:
        await client.admin.command("ping")
        yield client


@pytest.mark.covers("E36")
async def test_mongodb_is_verified_and_asks_for_a_password(
    settings: Settings, authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    certificate = authority.certify(HOST)
    (tmp_path / "data").mkdir()
    async with (
        mongo_server(tmp_path, certificate) as port,
        mongo_client(port, authority) as client,
    ):
        await client["isthmus"].command(
            "createUser", "isthmus", pwd="hunter2", roles=[{"role": "readWrite", "db": "isthmus"}]
        )
    async with (
        mongo_server(tmp_path, certificate, "--auth") as port,
        mongo_client(port, authority),
    ):

        async def answers(host: str, who: str, believed: Authority) -> bool:
            options = f"{MONGO_OPTIONS}&tlsCAFile={believed.file}&authSource=isthmus"
            return await mongo_answers(f"mongodb://{who}{host}:{port}/isthmus?{options}", settings)

        assert await answers("localhost", "isthmus:hunter2@", authority)
        assert not await answers("127.0.0.1", "isthmus:hunter2@", authority)
        assert not await answers("localhost", "isthmus:hunter2@", stranger)
    await asyncio.sleep(0.3)
