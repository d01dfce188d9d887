"""What the tests of sockets send, and read."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

INIT = '{"type":"connection_init"}'


async def closed(connection: ClientConnection) -> tuple[int, str]:
    """How the server closed the socket, whatever it had said before."""
    with pytest.raises(ConnectionClosed) as caught:
        await asyncio.wait_for(_receive_for_ever(connection), 20)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


async def _receive_for_ever(connection: ClientConnection) -> None:
    while True:
        await connection.recv()


async def send(connection: ClientConnection, **message: Any) -> None:
    await connection.send(json.dumps(message))


async def subscribe(connection: ClientConnection, query: Any, id: str = "1", **rest: Any) -> None:  # noqa: A002
    await send(connection, id=id, type="subscribe", payload={"query": query, **rest})


async def receive(connection: ClientConnection) -> dict[str, Any]:
    text = await asyncio.wait_for(connection.recv(), 20)
    assert isinstance(text, str), "a binary frame"
    message: dict[str, Any] = json.loads(text)
    return message


async def acknowledged(connection: ClientConnection, payload: Any = None) -> None:
    await send(connection, type="connection_init", payload=payload)
    assert await receive(connection) == {"type": "connection_ack"}


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(300):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen within 3 seconds")
