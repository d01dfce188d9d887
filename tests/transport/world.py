"""A schema with a field for everything that a transport can get wrong, and what it has seen."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from app.errors import NotFound, StoreUnavailable, Unauthenticated
from app.viewer import Origin

BigInt = NewType("BigInt", int)


@dataclass
class World:
    """What the resolvers did, for tests to look at."""

    started: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    sent: int = 0
    failure: Exception = field(default_factory=lambda: ConnectionError("secret of the loader"))
    signed_out: set[str] = field(default_factory=set)
    contexts: Any = field(default_factory=count)


@dataclass(frozen=True)
class Context:
    viewer: str
    number: int
    world: World


Info = strawberry.Info[Context, None]


async def authenticate(token: str | None, _origin: Origin) -> str:
    match token:
        case None:
            return "nobody"
        case "good":
            return "ada"
        case "store-down":
            raise StoreUnavailable("auth")
        case "broken":
            raise RuntimeError("secret of the authenticator")
        case _:
            raise Unauthenticated("The token does not hold.")


@strawberry.type
class Node:
    name: str = "node"

    @strawberry.field
    def child(self) -> "Node":
        return Node()

    @strawberry.field
    def fails(self) -> str | None:
        raise ValueError("secret of the resolver")

    @strawberry.field
    def fails_alike(self, info: Info) -> str | None:
        raise info.context.world.failure

    @strawberry.field
    def nodes(self, first: int | None = None, last: int | None = None) -> list["Node"]:
        return [Node() for _ in range(first or last or 1)]


async def _sleep(world: World, name: str, seconds: float) -> str:
    world.started.append(name)
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        world.cancelled.append(name)
        raise
    world.finished.append(name)
    return name


@strawberry.type
class Query:
    @strawberry.field
    def viewer(self, info: Info) -> str:
        return info.context.viewer

    @strawberry.field
    def context(self, info: Info) -> int:
        return info.context.number

    @strawberry.field
    def echo(self, text: str) -> str:
        return text

    @strawberry.field
    def echo_json(self, value: JSON) -> JSON:
        return value

    @strawberry.field
    def double(self, number: int = 2) -> int:
        return number * 2

    @strawberry.field
    def node(self) -> Node:
        return Node()

    @strawberry.field
    def nodes(self, ids: list[strawberry.ID]) -> list[Node]:
        return [Node(name=name) for name in ids]

    @strawberry.field
    def maybe_node(self) -> Node | None:
        return Node()

    @strawberry.field
    def missing(self) -> str | None:
        raise NotFound("There is no such thing.", field=["id"])

    @strawberry.field
    def coded(self) -> str | None:
        raise GraphQLError("Slow down.", extensions={"code": "RATE_LIMITED"})

    @strawberry.field
    def uncoded(self) -> str | None:
        raise GraphQLError("secret of the library")

    @strawberry.field
    def null(self) -> str:
        return None  # type: ignore[return-value]

    @strawberry.field
    def not_a_number(self) -> float | None:
        return float("nan")

    @strawberry.field
    def not_a_number_within(self) -> JSON | None:
        return JSON([{"value": float("inf")}])

    @strawberry.field
    def big(self) -> BigInt:
        return BigInt(2**70)

    @strawberry.field
    def surrogate(self) -> str:
        return "a\ud800b"

    @strawberry.field
    async def slow(self, info: Info, name: str, seconds: float) -> str:
        return await _sleep(info.context.world, name, seconds)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def slow_write(self, info: Info, name: str, seconds: float) -> str:
        return await _sleep(info.context.world, name, seconds)


@strawberry.type
class Event:
    @strawberry.field
    def context(self, info: Info) -> int:
        return info.context.number

    @strawberry.field
    def fails(self) -> str | None:
        raise ValueError("secret of the event")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int, gap: float = 0.0) -> AsyncGenerator[int, None]:
        for number in range(to):
            await asyncio.sleep(gap)
            yield number

    @strawberry.subscription
    async def nodes(self, to: int = 2) -> AsyncGenerator[Event, None]:
        for _ in range(to):
            yield Event()

    @strawberry.subscription
    async def refused(self) -> AsyncGenerator[int, None]:
        none: list[int] = []
        for number in none:
            yield number
        raise NotFound("There is no such stream.")

    @strawberry.subscription
    async def breaks(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError("secret of the source")

    @strawberry.subscription
    async def endless(
        self, info: Info, name: str, size: int = 1, gap: float = 0.01
    ) -> AsyncGenerator[str, None]:
        world = info.context.world
        world.started.append(name)
        try:
            while True:
                await asyncio.sleep(gap)
                world.sent += 1
                yield "x" * size
        finally:
            world.closed.append(name)


def make_schema() -> strawberry.Schema:
    big_int = strawberry.scalar(name="BigInt", serialize=int, parse_value=int)
    return strawberry.Schema(
        Query, Mutation, Subscription, config=StrawberryConfig(scalar_map={BigInt: big_int})
    )
