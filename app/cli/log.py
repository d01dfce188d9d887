"""`isthmus log`: whether both stores hold the same conversations."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CommandError
from app.cli.running import run_with_stores
from app.settings import Settings

if TYPE_CHECKING:
    from app.chat.verification import Difference

app = typer.Typer(help="Compare the two copies of the conversations.", no_args_is_help=True)

# Adding up a long log outlasts any request's time limit.
_PATIENCE = 3600.0
_SHOWN = 20


@app.callback()
def log() -> None:
    """Compare the two copies of the conversations."""


@app.command()
def verify(
    full: Annotated[
        bool, typer.Option("--full", help="Compare every message's words, and not sums alone.")
    ] = False,
    mend: Annotated[
        bool, typer.Option("--mend", help="Let MongoDB hold what PostgreSQL does.")
    ] = False,
) -> None:
    """Compare the stores' logs while messages go on; exit code 1 if they differ, and still do."""
    mended, left = run_with_stores(
        Settings(),
        "isthmus log verify",
        lambda settings: _verify(settings, full=full, mend=mend),
    )
    if mended:
        typer.echo("\n".join(["Mended:", *_lines(mended)]))
    if left:
        raise CommandError("\n".join(["the stores' logs differ.", *_lines(left)]))
    typer.echo("Both stores hold the same log.")


def _lines(differences: list["Difference"]) -> list[str]:
    lines = [f"{d.conversation_id} at {d.seq} {d.fault}" for d in differences[:_SHOWN]]
    more = len(differences) - _SHOWN
    return [*lines, f"… and {more:,} more"] if more > 0 else lines


async def _verify(
    settings: Settings, *, full: bool, mend: bool
) -> tuple[list["Difference"], list["Difference"]]:
    from app.chat.verification import LogVerifier
    from app.stores.mongo import Mongo
    from app.stores.postgres import Postgres

    if settings.database_url is None or settings.mongo_url is None:
        raise CommandError("DATABASE_URL or MONGO_URL is not set.")
    patience = {"database_timeout": _PATIENCE, "mongo_timeout": _PATIENCE}
    patient = settings.model_copy(update=patience)
    main, mongo = Postgres(settings.database_url, patient), Mongo(settings.mongo_url, patient)
    mended: list[Difference] = []
    left: list[Difference] = []
    try:
        verifier = LogVerifier(main, mongo)
        async for difference in verifier.differences(full=full):
            is_mended = mend and await verifier.mend(difference)
            (mended if is_mended else left).append(difference)
    finally:
        await main.close()
        await mongo.close()
    return mended, left
