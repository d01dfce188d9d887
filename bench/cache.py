"""`python -m bench.cache`: records and pages from the cache and without it, in a minute."""

import asyncio
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import replace
from statistics import median
from typing import Annotated

import orjson
import typer

from app.cache import reads
from app.services import open_services
from app.users import queries as users
from bench.load import Figures, compare
from bench.scenarios import Scenario, scenarios
from bench.servers import API, Server, start_server
from bench.world import Sizes, World, open_world

_PAGES = ("chat", "inbox", "products")


def main(
    *,
    seconds: Annotated[float, typer.Option(min=0.1, help="Of one round.")] = 2.0,
    rounds: Annotated[int, typer.Option(min=1, help="Of each server.")] = 3,
    connections: Annotated[int, typer.Option(min=1, help="That ask at once.")] = 4,
) -> None:
    """Measure pages with and without CACHE_REDIS_URL."""
    with open_world(Sizes(users=2_000, products=2_000, groups=300, messages=20_000)) as world:
        url = f"{(world.settings.redis_url or '').rpartition('/')[0]}/1"
        asyncio.run(_read(world, url))
        with (
            start_server("with the cache", API, world.settings, CACHE_REDIS_URL=url) as cached,
            start_server("without it", API, world.settings, CACHE_REDIS_URL="") as plain,
        ):
            asked = [scenario for scenario in scenarios(world) if scenario.name in _PAGES]
            found = asyncio.run(_measure(asked, (cached, plain), connections, rounds, seconds))
            hits, misses = _counts(cached)
        print("| page | server | per second | p50 ms | CPU ms each | p50 ÷ | CPU ÷ |")
        print("|---|---|--:|--:|--:|--:|--:|")
        for scenario, figures in zip(asked, found, strict=True):
            _print(scenario, *figures)
        print(f"{hits / (hits + misses):.2%} of {hits + misses:,} records were in the cache.")


async def _read(world: World, url: str) -> None:
    """Ask for one user, for fifty, and for twenty two hundred times at once."""
    settings = world.settings.model_copy(update={"cache_redis_url": url})
    async with open_services(settings) as services:
        cached, auth, viewer = services.cached, services.auth, world.viewer
        assert cached is not None

        async def stored(ids: list[int]) -> object:
            return await users.users_by_ids(auth, viewer, ids)

        async def kept(ids: list[int]) -> object:
            return await reads.users_by_ids(cached, viewer, ids)

        await asyncio.sleep(1)  # until it is connected
        print("| users | from PostgreSQL, ms | from the cache, ms |\n|---|--:|--:|")
        for title, size, times in (("1", 1, 1), ("50", 50, 1), ("20, 200 times at once", 20, 200)):
            asked = [list(range(first, first + size)) for first in range(1, times + 1)]
            rounds = 8 if times > 1 else 200
            await _time(kept, asked)
            found = [(await _time(stored, asked), await _time(kept, asked)) for _ in range(rounds)]
            from_postgresql, from_cache = (median(each) * 1e3 for each in zip(*found, strict=True))
            print(f"| {title} | {from_postgresql:.2f} | {from_cache:.2f} |")
        print()


async def _time(read: Callable[[list[int]], Awaitable[object]], asked: list[list[int]]) -> float:
    began = time.perf_counter()
    await asyncio.gather(*map(read, asked))
    return time.perf_counter() - began


async def _measure(
    asked: list[Scenario],
    servers: tuple[Server, Server],
    connections: int,
    rounds: int,
    seconds: float,
) -> list[tuple[Figures, Figures]]:
    return [
        await compare(
            replace(scenario, by_hand=scenario.api),
            servers,
            connections=connections,
            rounds=rounds,
            seconds=seconds,
        )
        for scenario in asked
    ]


def _print(scenario: Scenario, cached: Figures, plain: Figures) -> None:
    p50, cpu = cached.quantile(0.5) / plain.quantile(0.5), cached.cpu_each / plain.cpu_each
    ratios = (f"{p50:.2f}", f"{cpu:.2f}"), ("", "")
    names = (scenario.title, "with the cache"), ("", "without it")
    for row, ratio, figures in zip(names, ratios, (cached, plain), strict=True):
        own = f"{figures.rate:.0f}", f"{figures.quantile(0.5) * 1e3:.1f}"
        print("|", " | ".join([*row, *own, f"{figures.cpu_each * 1e3:.2f}", *ratio]), "|")


def _counts(server: Server) -> tuple[int, int]:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz/ready") as answer:
        counted = orjson.loads(answer.read())["cache"]
    return counted["hits"], counted["misses"]


if __name__ == "__main__":
    typer.run(main)
