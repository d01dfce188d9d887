"""What callers may use: counted by user or address and cost, in Redis or without it."""

import time
from contextlib import AsyncExitStack, suppress
from uuid import uuid4

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.api.charging import MUTATION, REFUSED_DOCUMENT, address_key
from app.api.server import uvicorn_options
from app.errors import RateLimited
from app.limits import Limiter, Rate
from app.services import Services
from app.settings import Settings
from app.stores.redis import Redis
from tests.client import Client
from tests.factories import GROUP_CREATE, World
from tests.security.conftest import Serving

BUDGET = "{ rateLimit { limit cost remaining resetAt } }"
# What an object and its four scalars cost.
COST = 12
DEAR = "{ products(first: 100) { nodes { id title vendor { name } } } }"


def rate(amount: int = 100, seconds: int = 60) -> Rate:
    return Rate(f"test-{uuid4().hex}", amount, seconds)


async def ask(client: Client, query: str = BUDGET) -> httpx.Response:
    return await client.http.post("/graphql", json={"query": query})


async def test_an_operation_is_told_what_it_costs_and_leaves(
    serving: Serving, world: World
) -> None:
    person = await world.user()
    async with serving(rate_limit=1_000) as url, Client(url, person.token) as client:
        answers = [await ask(client) for _ in range(2)]
    for number, answer in enumerate(answers, 1):
        budget = answer.json()["data"]["rateLimit"]
        left = 1_000 - number * COST
        assert (budget["limit"], budget["cost"], budget["remaining"]) == (1_000, COST, left)
        assert answer.headers["ratelimit-policy"] == '"operations";q=1000;w=60'
        remaining, reset = answer.headers["ratelimit"].removeprefix('"operations";').split(";")
        assert remaining == f"r={left}"
        assert 0 < int(reset.removeprefix("t=")) <= 60
    resets = {answer.json()["data"]["rateLimit"]["resetAt"] for answer in answers}
    assert len(resets) == 1


