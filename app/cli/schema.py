"""`isthmus schema`: the graph in the schema language, and whether a change of it breaks clients."""

import shutil
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from app.cli.errors import CommandError

app = typer.Typer(
    help="Print the GraphQL schema, or check the committed one.", no_args_is_help=True
)

_FILE = Path("schema.graphql")
# A breaking change is declared by its description standing in here.
_DECLARATIONS = Path("CHANGELOG.md")


@app.command("print")
def print_schema(
    to: Annotated[Path | None, typer.Option(help="A file; standard output by default.")] = None,
) -> None:
    """Print the schema that the server serves."""
    from app.api.sdl import print_sdl

    if to is None:
        typer.echo(print_sdl(), nl=False)
    else:
        to.write_text(print_sdl(), encoding="utf-8")


@app.command()
def check(
    against: Annotated[
        str | None, typer.Option(help="The commit to compare with; the last other one by default.")
    ] = None,
) -> None:
    """Check that schema.graphql is current and that what it breaks is declared in CHANGELOG.md."""
    from app.api.sdl import breaking_changes, print_sdl

    served = print_sdl()
    committed = _FILE.read_text(encoding="utf-8") if _FILE.exists() else ""
    if served != committed:
        raise CommandError(f"{_FILE} is not what the server serves: run `make schema`.")
    before = _earlier_schema(served, against)
    if before is None:
        typer.echo(f"{_FILE} is current; there is no earlier one to compare with.")
        return
    declared = _DECLARATIONS.read_text(encoding="utf-8") if _DECLARATIONS.exists() else ""
    undeclared = [change for change in breaking_changes(before, served) if change not in declared]
    if undeclared:
        raise CommandError(
            f"these changes break clients; undo them, or declare each in {_DECLARATIONS} word for "
            "word:\n  " + "\n  ".join(undeclared)
        )
    typer.echo(f"{_FILE} is current and breaks nothing that is not declared.")


def _earlier_schema(served: str, against: str | None) -> str | None:
    """The schema of a commit; by default of the last one whose schema differs from what is served.

    Raises:
        CommandError: The commit that was asked for has none.
    """
    if against is not None:
        found = _git("show", f"{against}:{_FILE}")
        if found is None:
            raise CommandError(f"{against} is no commit with a {_FILE}.")
        return found
    commits = _git("log", "-2", "--format=%H", "--", str(_FILE)) or ""
    earlier = (_git("show", f"{commit}:{_FILE}") for commit in commits.split())
    return next((schema for schema in earlier if schema is not None and schema != served), None)


def _git(*arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    result = subprocess.run(  # noqa: S603 - fixed words and a commit's name
        [git, *arguments], capture_output=True, check=False, text=True
    )
    return result.stdout if result.returncode == 0 else None
