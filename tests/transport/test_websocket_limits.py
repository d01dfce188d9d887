"""graphql-transport-ws: what keeps one socket from hurting others, and strangers out."""

import socket

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.transport.messages import acknowledged, closed, receive, send, subscribe, until
from tests.transport.serving import Served, serving


async def test_one_socket_runs_a_limited_number_of_operations(hasty: Served) -> None:
    async with hasty.connect() as connection:
        await acknowledged(connection)
        for number in range(3):
            query = f'subscription {{ endless(name: "many-{number}", gap: 9) }}'
            await subscribe(connection, query, id=str(number))
        await subscribe(connection, "{ viewer }", id="one-more")
        message = await receive(connection)
        assert (message["id"], message["type"]) == ("one-more", "error")
        assert message["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        await send(connection, id="0", type="complete")
        await until(lambda: "many-0" in hasty.world.closed)
        await subscribe(connection, "{ viewer }", id="one-more")
        assert (await receive(connection))["type"] == "next"


async def test_operation_that_takes_too_long_is_stopped(hasty: Served) -> None:
    async with hasty.connect() as connection:
        await acknowledged(connection)
        await subscribe(connection, '{ slow(name: "ws-late", seconds: 9) }')
        message = await receive(connection)
        assert message["payload"][0]["extensions"]["code"] == "TIMEOUT"
        assert "ws-late" in hasty.world.cancelled
        # Waiting for an event is no operation: it may take for ever.
        await subscribe(connection, "subscription { count(to: 1, gap: 0.6) }")
        assert (await receive(connection))["payload"] == {"data": {"count": 0}}


async def test_message_over_the_limit_closes_with_1009(ws: ClientConnection) -> None:
    await ws.send(" " * 300_000)
    assert (await closed(ws))[0] == 1009


async def test_reader_that_stops_reading_is_let_go_and_nothing_piles_up(hasty: Served) -> None:
    with socket.create_connection(("127.0.0.1", hasty.port)) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection = await connect(
            hasty.socket_url,
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
            sock=raw,
            max_queue=1,
            ping_interval=None,
        )
        await acknowledged(connection)
        name = "unread"
        before = hasty.world.sent
        await subscribe(
            connection, f'subscription {{ endless(name: "{name}", size: 100000, gap: 0) }}'
        )
        await until(lambda: name in hasty.world.closed)
        # The kernel's buffers and the transport's hold some; the rest was never produced.
        assert hasty.world.sent - before < 200
        await until(lambda: not hasty.server.server_state.connections)
        connection.transport.abort()


@pytest.mark.parametrize(
    ("allowed", "origin", "accepted"),
    [
        ((), None, True),
        ((), "http://127.0.0.1:{port}", True),
        ((), "http://evil.example", False),
        ((), "null", False),
        ((), "127.0.0.1:{port}", False),
        ((), "http://[", False),
        ((), "http://127.0.0.1:1", False),
        (("https://chat.example",), "https://chat.example", True),
        (("https://chat.example/",), "https://CHAT.example", True),
        (("https://chat.example",), "http://127.0.0.1:{port}", False),
        (("https://chat.example",), None, True),
    ],
)
async def test_origin_must_be_allowed(
    allowed: tuple[str, ...], origin: str | None, accepted: bool, request: pytest.FixtureRequest
) -> None:
    served: Served = request.getfixturevalue("fenced" if allowed else "served")
    origin = origin and origin.format(port=served.port)
    if accepted:
        async with served.connect(origin=origin) as connection:
            await acknowledged(connection)
    else:
        with pytest.raises(InvalidStatus) as caught:
            await served.connect(origin=origin)
        assert caught.value.response.status_code == 403


async def test_server_that_stops_tells_clients_to_resume() -> None:
    with serving() as served:
        connection = await served.connect()
        await acknowledged(connection)
        await subscribe(connection, 'subscription { endless(name: "stopped", gap: 9) }')
        await until(lambda: "stopped" in served.world.started)
        served.server.should_exit = True
        assert await closed(connection) == (1001, "resume with cursor")
        await until(lambda: "stopped" in served.world.closed)
