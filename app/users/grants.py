"""What somebody is given when they have signed in: tokens that belong to their session.

A refresh token follows from the one before it, or from the code, under the server's secret: so a
lost reply can be given again though only hashes are stored.
"""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ids import new_id
from app.tokens import Tokens
from app.users.accounts import Accounts
from app.users.models import Token
from app.users.starting import Account
from app.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Grant:
    """The tokens of a session.

    Attributes:
        viewer: Whom the access token names.
    """

    viewer: Viewer
    access_token: str
    refresh_token: str
    expires_at: datetime


async def keep_refresh_token(
    tx: AsyncConnection,
    accounts: Accounts,
    account: Account,
    token: str,
    *,
    session_id: UUID,
    family_id: UUID,
    platform: str,
) -> None:
    """Store a refresh token's hash; the token itself is the client's alone."""
    lifetime = timedelta(seconds=accounts.settings.refresh_token_ttl)
    await tx.execute(
        insert(Token).values(
            id=new_id(),
            user_id=account.user_id,
            session_id=session_id,
            family_id=family_id,
            token_hash=hash_of(token),
            platform_type=platform,
            expire_at=datetime.now(UTC) + lifetime,
        )
    )


def grant(
    accounts: Accounts, account: Account, session_id: UUID, platform: str, refresh_token: str
) -> Grant:
    """The tokens, the access token fresh."""
    issued = accounts.tokens.issue(
        account.user_id,
        account.public_id,
        account.role,
        session_id=session_id,
        platform=platform,
    )
    viewer = accounts.tokens.verify(issued)
    if viewer.expires_at is None:
        raise TypeError("an access token must expire")
    return Grant(viewer, issued, refresh_token, viewer.expires_at)


def derived_token(tokens: Tokens, *source: object) -> str:
    """The opaque refresh token, of 256 bits, that follows from a source."""
    return urlsafe_b64encode(tokens.mac("refresh token", *source)).rstrip(b"=").decode()


def hash_of(token: str) -> bytes:
    """What is stored of a token: SHA-256, which is enough for 256 random bits."""
    return hashlib.sha256(token.encode()).digest()
