"""A token that expires on an open socket: a warning, a new token on the same one, or the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app.settings import Settings
from tests.accounts.conftest import Desk, SignedIn
from tests.accounts.operations import REFRESH
from tests.client import Json
from tests.factories import START_DIRECT
from tests.server import serve
from tests.subscriptions.streams import INBOX


@asynccontextmanager
async def opened(url: str, token: str) -> AsyncIterator[ClientConnection]:
    """A socket with an idle subscription."""
    address = url.replace("http", "ws", 1) + "/graphql"
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await say(socket, type="connection_init", payload={"Authorization": f"Bearer {token}"})
        assert (await hear(socket))["type"] == "connection_ack"
        await say(socket, type="subscribe", id="1", payload={"query": INBOX})
        yield socket


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(orjson.dumps(message).decode())


async def hear(socket: ClientConnection, seconds: float = 20) -> Json:
    async with asyncio.timeout(seconds):
        message: Json = orjson.loads(await socket.recv())
    return message


async def closed(socket: ClientConnection) -> tuple[int, str]:
    async with asyncio.timeout(20):
        await socket.wait_closed()
    assert socket.close_code is not None
    return socket.close_code, socket.close_reason or ""


def short_lived(desk: Desk, somebody: SignedIn, seconds: float) -> str:
    """The same session's access token, for a moment."""
    tokens = desk.services.tokens
    viewer = tokens.verify(somebody.access_token)
    assert viewer.user_id is not None
    assert viewer.public_id is not None
    return tokens.issue(
        viewer.user_id,
        viewer.public_id,
        viewer.role,
        session_id=viewer.session_id,
        platform=viewer.platform,
        lifetime=timedelta(seconds=seconds + 1),  # a token's times are whole seconds
    )


async def test_a_client_is_warned_and_then_told_to_resume(desk: Desk) -> None:
    somebody = await desk.sign_up()

    async with opened(desk.url, short_lived(desk, somebody, 0.5)) as socket:
        warning = await hear(socket)
        assert warning["type"] == "ping"
        assert warning["payload"]["type"] == "TOKEN_EXPIRES"
        await say(socket, type="pong")
        error = await hear(socket)
        assert (error["type"], error["id"]) == ("error", "1")
        assert error["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await closed(socket) == (4403, "token expired: resume with cursor")


async def test_a_new_token_on_the_same_socket_lets_it_go_on(desk: Desk) -> None:
    me, other = await desk.sign_up(), await desk.sign_up()
    token = short_lived(desk, me, 0.5)
    async with opened(desk.url, token) as socket:
        assert (await hear(socket))["payload"]["type"] == "TOKEN_EXPIRES"
        renewed = (await desk.anonymous.run(REFRESH, token=me.refresh_token))["authTokenRefresh"]
        access_token = renewed["token"]["accessToken"]

        await say(socket, type="ping", payload={"Authorization": f"Bearer {access_token}"})

        answer = await hear(socket)
        assert answer["type"] == "pong"
        assert set(answer["payload"]) == {"expiresAt"}  # and not the token
        await asyncio.sleep(1.6)  # beyond the first token's end
        mine = (await me.client.send("{ viewer { id } }"))["data"]["viewer"]["id"]
        await other.client.mutate(START_DIRECT, user=mine, key="hello")
        event = await hear(socket)
        assert (event["type"], event["id"]) == ("next", "1")


async def test_anothers_token_closes_the_socket(desk: Desk) -> None:
    me, other = await desk.sign_up(), await desk.sign_up()
    async with opened(desk.url, me.access_token) as socket:
        await say(socket, type="ping", payload={"Authorization": f"Bearer {other.access_token}"})
        assert (await closed(socket))[0] == 4403


async def test_a_bad_token_is_answered_and_the_old_one_goes_on(desk: Desk) -> None:
    me = await desk.sign_up()
    async with opened(desk.url, me.access_token) as socket:
        await say(socket, type="ping", payload={"Authorization": "Bearer secret"})
        answer = await hear(socket)
        assert answer["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert "secret" not in str(answer)
        await say(socket, type="ping", payload={"as": "ever"})
        assert await hear(socket) == {"type": "pong", "payload": {"as": "ever"}}


async def test_the_warning_comes_before_the_end(desk_settings: Settings, desk: Desk) -> None:
    somebody = await desk.sign_up()
    settings = desk_settings.model_copy(update={"socket_expiry_warning": 1.0})
    async with serve(settings) as (_, url):
        loop = asyncio.get_running_loop()
        async with opened(url, short_lived(desk, somebody, 1.5)) as socket:
            assert (await hear(socket))["payload"]["type"] == "TOKEN_EXPIRES"
            warned = loop.time()
            await closed(socket)
            assert 0.8 < loop.time() - warned < 1.5
