"""The figures as a table that fits into a document."""

import math
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import psutil

from bench.load import Figures
from bench.world import Sizes

_LIBRARIES = ("strawberry-graphql", "graphql-core", "starlette", "uvicorn", "asyncpg", "pymongo")


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario's figures, of Isthmus and of the hand-written server."""

    title: str
    api: Figures
    by_hand: Figures


def report(results: list[Result], sizes: Sizes) -> str:
    """Everything, in Markdown."""
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {_machine()}.",
        "",
        f"Data: {sizes.users:,} users, {sizes.products:,} products, {sizes.groups:,} groups,"
        f" {sizes.messages:,} messages. "
        + ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
        + ".",
        "",
        "| task | server | per second | p50 ms | p99 ms | CPU ms each | rate ÷ hand | CPU ÷ hand |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for result in results:
        rate = result.api.rate / result.by_hand.rate
        # The kernel counts in hundredths of a second: a very short run may have used none.
        by_hand = result.by_hand.cpu_each
        cpu = result.api.cpu_each / by_hand if by_hand else math.nan
        lines.append(_row(result.title, "Isthmus", result.api, f"{rate:.2f}", f"{cpu:.1f}"))
        lines.append(_row("", "by hand", result.by_hand, "", ""))
    return "\n".join(lines) + "\n"


def _row(title: str, server: str, figures: Figures, rate: str, cpu: str) -> str:
    cells = [
        title,
        server,
        f"{figures.rate:,.0f}",
        f"{figures.quantile(0.5) * 1000:.1f}",
        f"{figures.quantile(0.99) * 1000:.1f}",
        f"{figures.cpu_each * 1000:.3f}",
        rate,
        cpu,
    ]
    return f"| {' | '.join(cells)} |"


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB,"
        f" {platform.system()} {platform.release().split('-')[0]},"
        f" Python {platform.python_version()}, the embedded stores"
    )
