"""`isthmus dev`: everything that a developer needs, started by one command and gone with it."""

import asyncio
import signal
import socket
from contextlib import suppress

import typer

from app.cli.listening import listen
from app.cli.login import token_for
from app.cli.stores import with_stores
from app.settings import Settings


def dev() -> None:
    """Start the stores, migrate and seed them, and serve on 127.0.0.1:8000 (PORT=)."""
    from app.cli.errors import CommandError
    from app.embedded import hold_home, open_home

    settings = Settings()
    if settings.environment == "production":
        raise CommandError("`isthmus dev` is for development: use `isthmus serve`.")
    # Ctrl-C is how it ends, and no failure.
    with suppress(KeyboardInterrupt):
        home = open_home(settings.home)
        with hold_home(home, "isthmus dev"), listen(settings.host, settings.port) as listener:
            typer.echo("Starting the stores ...")
            with with_stores(settings, "isthmus dev") as complete:
                token = asyncio.run(_prepare(complete))
                _serve(complete, listener, token)
    typer.echo("Stopped.")


async def _prepare(settings: Settings) -> str:
    """Bring the stores up to date; returns a demo user's access token."""
    from app.migrations import migrate_up
    from app.seeds import seed_demo

    await migrate_up(settings)
    return await token_for(settings, await seed_demo(settings))


def _serve(settings: Settings, listener: socket.socket, token: str) -> None:
    import uvicorn

    from app.api import demo, explorer
    from app.api.server import uvicorn_options
    from app.main import create_app

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            # A closed terminal ends it as orderly as Ctrl-C does, which uvicorn sees to by itself.
            signal.signal(signal.SIGHUP, self.handle_exit)
            await super().startup(sockets)
            typer.echo(_welcome(listener, explorer.PAGE_PATH, demo.PAGE_PATH, token))

    config = uvicorn.Config(
        create_app(settings),
        loop="uvloop",
        log_level=settings.log_level,
        access_log=False,
        **uvicorn_options(settings),
    )
    Server(config).run([listener])


def _welcome(listener: socket.socket, explorer: str, demo: str, token: str) -> str:
    host, port = listener.getsockname()[:2]
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return (
        f"\n  Explorer   http://{authority}{explorer}\n"
        f"  Chat       http://{authority}{demo}\n"
        f"  GraphQL    http://{authority}/graphql\n"
        f"  WebSocket  ws://{authority}/graphql\n"
        f"  Token      Authorization: Bearer {token}\n\n"
        "Ctrl-C stops it.\n"
    )
