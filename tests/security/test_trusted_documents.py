"""Published documents: asked for by id, in every client's form, and the only ones where told so."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from app.api.trusted_documents import read_trusted_documents
from app.cli.errors import CommandError
from app.cli.serve import refuse_unsafe
from app.settings import Settings
from tests.client import NO_TLS
from tests.security.conftest import Serving

NAMES = "query Names { __typename }"
LISTED = "query Listed($n: Int) { products(first: $n) { nodes { __typename } } }"
MAKE = """mutation Make {
  conversationStart(input: {kind: ASSISTANT, clientKey: "k"}) { errors { code } } }"""
MD5 = hashlib.md5(LISTED.encode(), usedforsecurity=False).hexdigest()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def code_of(response: httpx.Response) -> str | None:
    errors = response.json().get("errors")
    return errors[0]["extensions"]["code"] if errors else None


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """As Relay and graphql-codegen write one."""
    path = tmp_path / "persisted.json"
    path.write_bytes(orjson.dumps({sha256(NAMES): NAMES, MD5: LISTED, sha256(MAKE): MAKE}))
    return path


def apollo(path: Path) -> Path:
    operations = [{"id": sha256(NAMES), "body": NAMES, "name": "Names", "type": "query"}]
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1}
    path.write_bytes(orjson.dumps({**manifest, "operations": operations}))
    return path


def directory(path: Path) -> Path:
    (path / "deep").mkdir(parents=True)
    (path / "deep" / "names.graphql").write_text(NAMES)
    return path


@pytest.mark.parametrize("write", [apollo, directory])
def test_compilers_forms_are_read(write: Callable[[Path], Path], tmp_path: Path) -> None:
    assert read_trusted_documents(write(tmp_path / "documents")) == {sha256(NAMES): NAMES}


BY_ID: list[dict[str, Any]] = [
    {"documentId": sha256(NAMES)},
    {"documentId": f"sha256:{sha256(NAMES)}"},
    {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(NAMES)}}},
    {"documentId": sha256(NAMES), "query": NAMES},
    {"query": NAMES},
    {"documentId": MD5, "variables": {"n": 1}},
]


@pytest.mark.parametrize("only", [False, True])
async def test_an_id_runs_its_document_over_post_get_and_websocket(
    only: bool, manifest: Path, serving: Serving
) -> None:
    async with (
        serving(trusted_documents=manifest, trusted_documents_only=only) as url,
        httpx.AsyncClient(base_url=url, verify=NO_TLS) as client,
        connect(
            url.replace("http", "ws", 1) + "/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
        ) as socket,
    ):
        await socket.send('{"type":"connection_init"}')
        await socket.recv()
        for request in BY_ID:
            posted = await client.post("/graphql", json=request)
            texts = {
                name: value if isinstance(value, str) else orjson.dumps(value).decode()
                for name, value in request.items()
            }
            got = await client.get(f"/graphql?{urlencode(texts)}")
            assert posted.json() == got.json(), request
            assert posted.json().keys() == {"data"}, request
            message = {"type": "subscribe", "id": "1", "payload": request}
            await socket.send(orjson.dumps(message).decode())
            assert orjson.loads(await socket.recv())["payload"] == posted.json()
            assert orjson.loads(await socket.recv())["type"] == "complete"
        mutation = await client.get(f"/graphql?documentId={sha256(MAKE)}")
    assert mutation.status_code == 405


async def test_nothing_else_runs_where_told_so(manifest: Path, serving: Serving) -> None:
    other = "{ __typename }"
    requests: list[tuple[dict[str, Any], str]] = [
        ({"query": other}, "PERSISTED_QUERY_REQUIRED"),
        ({"query": f"{NAMES} "}, "PERSISTED_QUERY_REQUIRED"),
        ({"query": "{"}, "PERSISTED_QUERY_REQUIRED"),
        ({"query": other, "documentId": sha256(other)}, "PERSISTED_QUERY_REQUIRED"),
        ({"query": other, "documentId": sha256(NAMES)}, "BAD_USER_INPUT"),
        ({"documentId": sha256(other)}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"documentId": "../../etc/passwd"}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"documentId": ""}, "PERSISTED_QUERY_NOT_FOUND"),
    ]
    async with (
        serving(trusted_documents=manifest, trusted_documents_only=True) as url,
        httpx.AsyncClient(base_url=url, verify=NO_TLS) as client,
        connect(
            url.replace("http", "ws", 1) + "/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
        ) as socket,
    ):
        await socket.send('{"type":"connection_init"}')
        await socket.recv()
        for request, code in requests:
            assert code_of(await client.post("/graphql", json=request)) == code, request
            assert code_of(await client.get(f"/graphql?{urlencode(request)}")) == code, request
            message = {"type": "subscribe", "id": "1", "payload": request}
            await socket.send(orjson.dumps(message).decode())
            answer = orjson.loads(await socket.recv())
            assert answer["type"] == "error"
            assert answer["payload"][0]["extensions"]["code"] == code


async def test_without_that_mode_an_unknown_id_makes_apollo_send_the_text(
    manifest: Path, serving: Serving
) -> None:
    other = "{ __typename }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256(other)}}
    async with (
        serving(trusted_documents=manifest) as url,
        httpx.AsyncClient(base_url=url, verify=NO_TLS) as client,
    ):
        first = await client.post("/graphql", json={"extensions": extensions})
        second = await client.post("/graphql", json={"extensions": extensions, "query": other})
        forged = await client.post("/graphql", json={"extensions": extensions, "query": NAMES})
    assert code_of(first) == "PERSISTED_QUERY_NOT_FOUND"
    assert first.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert second.json() == {"data": {"__typename": "Query"}}
    assert code_of(forged) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "request_",
    [
        {"documentId": 7},
        {"documentId": ["a"]},
        {"extensions": {"persistedQuery": "a"}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "a"}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": 7}}},
        {"query": 7, "documentId": "a"},
        {"extensions": {"persistedQuery": None}},
        {},
    ],
)
async def test_a_malformed_id_is_a_bad_request(request_: dict[str, Any], server_url: str) -> None:
    async with httpx.AsyncClient(base_url=server_url, verify=NO_TLS) as client:
        response = await client.post("/graphql", json=request_)
    assert response.status_code == 400
    assert code_of(response) == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({sha256("{ unknown }"): "{ unknown }"}, r"document [0-9a-f]{64} is refused: .*unknown"),
        ({"broken": "{"}, "document broken is refused: Syntax Error"),
        ({sha256(NAMES): NAMES + " "}, r"document [0-9a-f]{64} is changed"),
        ({"a b": NAMES}, "has the id 'a b'"),
        ({"number": 7}, "document number must be a string"),
        ({}, "has no document"),
        ([], "must be a JSON object"),
        ({"format": "apollo-persisted-query-manifest", "version": 2}, "version 1 of Apollo"),
    ],
)
def test_a_bad_document_stops_the_start_with_its_name(
    content: object, complaint: str, tmp_path: Path, settings: Settings
) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(orjson.dumps(content))
    changed = settings.model_copy(update={"trusted_documents": path})
    with pytest.raises(CommandError, match=complaint):
        refuse_unsafe(changed)


def test_a_missing_manifest_stops_the_start(tmp_path: Path, settings: Settings) -> None:
    changed = settings.model_copy(update={"trusted_documents": tmp_path / "none.json"})
    with pytest.raises(CommandError, match=r"none\.json"):
        refuse_unsafe(changed)


def test_only_trusted_documents_need_documents() -> None:
    with pytest.raises(ValueError, match="TRUSTED_DOCUMENTS_ONLY needs TRUSTED_DOCUMENTS"):
        Settings(environment="test", trusted_documents_only=True)
