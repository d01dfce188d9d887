"""A GraphQL client over HTTP and WebSocket, as a user of the API would write one."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

Json = dict[str, Any]

# Trusts nobody: no server here speaks TLS, and to read who is trusted takes a client 20 ms.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Client:
    """Talks to one server as one user, or as nobody.

    Args:
        url: Where the server is.
        token: Whose requests these are.
        transport: What carries HTTP, if not a socket.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.http = httpx.AsyncClient(
            base_url=url, headers=self.headers, transport=transport, verify=NO_TLS, timeout=30
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.http.aclose()

    async def send(self, query: str, /, **variables: Any) -> Json:
        """The whole response."""
        response = await self.http.post("/graphql", json={"query": query, "variables": variables})
        answer: Json = response.json()
        return answer

    async def run(self, query: str, /, **variables: Any) -> Json:
        """The data of an operation without errors."""
        answer = await self.send(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: Json = answer["data"]
        return data

    async def mutate(self, query: str, /, **variables: Any) -> Json:
        """The payload of a mutation that is done."""
        (payload,) = (await self.run(query, **variables)).values()
        assert payload["errors"] == [], payload["errors"]
        found: Json = payload
        return found

    async def refused(self, query: str, /, **variables: Any) -> str:
        """The code for which a mutation is refused; nothing else is in its payload."""
        (payload,) = (await self.run(query, **variables)).values()
        (error,) = payload.pop("errors")
        assert not any(payload.values()), payload
        code: str = error["code"]
        return code

    @asynccontextmanager
    async def subscribe(self, query: str, /, **variables: Any) -> AsyncIterator["Stream"]:
        """The events of a subscription, on a socket of its own."""
        address = self.url.replace("http", "ws", 1) + "/graphql"
        protocol = Subprotocol("graphql-transport-ws")
        # No limit on what a test has not read: behind one, closing would wait for ten seconds.
        async with connect(address, subprotocols=[protocol], max_queue=None) as socket:
            await _send(socket, type="connection_init", payload=self.headers)
            assert orjson.loads(await socket.recv())["type"] == "connection_ack"
            payload = {"query": query, "variables": variables}
            await _send(socket, type="subscribe", id="1", payload=payload)
            yield Stream(socket)


class Stream:
    """What a subscription has to say."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def next(self, seconds: float = 20.0) -> Json:
        """The next event's one field."""
        message = await self._message(seconds)
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        (event,) = message["payload"]["data"].values()
        found: Json = event
        return found

    async def take(self, count: int) -> list[Json]:
        """The next events."""
        return [await self.next() for _ in range(count)]

    async def end(self) -> Json:
        """The message that ends the stream."""
        message = await self._message(20.0)
        assert message["type"] in ("complete", "error"), message
        return message

    async def is_silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing comes for a while."""
        try:
            await self._message(seconds)
        except TimeoutError:
            return True
        return False

    async def _message(self, seconds: float) -> Json:
        async with asyncio.timeout(seconds):
            message: Json = orjson.loads(await self.socket.recv())
        return message


async def _send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(orjson.dumps(message).decode())
