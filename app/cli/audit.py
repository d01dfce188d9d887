"""`isthmus audit`: whether the trail is what was written, and what vouches for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CommandError
from app.cli.running import run_with_stores
from app.settings import Settings

if TYPE_CHECKING:
    from app.audit.checkpoints import Checkpoint
    from app.audit.models import Trail
    from app.audit.verification import Verdict
    from app.stores.postgres import Postgres

app = typer.Typer(
    help="Verify the audit, sign where it stands, drop old months.", no_args_is_help=True
)

# Reading a long chain outlasts any request's time limit.
_PATIENCE = 3600.0


@app.command()
def verify(
    against: Annotated[
        Path | None,
        typer.Option(help="A file of checkpoints that `isthmus audit checkpoint` printed before."),
    ] = None,
) -> None:
    """Check every change against its chain and its checkpoints; exit code 1 at the first fault."""
    kept = [] if against is None else against.read_text(encoding="utf-8").splitlines()
    found = run_with_stores(
        Settings(), "isthmus audit verify", lambda settings: _verify(settings, kept)
    )
    for verdict in found:
        if verdict.fault is None:
            typer.echo(_describe(verdict))
    faults = [f"{verdict.trail}: {verdict.fault}" for verdict in found if verdict.fault]
    if faults:
        raise CommandError("\n".join(["the audit is not what was written.", *faults]))


@app.command()
def checkpoint() -> None:
    """Sign where the chains stand; keep what it prints out of the databases' reach."""

    async def sign(settings: Settings) -> list["Checkpoint"]:
        from app.audit.checkpoints import read_checkpoints, write_checkpoint
        from app.tokens import signing_key

        made = []
        async with _trails(settings) as trails:
            for trail, own, other in trails:
                await write_checkpoint(trail, own, other, signing_key(settings))
                made.append((await read_checkpoints(trail, other))[-1])
        return made

    for made in run_with_stores(Settings(), "isthmus audit checkpoint", sign):
        typer.echo(made.to_json())


@app.command()
def prune(
    before: Annotated[
        datetime, typer.Option(formats=["%Y-%m"], help="The first month to keep, such as 2026-01.")
    ],
) -> None:
    """Drop the changes of the months before; verifies first, and signs what is dropped."""
    month = before.replace(tzinfo=UTC)
    if month > datetime.now(UTC):
        raise CommandError(f"{before:%Y-%m} is yet to come: keep at least this month.")

    async def drop(settings: Settings) -> list[str]:
        from app.migrations.retention import drop_months
        from app.tokens import signing_key

        faults = [verdict for verdict in await _verify(settings, []) if verdict.fault]
        if faults:
            raise CommandError("the audit is not what was written: run `isthmus audit verify`.")
        async with _trails(settings) as trails:
            key = signing_key(settings)
            dropped = [await drop_months(*trail, key, month) for trail in trails]
        return [name for names in dropped for name in names]

    names = run_with_stores(Settings(), "isthmus audit prune", drop)
    typer.echo(f"Dropped {', '.join(names)}." if names else "There is nothing so old.")


async def _verify(settings: Settings, lines: list[str]) -> list["Verdict"]:
    from app.audit.checkpoints import checkpoint_from_json
    from app.audit.verification import verify_trail
    from app.tokens import public_keys

    kept = [checkpoint_from_json(line) for line in lines if line.strip()]
    keys = public_keys(settings)
    async with _trails(settings) as trails:
        return [
            await verify_trail(
                trail, own, other, keys, kept=[c for c in kept if c.trail == trail.name]
            )
            for trail, own, other in trails
        ]


def _describe(verdict: "Verdict") -> str:
    unsigned = verdict.links - verdict.signed
    return (
        f"{verdict.trail}: {verdict.links:,} changes follow from each other,"
        f" {verdict.pruned:,} of them dropped with their months;"
        f" {verdict.checkpoints:,} checkpoints agree; {unsigned:,} changes came after the last."
    )


@asynccontextmanager
async def _trails(
    settings: Settings,
) -> AsyncIterator[list[tuple["Trail", "Postgres", "Postgres"]]]:
    from app.audit.models import AUTH, MAIN
    from app.stores.postgres import Postgres

    if settings.database_url is None or settings.auth_url is None:
        raise CommandError("DATABASE_URL is not set.")
    patient = settings.model_copy(update={"database_timeout": _PATIENCE})
    main, auth = Postgres(settings.database_url, patient), Postgres(settings.auth_url, patient)
    try:
        yield [(MAIN, main, auth), (AUTH, auth, main)]
    finally:
        await main.close()
        await auth.close()
