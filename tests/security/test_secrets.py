"""Planted secrets come out nowhere: in no answer, no log record and no message, whatever fails."""

import gc
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pydantic import SecretStr, ValidationError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.cli.errors import CommandError
from app.cli.serve import refuse_unsafe
from app.settings import Settings
from app.stores.mongo import Mongo
from app.stores.postgres import Postgres
from app.stores.redis import Redis
from app.tokens import open_tokens
from tests.security.conftest import Serving

PLANTED = "hunter2planted"
# Every store is away, and every address has the secret in it.
AWAY = {
    "database_url": f"postgresql://isthmus:{PLANTED}@127.0.0.1:1/isthmus",
    "auth_database_url": f"postgresql://isthmus:{PLANTED}@127.0.0.1:1/auth",
    "mongo_url": f"mongodb://isthmus:{PLANTED}@127.0.0.1:1/isthmus?serverSelectionTimeoutMS=200",
    "redis_url": f"redis://:{PLANTED}@127.0.0.1:1/0",
}
OPERATIONS = (
    "{ viewer { id } products(first: 1) { nodes { id } } }",
    '{ node(id: "VXNlcjow") { id } }',
    "{ users { nodes { id } } }",
    "{ unknown }",
    "{",
    'mutation { groupCreate(input: {name: "x", clientKey: "k"}) { errors { code } } }',
)


pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Drivers leave sockets that failed to the collector: taken here, not in later tests."""
    yield
    gc.collect()


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What production may log: `debug` it refuses."""
    caplog.set_level(logging.INFO)
    return caplog


def check(*answers: Any, records: pytest.LogCaptureFixture) -> None:
    formatter = logging.Formatter("%(name)s %(message)s")
    logged = [formatter.format(record) for record in records.records]
    for text in (*map(str, answers), *logged):
        assert PLANTED not in text


@pytest.fixture
async def broken(serving: Serving) -> AsyncIterator[str]:
    """The application with every store away."""
    async with serving(**AWAY) as url:
        yield url


async def test_no_answer_and_no_record_of_http(
    broken: str, records: pytest.LogCaptureFixture
) -> None:
    answers = []
    async with httpx.AsyncClient(base_url=broken) as client:
        for token in (None, PLANTED, f"a.{PLANTED}.c"):
            headers = {"authorization": f"Bearer {token}"} if token else {}
            for query in OPERATIONS:
                request = client.post("/graphql", json={"query": query}, headers=headers)
                answers.append(await request)
        answers += [await client.get(path) for path in ("/api/health", "/healthz/ready")]
    assert any("errors" in answer.json() for answer in answers)
    check(*[(a.text, a.headers) for a in answers], records=records)


async def test_no_message_and_no_record_of_a_socket(
    server_url: str, records: pytest.LogCaptureFixture
) -> None:
    address = server_url.replace("http", "ws", 1) + "/graphql"
    protocol = Subprotocol("graphql-transport-ws")
    for payload in ({"Authorization": f"Bearer {PLANTED}"}, {"Authorization": [PLANTED]}):
        async with connect(address, subprotocols=[protocol]) as socket:
            message = {"type": "connection_init", "payload": payload}
            await socket.send(orjson.dumps(message).decode())
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403
        check(closed.value, records=records)


async def test_no_error_of_a_store_names_its_address(
    settings: Settings, records: pytest.LogCaptureFixture
) -> None:
    changed = settings.model_copy(update={"mongo_timeout": 0.5})
    stores = (
        Postgres(AWAY["database_url"], changed),
        Mongo(AWAY["mongo_url"], changed),
        Redis(AWAY["redis_url"]),
    )
    for store in stores:
        with pytest.raises(Exception, match="does not answer") as failed:
            await store.ping()
        causes = [failed.value.__cause__, failed.value.__context__]
        check(failed.value, repr(failed.value), *map(repr, causes), records=records)
        await store.close()


def test_no_setting_that_is_refused_is_quoted(
    production: dict[str, Any], tmp_path: Path, records: pytest.LogCaptureFixture
) -> None:
    key = SecretStr(f"-----BEGIN PRIVATE KEY-----\n{PLANTED}\n-----END PRIVATE KEY-----")
    with pytest.raises(ValidationError) as refused:
        Settings(**production | AWAY | {"auth_private_key": key})
    with pytest.raises(ValueError, match=r".") as bad_key:
        open_tokens(Settings(environment="test", home=tmp_path, auth_private_key=key))
    with pytest.raises(CommandError) as unserved:
        refuse_unsafe(Settings(**production | {"auth_private_key": key}))
    check(refused.value, bad_key.value, unserved.value, records=records)
