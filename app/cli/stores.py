"""`isthmus stores`: the embedded stores by themselves; and how every other command gets at them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from app.settings import Settings

if TYPE_CHECKING:
    from app.embedded import StoreName

app = typer.Typer(help="Start, stop and look at the embedded stores.", no_args_is_help=True)

_FIELDS = ("database_url", "auth_database_url", "mongo_url", "redis_url")


@contextmanager
def with_stores(settings: Settings, purpose: str) -> Iterator[Settings]:
    """The settings with an address for every store: embedded ones stand in for those not set.

    Args:
        settings: As read from the environment; production gets nothing added.
        purpose: The command, for whoever waits for it.

    Raises:
        StoresError: An embedded store cannot be started.
    """
    missing: set[StoreName] = set()
    if settings.environment != "production":
        # With DATABASE_URL alone both databases are one, which is the embedded server's business
        # no more.
        if settings.database_url is None:
            missing.add("postgres")
        if settings.mongo_url is None:
            missing.add("mongo")
        if settings.redis_url is None:
            missing.add("redis")
    if not missing:
        yield settings
        return
    # Not before: a production image has no embedded stores.
    from app.embedded import use_stores

    with use_stores(settings.home, purpose, only=missing) as running:
        urls = {name: getattr(running.urls, name) for name in _FIELDS}
        yield settings.model_copy(
            update={
                name: url
                for name, url in urls.items()
                if url is not None and getattr(settings, name) is None
            }
        )


@app.command()
def up() -> None:
    """Start the embedded stores and leave them running; prints their addresses."""
    from app.embedded import hold_home, open_home, start_stores

    home = open_home(Settings().home)
    with hold_home(home, "isthmus stores up", lock="users", shared=True, wait=60):
        running = start_stores(home, keep=True)
    for name in _FIELDS:
        typer.echo(f"{name.upper()}={getattr(running.urls, name)}")


@app.command()
def down() -> None:
    """Stop the embedded stores; their data stay."""
    from app.embedded import stop_unused_stores

    stopped = stop_unused_stores(Settings().home, "isthmus stores down")
    typer.echo(f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running.")


@app.command()
def status() -> None:
    """Say which embedded stores run; exit code 3 unless all do."""
    from app.embedded import store_status

    found = store_status(Settings().home)
    for store in found:
        state = "not running"
        if store.pid is not None:
            state = f"{'ready' if store.ready else 'not ready'}, 127.0.0.1:{store.port}"
            state += f", process {store.pid}"
        typer.echo(f"{store.name:9} {state}  ({store.data})")
    if not all(store.ready for store in found):
        raise typer.Exit(3)
