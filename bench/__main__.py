"""`make bench`: seeds once, then measures both servers in turns, in about five minutes."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bench.live import compare_deliveries
from bench.load import compare
from bench.report import Result, report
from bench.scenarios import scenarios
from bench.servers import Server, start_servers
from bench.world import Sizes, World, open_world

_RESULTS = Path("bench/results")
_DELIVERIES = "deliveries"

_Count = Annotated[int, typer.Option(min=0)]


def main(
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(help="users, chat, products, inbox, sends, hot or deliveries; repeatable."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="Of one round.")] = 3.0,
    rounds: Annotated[int, typer.Option(min=1, help="Of each server.")] = 3,
    connections: Annotated[int, typer.Option(min=1, help="That ask at once.")] = 16,
    subscribers: Annotated[int, typer.Option(min=1)] = 1_000,
    deliveries: Annotated[int, typer.Option(min=1, help="Messages to them in a round.")] = 10,
    users: _Count = 10_000,
    products: _Count = 50_000,
    groups: _Count = 5_000,
    messages: _Count = 500_000,
) -> None:
    """Measure Isthmus beside a hand-written server on the same seeded data."""
    sizes = Sizes(users, products, groups, messages)
    with open_world(sizes) as world, start_servers(world.settings) as servers:
        results = asyncio.run(
            _measure(
                world,
                servers,
                only or [],
                connections=connections,
                rounds=rounds,
                seconds=seconds,
                subscribers=subscribers,
                deliveries=deliveries,
            )
        )
    text = report(results, sizes)
    _RESULTS.mkdir(parents=True, exist_ok=True)
    path = _RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}.md"
    path.write_text(text)
    print(f"\n{text}\nWritten to {path}.")


async def _measure(
    world: World,
    servers: tuple[Server, Server],
    only: list[str],
    *,
    connections: int,
    rounds: int,
    seconds: float,
    subscribers: int,
    deliveries: int,
) -> list[Result]:
    results = []
    for scenario in scenarios(world):
        if not only or scenario.name in only:
            print(f"measuring {scenario.title} ...", flush=True)
            figures = await compare(
                scenario, servers, connections=connections, rounds=rounds, seconds=seconds
            )
            results.append(Result(scenario.title, *figures))
    if not only or _DELIVERIES in only:
        title = f"deliveries to {subscribers:,} subscribers"
        print(f"measuring {title} ...", flush=True)
        figures = await compare_deliveries(
            world, servers, subscribers=subscribers, rounds=rounds, messages=deliveries
        )
        results.append(Result(title, *figures))
    return results


if __name__ == "__main__":
    typer.run(main)
