"""`isthmus login`: a development token, without a password."""

from typing import Annotated

import typer

from app.cli.errors import CommandError
from app.cli.running import run_with_stores
from app.settings import Settings

_HOURS = 12  # a working day


def login(email: Annotated[str, typer.Argument(help="Of an existing user.")]) -> None:
    """Print an access token for a user, in development only."""
    settings = Settings()
    if settings.environment == "production":
        raise CommandError("`isthmus login` is for development: production users sign in.")
    token = run_with_stores(settings, "isthmus login", lambda complete: token_for(complete, email))
    typer.echo(token)


async def token_for(settings: Settings, email: str) -> str:
    """An access token for the user with that address, whatever its case, in a session of its own.

    Raises:
        CommandError: There is no such user, or not an active one.
        StoreUnavailable: The auth database does not answer.
    """
    from datetime import timedelta
    from uuid import uuid4

    from sqlalchemy import select

    from app.sealing import open_keyring
    from app.stores.postgres import Postgres
    from app.tokens import open_tokens
    from app.users.models import User, UserStatus
    from app.users.personal import email_index
    from app.users.starting import Account, Device, start_session
    from app.viewer import NOWHERE

    if settings.auth_url is None:
        raise CommandError("AUTH_DATABASE_URL is not set.")
    platform = settings.platforms[0]
    by_email = select(User.id, User.public_id, User.role).where(
        User.email_index == email_index(open_keyring(settings), email),
        User.is_active,
        User.status != UserStatus.INACTIVE,
        User.deleted_at.is_(None),
    )
    store = Postgres(settings.auth_url, settings)
    try:
        async with store.begin() as tx:
            row = (await tx.execute(by_email)).first()
            if row is None:
                raise CommandError(f"No active user has the address {email}.")
            account = Account(row.id, row.public_id, row.role.value)
            session_id = await start_session(
                tx,
                account,
                platform,
                origin=NOWHERE,
                device=Device("isthmus login"),
                key=f"login:{uuid4()}",
            )
    finally:
        await store.close()
    return open_tokens(settings).issue(
        account.user_id,
        account.public_id,
        account.role,
        session_id=session_id,
        platform=platform,
        lifetime=timedelta(hours=_HOURS),
    )
