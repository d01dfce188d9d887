"""graphql-transport-ws: the protocol's own rules."""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.transport.messages import INIT, acknowledged, closed, receive, send, subscribe, until
from tests.transport.serving import Served


async def test_subprotocol_is_the_new_one_even_where_both_are_offered(served: Served) -> None:
    async with served.connect(subprotocols=["graphql-ws", "graphql-transport-ws"]) as connection:
        assert connection.subprotocol == "graphql-transport-ws"
        await acknowledged(connection)


@pytest.mark.parametrize("offered", [["graphql-ws"], None])
async def test_other_subprotocols_are_closed_with_4406(
    served: Served, offered: list[Any] | None
) -> None:
    async with connect(served.socket_url, subprotocols=offered) as connection:
        assert connection.subprotocol is None
        assert await closed(connection) == (4406, "Subprotocol not acceptable")


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ("null", "JSON object"),
        ("[]", "JSON object"),
        ('"text"', "JSON object"),
        ("17", "JSON object"),
        ("{", "not valid JSON"),
        ("", "not valid JSON"),
        ("[" * 2000, "not valid JSON"),
        ("[" * 100 + "]" * 100, "nested"),
        ("{}", "type"),
        ('{"type":1}', "type"),
        ('{"type":"start","id":"1"}', "type"),
        ('{"type":"next","id":"1","payload":{}}', "type"),
        ('{"type":"connection_init","payload":[]}', "connection_init"),
        ('{"type":"ping","payload":"x"}', "ping"),
        ('{"type":"subscribe","payload":{"query":"{ viewer }"}}', "id"),
        ('{"type":"subscribe","id":1,"payload":{"query":"{ viewer }"}}', "id"),
        ('{"type":"subscribe","id":"","payload":{"query":"{ viewer }"}}', "id"),
        ('{"type":"subscribe","id":{},"payload":{"query":"{ viewer }"}}', "id"),
        ('{"type":"subscribe","id":"%s","payload":{"query":"{ viewer }"}}' % ("i" * 999), "id"),
        ('{"type":"subscribe","id":"1"}', "payload"),
        ('{"type":"subscribe","id":"1","payload":null}', "payload"),
        ('{"type":"subscribe","id":"1","payload":{}}', "query"),
        ('{"type":"subscribe","id":"1","payload":{"query":7}}', "query"),
        ('{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}', "variables"),
        ('{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":3}}', "operation"),
        ('{"type":"complete"}', "id"),
        ('{"type":"complete","id":null}', "id"),
        (b"\x00\x01", "binary"),
        (INIT.encode(), "binary"),
    ],
    ids=lambda value: repr(value[:60]),
)
async def test_invalid_message_closes_with_4400_and_says_why(
    ws: ClientConnection, message: str | bytes, part: str
) -> None:
    await ws.send(message)
    code, reason = await closed(ws)
    assert code == 4400
    assert reason.startswith("Invalid message")
    assert part in reason


async def test_silence_is_closed_with_4408_and_pings_do_not_prolong_it(hasty: Served) -> None:
    async with hasty.connect() as connection:
        for _ in range(3):
            await asyncio.sleep(0.08)
            await send(connection, type="ping")
        assert await closed(connection) == (4408, "Connection initialisation timeout")


async def test_second_init_is_closed_with_4429(ws: ClientConnection) -> None:
    await ws.send(INIT)
    assert await closed(ws) == (4429, "Too many initialisation requests")


async def test_subscribe_before_the_acknowledgement_is_closed_with_4401(served: Served) -> None:
    async with served.connect() as connection:
        await subscribe(connection, "{ viewer }")
        assert await closed(connection) == (4401, "Unauthorized")


async def test_id_in_use_is_closed_with_4409(ws: ClientConnection) -> None:
    await subscribe(ws, 'subscription { endless(name: "twice", gap: 9) }')
    await subscribe(ws, "{ viewer }")
    assert await closed(ws) == (4409, "Subscriber for 1 already exists")