@pytest.mark.covers("C24")
async def test_who_has_nothing_left_gets_429_and_others_do_not(
    serving: Serving, world: World
) -> None:
    person, other = await world.users(2)
    async with serving(rate_limit=2 * COST) as url:
        async with Client(url, person.token) as client:
            statuses = [(await ask(client)).status_code for _ in range(3)]
            refused = await ask(client)
        async with Client(url, other.token) as client:
            untouched = await ask(client)
    assert statuses == [200, 200, 429]
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit"].startswith('"operations";r=0;t=')
    (error,) = refused.json()["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert error["extensions"]["retryAfter"] == int(refused.headers["retry-after"])
    assert untouched.status_code == 200


async def test_what_is_refused_for_its_cost_is_not_used(serving: Serving, world: World) -> None:
    person = await world.user()
    async with serving(rate_limit=500) as url, Client(url, person.token) as client:
        dear, cheap = await ask(client, DEAR), await ask(client)
    assert dear.status_code == 429
    assert dear.headers["ratelimit"].startswith('"operations";r=500;')
    assert cheap.json()["data"]["rateLimit"]["remaining"] == 500 - COST


async def test_a_refused_mutation_writes_nothing(serving: Serving, world: World) -> None:
    person = await world.user()
    name = f"Never {uuid4().hex}"
    async with serving(rate_limit=MUTATION) as url, Client(url, person.token) as client:
        answer = await client.send(GROUP_CREATE, name=name, key=uuid4().hex)
    assert answer["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    found = await person.client.run("{ groups(first: 100) { nodes { name } } }")
    assert name not in [group["name"] for group in found["groups"]["nodes"]]


@pytest.mark.parametrize("query", ["{", "{ unknown }", "{ node(id: 3.5) { id } }"])
async def test_what_does_not_run_is_no_free_attempt(
    query: str, serving: Serving, world: World
) -> None:
    person = await world.user()
    async with (
        serving(rate_limit=REFUSED_DOCUMENT + COST) as url,
        Client(url, person.token) as client,
    ):
        first, second, third = [await ask(client, q) for q in (query, query, BUDGET)]
    assert first.json()["errors"][0]["extensions"]["code"] != "RATE_LIMITED"
    assert second.status_code == 429
    assert third.json()["data"]["rateLimit"]["remaining"] == 0


async def test_anonymous_callers_and_bad_tokens_are_their_address(serving: Serving) -> None:
    spoofed = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    async with serving(rate_limit=1_000, rate_limit_window=86_399) as url:
        async with Client(url) as client:
            first = (await ask(client)).json()["data"]["rateLimit"]["remaining"]
            client.http.headers.update(spoofed)
            second = (await ask(client)).json()["data"]["rateLimit"]["remaining"]
        async with Client(url, "no token") as client:
            while (bad := await ask(client)).status_code == 401:
                pass
        async with Client(url) as client:
            last = await ask(client)
    assert second == first - COST
    assert bad.status_code == 429
    assert last.status_code == 200 or last.headers["ratelimit"].startswith('"operations";r=')


def test_only_named_proxies_are_believed() -> None:
    nobody = uvicorn_options(Settings(environment="test"))
    assert not nobody["proxy_headers"]
    assert nobody["forwarded_allow_ips"] == []
    named = uvicorn_options(Settings(environment="test", trusted_proxies=("10.0.0.0/8",)))
    assert named["proxy_headers"]
    assert named["forwarded_allow_ips"] == ["10.0.0.0/8"]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.9", "address/203.0.113.9"),
        ("::ffff:203.0.113.9", "address/203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "address/2001:db8:1:2::"),
        ("2001:db8:1:2::", "address/2001:db8:1:2::"),
        (None, "address/unknown"),
    ],
)
def test_an_ipv6_network_is_one_address(address: str | None, key: str) -> None:
    assert address_key(address) == key


async def test_an_operation_on_a_socket_is_refused_and_the_socket_lives(
    serving: Serving, world: World
) -> None:
    person = await world.user()
    protocol = Subprotocol("graphql-transport-ws")
    async with serving(rate_limit=2 * COST) as url:
        address = url.replace("http", "ws", 1) + "/graphql"
        async with connect(address, subprotocols=[protocol]) as socket:

            async def send(**message: object) -> None:
                await socket.send(orjson.dumps(message).decode())

            await send(type="connection_init", payload=person.client.headers)
            assert orjson.loads(await socket.recv())["type"] == "connection_ack"
            seen = []
            for number in range(4):
                await send(type="subscribe", id=str(number), payload={"query": BUDGET})
                message = orjson.loads(await socket.recv())
                seen.append(message["type"])
                if message["type"] == "next":
                    assert orjson.loads(await socket.recv())["type"] == "complete"
            await send(type="ping")
            assert orjson.loads(await socket.recv())["type"] == "pong"
    assert seen == ["next", "next", "error", "error"]
    assert message["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_sockets_of_a_user_are_bounded_and_come_back(serving: Serving, world: World) -> None:
    person, other = await world.users(2)
    protocol = Subprotocol("graphql-transport-ws")

    async def opened(stack: AsyncExitStack, address: str, headers: dict[str, str]) -> int:
        socket = await stack.enter_async_context(connect(address, subprotocols=[protocol]))
        await socket.send(orjson.dumps({"type": "connection_init", "payload": headers}).decode())
        with suppress(ConnectionClosed):
            assert orjson.loads(await socket.recv())["type"] == "connection_ack"
        return socket.close_code or 0

    async with serving(socket_max_per_user=2) as url:
        address = url.replace("http", "ws", 1) + "/graphql"
        async with AsyncExitStack() as stack:
            mine = [await opened(stack, address, person.client.headers) for _ in range(3)]
            assert mine == [0, 0, 1013]
            assert await opened(stack, address, other.client.headers) == 0
        async with AsyncExitStack() as stack:
            again = [await opened(stack, address, person.client.headers) for _ in range(2)]
    assert again == [0, 0]


@pytest.mark.covers("C24")
async def test_processes_count_together(services: Services, settings: Settings) -> None:
    assert settings.redis_url
    elsewhere = Redis(settings.redis_url)
    one, other, counted = Limiter(services.redis), Limiter(elsewhere), rate()
    try:
        assert (await one.hit(counted, "ada", 60)).remaining == 40
        assert (await other.hit(counted, "ada", 30)).remaining == 10
        with pytest.raises(RateLimited):
            await one.hit(counted, "ada", 11)
        assert (await other.hit(counted, "ada", 10)).remaining == 0
    finally:
        await elsewhere.close()


async def test_without_redis_a_process_counts_by_itself() -> None:
    away = Redis("redis://127.0.0.1:1/0")
    limiter, counted = Limiter(away), rate()
    begun = time.monotonic()
    for left in range(99, -1, -1):
        assert (await limiter.hit(counted, "ada")).remaining == left
    with pytest.raises(RateLimited) as refused:
        await limiter.hit(counted, "ada")
    assert 0 < refused.value.retry_after <= 60
    assert (await limiter.hit(counted, "ben")).remaining == 99
    # Redis is not asked each time.
    assert time.monotonic() - begun < 1.0
    await away.close()


async def test_a_new_window_gives_all_again(services: Services) -> None:
    limiter, counted = Limiter(services.redis), rate(5, 1)
    budget = await limiter.hit(counted, "ada", 5)
    with pytest.raises(RateLimited):
        await limiter.hit(counted, "ada")
    time.sleep(max(0.0, budget.reset_at - time.time()) + 0.05)  # noqa: ASYNC251 - the clock's turn
    assert (await limiter.hit(counted, "ada", 5)).remaining == 0


async def test_counting_costs_under_a_millisecond(services: Services) -> None:
    limiter, counted = Limiter(services.redis), rate(10**6)
    await limiter.hit(counted, "ada")
    begun = time.process_time()
    for _ in range(200):
        await limiter.hit(counted, "ada", 5)
    assert (time.process_time() - begun) / 200 < 0.001
