"""`isthmus seed`: as much data as wanted, the same every time."""

from typing import Annotated

import typer

from app.cli.running import run_with_stores
from app.settings import Settings

_Count = Annotated[int, typer.Option(min=0)]


def seed(
    users: _Count = 1_000, products: _Count = 5_000, groups: _Count = 500, messages: _Count = 50_000
) -> None:
    """Fill the stores with that many rows; deterministic, in batches."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from app.migrations import migrate_up
    from app.seeds import seed as fill

    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn()) as bar:
        totals = {"users": users, "products": products, "groups": groups, "messages": messages}
        tasks = {name: bar.add_task(name, total=total) for name, total in totals.items()}

        async def run(settings: Settings) -> None:
            await migrate_up(settings)
            await fill(
                settings, **totals, progress=lambda what, rows: bar.advance(tasks[what], rows)
            )

        run_with_stores(Settings(), "isthmus seed", run)
