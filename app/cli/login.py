"""`isthmus login`: a development token, without a password."""

from typing import Annotated

import typer

from app.cli.errors import CommandError
from app.cli.running import run_with_stores
from app.settings import Settings


def login(email: Annotated[str, typer.Argument(help="Of an existing user.")]) -> None:
    """Print an access token for a user, in development only."""
    settings = Settings()
    if settings.environment == "production":
        raise CommandError("`isthmus login` is for development: production users sign in.")
    token = run_with_stores(settings, "isthmus login", lambda complete: token_for(complete, email))
    typer.echo(token)


async def token_for(settings: Settings, email: str) -> str:
    """An access token for the user with that address, whatever its case.

    Raises:
        CommandError: There is no such user, or not an active one.
        StoreUnavailable: The auth database does not answer.
    """
    from sqlalchemy import bindparam, func, select

    from app.stores.postgres import Postgres, Read
    from app.tokens import open_tokens
    from app.users.models import User

    if settings.auth_url is None:
        raise CommandError("AUTH_DATABASE_URL is not set.")
    by_email = Read(
        select(User.id, User.public_id, User.role).where(
            func.lower(User.email) == func.lower(bindparam("email", type_=User.email.type)),
            User.is_active,
            User.deleted_at.is_(None),
        )
    )
    store = Postgres(settings.auth_url, settings)
    try:
        rows = await store.fetch(by_email, email=email)
    finally:
        await store.close()
    if not rows:
        raise CommandError(f"No active user has the address {email}.")
    user_id, public_id, role = rows[0]
    return open_tokens(settings).issue(user_id, public_id, role)