@pytest.mark.parametrize(
    "payload",
    [
        {"Authorization": "Bearer forged"},
        {"authorization": "Bearer"},
        {"authorization": "Basic x"},
        {"Authorization": 7},
        {"Authorization": {}},
    ],
)
async def test_bad_token_is_closed_with_4403(served: Served, payload: Any) -> None:
    async with served.connect() as connection:
        await send(connection, type="connection_init", payload=payload)
        assert await closed(connection) == (4403, "Forbidden")


@pytest.mark.parametrize("token", ["store-down", "broken"])
async def test_token_that_cannot_be_checked_is_closed_with_4500(served: Served, token: str) -> None:
    async with served.connect() as connection:
        payload = {"authorization": f"Bearer {token}"}
        await send(connection, type="connection_init", payload=payload)
        code, reason = await closed(connection)
    assert code == 4500
    assert "secret" not in reason


@pytest.mark.parametrize(
    "payload", [{"Authorization": "Bearer good"}, {"authorization": "bearer good"}]
)
async def test_viewer_is_who_the_payload_says(served: Served, payload: Any) -> None:
    async with served.connect() as connection:
        await acknowledged(connection, payload)
        await subscribe(connection, "{ viewer }")
        assert (await receive(connection))["payload"] == {"data": {"viewer": "ada"}}


async def test_viewer_is_who_the_handshake_says_where_the_payload_says_nothing(
    served: Served,
) -> None:
    async with served.connect(additional_headers={"Authorization": "Bearer good"}) as connection:
        await acknowledged(connection, {})
        await subscribe(connection, "{ viewer }")
        assert (await receive(connection))["payload"] == {"data": {"viewer": "ada"}}


async def test_ping_is_answered_with_its_payload_and_pong_ignored(ws: ClientConnection) -> None:
    await send(ws, type="pong")
    await send(ws, type="ping")
    await send(ws, type="ping", payload={"at": 1})
    assert await receive(ws) == {"type": "pong"}
    assert await receive(ws) == {"type": "pong", "payload": {"at": 1}}


async def test_queries_mutations_and_subscriptions_run_over_one_socket(
    ws: ClientConnection,
) -> None:
    query = "query Q($t: String!) { echo(text: $t) } query R { viewer }"
    await subscribe(ws, query, id='"q', variables={"t": "ü"}, operationName="Q")
    assert await receive(ws) == {"id": '"q', "type": "next", "payload": {"data": {"echo": "ü"}}}
    assert await receive(ws) == {"id": '"q', "type": "complete"}

    await subscribe(ws, 'mutation { slowWrite(name: "over-ws", seconds: 0) }', id="m")
    assert (await receive(ws))["payload"] == {"data": {"slowWrite": "over-ws"}}
    assert await receive(ws) == {"id": "m", "type": "complete"}

    await subscribe(ws, "subscription { count(to: 3) }", id="s")
    events = [(await receive(ws))["payload"]["data"]["count"] for _ in range(3)]
    assert events == [0, 1, 2]
    assert await receive(ws) == {"id": "s", "type": "complete"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ unknown }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { a: count(to: 1) b: count(to: 1) }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { viewer } query B { viewer }", "OPERATION_RESOLUTION_FAILURE"),
        ("query($n: Int!) { double(number: $n) }", "BAD_USER_INPUT"),
        ("subscription($n: Int!) { count(to: $n) }", "BAD_USER_INPUT"),
        ("subscription { refused }", "NOT_FOUND"),
    ],
)
async def test_operation_that_cannot_run_gets_an_error_and_the_socket_lives(
    ws: ClientConnection, query: str, code: str
) -> None:
    await subscribe(ws, query)
    message = await receive(ws)
    assert (message["id"], message["type"]) == ("1", "error")
    assert {error["extensions"]["code"] for error in message["payload"]} == {code}
    await subscribe(ws, "{ viewer }")
    assert (await receive(ws))["payload"] == {"data": {"viewer": "nobody"}}


