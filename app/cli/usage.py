"""`isthmus usage`: whether what is counted is what the log says."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CommandError
from app.cli.running import run_with_stores
from app.settings import Settings

if TYPE_CHECKING:
    from app.reports.recount import Difference

app = typer.Typer(help="Compare usage with the log, and count it anew.", no_args_is_help=True)

# Reading the whole log outlasts any request's time limit.
_PATIENCE = 3600.0
_SHOWN = 20


@app.callback()
def usage() -> None:
    """Compare usage with the log, and count it anew."""


@app.command()
def recount(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 1 if they differ.")
    ] = False,
) -> None:
    """Make every user's totals and months what the log says; messages are taken meanwhile."""
    found = run_with_stores(
        Settings(), "isthmus usage recount", lambda settings: _recount(settings, check=check)
    )
    lines = [
        f"user {d.user_id}, {d.period}: {d.found}, and should be {d.expected}"
        for d in found[:_SHOWN]
    ]
    if len(found) > _SHOWN:
        lines.append(f"… and {len(found) - _SHOWN:,} more")
    if check and found:
        raise CommandError("\n".join(["usage is not what the log says.", *lines]))
    typer.echo("\n".join(["Mended:", *lines]) if found else "Usage is what the log says.")


async def _recount(settings: Settings, *, check: bool) -> list["Difference"]:
    from app.reports import recount
    from app.stores.postgres import Postgres

    if settings.database_url is None:
        raise CommandError("DATABASE_URL is not set.")
    patient = settings.model_copy(update={"database_timeout": _PATIENCE})
    main = Postgres(settings.database_url, patient)
    try:
        found = await recount.differences(main)
        if not check:
            await recount.recount(main)
    finally:
        await main.close()
    return found
