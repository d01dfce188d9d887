"""`isthmus personal`: the keys of personal data, and the ledger of erasures."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.running import run_with_stores
from app.settings import Settings

if TYPE_CHECKING:
    from app.personal.erased import Stores
    from app.personal.reapplying import Entry

app = typer.Typer(help="Keys of personal data, and erasures.", no_args_is_help=True)


@app.command()
def key() -> None:
    """Print a new key, for PERSONAL_DATA_KEYS or PERSONAL_INDEX_KEY."""
    from app.sealing import new_key

    typer.echo(new_key().decode())


@app.command()
def keys() -> None:
    """List the keys by name, with how many values each seals; a former key with none may go."""

    async def count(settings: Settings) -> list[str]:
        from app.personal.rotation import keys_in_use

        async with _stores(settings) as stores:
            found, ring = await keys_in_use(stores), stores.keyring.names
        roles = ["seals", *["opens"] * (len(ring) - 1)]
        lines = [
            f"{name.hex()}  {role}  {found.pop(name, 0):,} values"
            for name, role in zip(ring, roles, strict=True)
        ]
        return lines + [f"{name.hex()}  is missing  {n:,} values" for name, n in found.items()]

    for line in run_with_stores(Settings(), "isthmus personal keys", count):
        typer.echo(line)


@app.command()
def rotate() -> None:
    """Seal everything under the first key of PERSONAL_DATA_KEYS, while the server goes on."""

    async def run(settings: Settings) -> int:
        from app.personal.rotation import rotate

        async with _stores(settings) as stores:
            return await rotate(stores, lambda _: None)

    sealed = run_with_stores(Settings(), "isthmus personal rotate", run)
    typer.echo(f"Sealed {sealed:,} values anew. `isthmus personal keys` says which keys may go.")


@app.command()
def ledger() -> None:
    """Print the erasures, for a file that is kept apart from the backups."""

    async def read(settings: Settings) -> list["Entry"]:
        from app.personal.reapplying import read_ledger

        async with _stores(settings) as stores:
            return await read_ledger(stores)

    for entry in run_with_stores(Settings(), "isthmus personal ledger", read):
        typer.echo(entry.to_json())


@app.command()
def reapply(
    kept: Annotated[
        Path | None,
        typer.Option("--ledger", help="A file that `isthmus personal ledger` printed."),
    ] = None,
) -> None:
    """Erase again whom a restored backup still has, before the server starts."""
    lines = [] if kept is None else kept.read_text(encoding="utf-8").splitlines()

    async def run(settings: Settings) -> int:
        from app.personal.reapplying import entry_from_json, reapply

        done: list[Entry] = []
        entries = [entry_from_json(line) for line in lines if line.strip()]
        async with _stores(settings) as stores:
            await reapply(stores, entries, done.append)
        return len(done)

    count = run_with_stores(Settings(), "isthmus personal reapply", run)
    typer.echo(f"Applied {count:,} erasures again.")


@asynccontextmanager
async def _stores(settings: Settings) -> AsyncIterator["Stores"]:
    from app.services import open_services

    async with open_services(settings) as services:
        yield services.eraser.stores