async def test_source_that_breaks_midway_ends_with_a_masked_error(ws: ClientConnection) -> None:
    await subscribe(ws, "subscription { breaks }")
    assert (await receive(ws))["payload"] == {"data": {"breaks": 1}}
    message = await receive(ws)
    assert message["type"] == "error"
    assert message["payload"][0]["message"] == "Internal error"
    assert message["payload"][0]["extensions"]["code"] == "INTERNAL"


async def test_field_that_fails_in_an_event_does_not_end_the_subscription(
    ws: ClientConnection,
) -> None:
    await subscribe(ws, "subscription { nodes { fails } }")
    for _ in range(2):
        payload = (await receive(ws))["payload"]
        assert payload["data"] == {"nodes": {"fails": None}}
        assert payload["errors"][0]["message"] == "Internal error"
    assert (await receive(ws))["type"] == "complete"


async def test_each_operation_and_each_event_has_a_context_of_its_own(
    ws: ClientConnection,
) -> None:
    numbers = []
    for _ in range(2):
        await subscribe(ws, "{ context }")
        numbers.append((await receive(ws))["payload"]["data"]["context"])
        await receive(ws)
    await subscribe(ws, "subscription { nodes { a: context b: context } }")
    for _ in range(2):
        event = (await receive(ws))["payload"]["data"]["nodes"]
        assert event["a"] == event["b"]
        numbers.append(event["a"])
    assert len(set(numbers)) == 4


async def test_viewer_who_is_signed_out_gets_no_further_event(served: Served) -> None:
    async with served.connect() as connection:
        await acknowledged(connection, {"authorization": "Bearer good"})
        await subscribe(connection, 'subscription { endless(name: "signed-out") }')
        assert (await receive(connection))["type"] == "next"
        served.world.signed_out.add("ada")
        try:
            while (message := await receive(connection))["type"] == "next":
                pass
        finally:
            served.world.signed_out.clear()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        await until(lambda: "signed-out" in served.world.closed)


async def test_complete_closes_the_source_and_frees_the_id(
    ws: ClientConnection, served: Served
) -> None:
    await subscribe(ws, 'subscription { endless(name: "completed") }')
    await receive(ws)
    await send(ws, id="1", type="complete")
    await until(lambda: "completed" in served.world.closed)
    await subscribe(ws, "{ viewer }")
    while (message := await receive(ws))["payload"]["data"] != {"viewer": "nobody"}:
        assert message["payload"]["data"].keys() == {"endless"}
    assert await receive(ws) == {"id": "1", "type": "complete"}


async def test_complete_stops_a_query_and_lets_a_mutation_finish(
    ws: ClientConnection, served: Served
) -> None:
    world = served.world
    await subscribe(ws, '{ slow(name: "ws-query", seconds: 9) }', id="q")
    await subscribe(ws, 'mutation { slowWrite(name: "ws-mutation", seconds: 0.2) }', id="m")
    await until(lambda: {"ws-query", "ws-mutation"} <= set(world.started))
    await send(ws, id="q", type="complete")
    await send(ws, id="m", type="complete")
    await send(ws, id="never-begun", type="complete")
    await until(lambda: "ws-query" in world.cancelled and "ws-mutation" in world.finished)
    await send(ws, type="ping")
    assert await receive(ws) == {"type": "pong"}


async def test_client_that_leaves_closes_its_sources_and_not_its_mutation(served: Served) -> None:
    world = served.world
    async with served.connect() as connection:
        await acknowledged(connection)
        await subscribe(connection, 'subscription { endless(name: "left", gap: 9) }', id="s")
        await subscribe(connection, 'mutation { slowWrite(name: "kept", seconds: 0.2) }', id="m")
        await until(lambda: {"left", "kept"} <= set(world.started))
    await until(lambda: "left" in world.closed and "kept" in world.finished)
