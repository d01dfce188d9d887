"""`isthmus migrate`: the schemas of the three stores."""

import asyncio
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.running import run_with_stores
from app.settings import Settings

app = typer.Typer(help="Bring the stores' schemas up and down.", no_args_is_help=True)


class Store(StrEnum):
    """Whose schema."""

    AUTH = "auth"
    MAIN = "main"
    MONGO = "mongo"


_Which = Annotated[Store, typer.Argument(help="The store whose schema it is.")]


@app.command()
def up() -> None:
    """Apply every missing migration to every store; does nothing where none is missing."""
    from app.migrations import migrate_up

    run_with_stores(Settings(), "isthmus migrate up", migrate_up)
    typer.echo("Every store is up to date.")


@app.command()
def down(
    store: _Which,
    steps: Annotated[int, typer.Option(min=1, help="How many migrations to take back.")] = 1,
) -> None:
    """Take back a store's last migrations, and the data that they brought in."""
    from app.migrations import migrate_down

    run_with_stores(
        Settings(),
        "isthmus migrate down",
        lambda settings: migrate_down(settings, store.value, steps),
    )


@app.command()
def status() -> None:
    """List every migration; exit code 3 if one is not applied."""
    from app.migrations import migration_status

    found = run_with_stores(Settings(), "isthmus migrate status", migration_status)
    for migration in found:
        mark = "applied" if migration.applied else "missing"
        typer.echo(f"{migration.store:5}  {migration.revision:16}  {mark}  {migration.title}")
    if not all(migration.applied for migration in found):
        raise typer.Exit(3)


@app.command()
def new(
    store: _Which, message: Annotated[str, typer.Argument(help="What it changes, in a few words.")]
) -> None:
    """Write the next migration from what the models have and the database lacks."""
    from app.migrations import new_migration

    path = run_with_stores(
        Settings(),
        "isthmus migrate new",
        lambda settings: new_migration(settings, store.value, message),
    )
    typer.echo(f"{path}: read it before you apply it.")


@app.command()
def check() -> None:
    """Compare the models with what the migrations make of empty databases, made for this."""
    from app.embedded import start_stores

    with tempfile.TemporaryDirectory(prefix="isthmus-") as home:
        stores = start_stores(Path(home), only={"postgres", "mongo"}, durable=False)
        try:
            urls = {name: url for name, url in vars(stores.urls).items() if url is not None}
            asyncio.run(_check(Settings().model_copy(update=urls)))
        finally:
            stores.stop()
    typer.echo("The migrations make what the models say.")


async def _check(settings: Settings) -> None:
    from app.migrations import check, migrate_up

    await migrate_up(settings)
    await check(settings)
