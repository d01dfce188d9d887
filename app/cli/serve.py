"""`isthmus serve`: the server as it runs in production, in as many processes as wanted."""

import gc
from typing import Annotated

import typer
from starlette.types import ASGIApp

from app.cli.errors import CommandError
from app.cli.listening import listen
from app.settings import Settings

_REQUIRED = ("database_url", "mongo_url", "redis_url")


def serve(
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Server processes; WORKERS by default.")
    ] = None,
) -> None:
    """Serve on HOST and PORT with the stores of the environment; refuses unsafe settings."""
    import uvicorn

    from app.api.server import uvicorn_options

    settings = Settings()
    refuse_unsafe(settings)
    with listen(settings.host, settings.port):
        pass  # only for its message: uvicorn opens its own, which its workers share
    uvicorn.run(
        "app.cli.serve:application",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=workers or settings.workers,
        loop="uvloop",
        log_level=settings.log_level,
        access_log=False,
        **uvicorn_options(settings),
    )


def application() -> ASGIApp:
    """The application of one server process, made there from the environment.

    What is loaded stays: the collector, which holds up every request, need not look at it again.
    """
    from app.main import create_app

    application = create_app(Settings())
    gc.collect()
    gc.freeze()
    return application


def refuse_unsafe(settings: Settings) -> None:
    """Check what would fail, or be dangerous, only once somebody uses it.

    Raises:
        CommandError: Everything that is wrong, in one message.
    """
    problems = [
        f"{name.upper()} is not set" for name in _REQUIRED if getattr(settings, name) is None
    ]
    if settings.environment == "production":
        problems += _unsafe_in_production(settings)
    if settings.trusted_documents is not None and not problems:
        problems += _bad_documents(settings)
    if problems:
        raise CommandError("not served: " + "; ".join(problems) + ".")


def _bad_documents(settings: Settings) -> list[str]:
    from app.main import create_app

    try:
        create_app(settings)
    except (OSError, ValueError) as error:
        return [f"TRUSTED_DOCUMENTS: {str(error).removesuffix('.')}"]
    return []


def _unsafe_in_production(settings: Settings) -> list[str]:
    from app.sealing import open_keyring
    from app.tokens import open_tokens

    problems = []
    try:
        open_tokens(settings)
    except ValueError:
        problems.append("AUTH_PRIVATE_KEY is not an Ed25519 private key in PEM")
    try:
        open_keyring(settings)
    except ValueError as error:
        problems.append(str(error))
    return problems
