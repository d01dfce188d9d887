"""Whatever is sent: an answer of the protocol's, soon, no fault of ours, and the server goes on."""

import json
from contextlib import suppress
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.transport.serving import Served

bounded = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**80), 2**80),
    st.floats(),
    st.text(max_size=20),
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
# Fields that cannot fail, and the pieces of GraphQL's grammar around them.
NAMES = """
query mutation subscription fragment on F Query Node node nodes ids child name viewer echo text
echoJson value double number __typename __schema types null true
"""
names = st.sampled_from(NAMES.split())
signs = st.sampled_from(
    [*"{}()[]:!=@", "...", "$v", "7", "-1", "1e9", '"s"', '"""b"""', "#c\n", "ü"]
)
queries = st.lists(names | signs, max_size=25).map(" ".join)
valid_queries = st.sampled_from(
    [
        "{ viewer }",
        "query Q($v: JSON!) { echoJson(value: $v) }",
        "query Q($v: Int) { double(number: $v) }",
        "query Q($v: [ID!]!) { nodes(ids: $v) { name } }",
        "query Q($v: String!) { echo(text: $v) } query R { viewer }",
        "subscription { count(to: 2) }",
    ]
)
requests = st.fixed_dictionaries(
    {"query": valid_queries | queries | values},
    optional={
        "variables": st.dictionaries(st.sampled_from(["v", "w"]), values) | values,
        "operationName": st.sampled_from(["Q", "R"]) | values,
        "extensions": st.dictionaries(st.text(max_size=5), values, max_size=2) | values,
    },
)
bodies = st.one_of(
    st.binary(max_size=60),
    values.map(json.dumps).map(str.encode),
    requests.map(json.dumps).map(str.encode),
    requests.map(lambda request: json.dumps(request, ensure_ascii=False)).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    ),
)


def assert_well_formed(response: dict[str, Any]) -> None:
    assert response.keys() <= {"data", "errors"}
    assert response.get("data") is not None or response["errors"]
    for error in response.get("errors", []):
        assert error["message"]
        assert error["extensions"]["code"] != "INTERNAL", error


@bounded
@given(body=bodies, accept=st.sampled_from(["*/*", "application/graphql-response+json"]))
def test_any_body_gets_a_well_formed_answer_and_no_500(
    served: Served, http: httpx.Client, body: bytes, accept: str
) -> None:
    headers = {"content-type": "application/json", "accept": accept}
    response = http.post(served.url, content=body, headers=headers)
    assert response.status_code in {200, 400}
    assert_well_formed(response.json())
    assert http.post(served.url, json={"query": "{ viewer }"}).status_code == 200


@bounded
@given(
    parameters=st.dictionaries(
        st.sampled_from(["query", "variables", "operationName", "extensions", "x"]),
        queries | values.map(json.dumps) | st.text(max_size=20),
    )
)
def test_any_url_gets_a_well_formed_answer_and_no_500(
    served: Served, http: httpx.Client, parameters: dict[str, str]
) -> None:
    response = http.get(served.url, params=parameters)
    assert response.status_code in {200, 400, 405}
    assert_well_formed(response.json())


@bounded
@given(
    header=st.sampled_from(["accept", "content-type", "authorization", "content-encoding"]),
    # Without the control characters, which no HTTP parser lets through.
    value=st.text(
        st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_categories=["Cc"]),
        max_size=40,
    ),
)
def test_any_header_gets_a_well_formed_answer_and_no_500(
    served: Served, http: httpx.Client, header: str, value: str
) -> None:
    headers = [("content-type", "application/json")] if header != "content-type" else []
    response = http.post(
        served.url,
        content=b'{"query":"{ viewer }"}',
        headers=[
            (name.encode(), text.encode("latin-1")) for name, text in [*headers, (header, value)]
        ],
    )
    assert response.status_code in {200, 401, 406, 415}
    assert_well_formed(response.json())


messages = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["subscribe", "complete", "ping", "pong", "connection_init"])
        | values,
        "id": st.sampled_from(["1", "2"]) | values,
        "payload": requests | values,
    },
)
frames = st.one_of(
    st.binary(max_size=30),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    values.map(json.dumps),
    messages.map(json.dumps),
)


@bounded
@given(init=st.booleans(), sent=st.lists(frames, min_size=1, max_size=5))
def test_any_frames_are_answered_or_the_socket_closed_with_a_code(
    served: Served, init: bool, sent: list[bytes | str]
) -> None:
    protocols = [Subprotocol("graphql-transport-ws")]
    last = {"type": "pong", "payload": {"last": True}}
    with connect(served.socket_url, subprotocols=protocols, ping_interval=None) as connection:
        with suppress(ConnectionClosed):
            for frame in ['{"type":"connection_init"}'] * init + sent:
                connection.send(frame)
            connection.send('{"type":"ping","payload":{"last":true}}')
        received: list[dict[str, Any]] = []
        with suppress(ConnectionClosed):
            while not received or received[-1] != last:
                received.append(json.loads(connection.recv(timeout=4, decode=True)))
        if received[-1:] != [last]:
            assert connection.close_code in {4400, 4401, 4403, 4409, 4429}
            assert connection.close_reason
    for message in received:
        assert message["type"] in {"connection_ack", "pong", "next", "error", "complete"}
        if message["type"] == "next":
            assert_well_formed(message["payload"])
        if message["type"] == "error":
            assert_well_formed({"errors": message["payload"]})
