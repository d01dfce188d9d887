"""The command line. Each command imports what it needs when it runs, so that help comes at once."""

import signal
import sys
from importlib.metadata import version
from types import FrameType
from typing import Annotated

import typer

from app.cli import (
    audit,
    dev,
    indexes,
    log,
    login,
    migrate,
    personal,
    schema,
    seed,
    serve,
    stores,
    usage,
)

cli = typer.Typer(
    name="isthmus",
    help="One GraphQL API over PostgreSQL and MongoDB, with live subscriptions over Redis.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
cli.command("dev")(dev.dev)
cli.command("serve")(serve.serve)
cli.add_typer(migrate.app, name="migrate")
cli.command("seed")(seed.seed)
cli.add_typer(schema.app, name="schema")
cli.command("login")(login.login)
cli.add_typer(stores.app, name="stores")
cli.add_typer(audit.app, name="audit")
cli.add_typer(personal.app, name="personal")
cli.add_typer(usage.app, name="usage")
cli.add_typer(log.app, name="log")
cli.command("indexes")(indexes.indexes)


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"isthmus {version('isthmus')}")
        raise typer.Exit


@cli.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command."""


def main() -> None:
    """Run the command of this process."""
    # Ended by kill or by a closed terminal, a command cleans up as it does after Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    run(sys.argv[1:])


def run(arguments: list[str]) -> None:
    """Run a command; an expected failure is one sentence on stderr and exit code 1.

    Raises:
        SystemExit: Always, with the exit code.
    """
    try:
        cli(arguments)
    except Exception as error:
        sentence = _explain(error)
        if sentence is None:
            raise
        sys.stderr.write(f"isthmus: {sentence}\n")
        sys.exit(1)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _explain(error: Exception) -> str | None:
    """What an expected error says to the person at the terminal; None for a fault of ours."""
    from pydantic import ValidationError

    from app.errors import DomainError, OperatorError

    if isinstance(error, ValidationError) and error.title == "Settings":
        # Not its own text, which repeats the values: some are secrets.
        problems = error.errors(include_input=False, include_url=False)
        return "\n".join(
            f"{'_'.join(map(str, problem['loc'])).upper() or 'settings'}: {problem['msg']}"
            for problem in problems
        )
    if isinstance(error, (OperatorError, DomainError)):
        return str(error)
    return None
