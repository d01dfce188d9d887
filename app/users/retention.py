"""What proved who somebody was, for as long as it can still prove anything."""

from datetime import timedelta

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import JSONB

from app.stores.postgres import Postgres
from app.users.keys import IS_KEY
from app.users.models import SessionEnd, Token, UserSession, UserVerification

# A reused token is told from an unknown one, and a client key's retry from a new request.
_KEPT = timedelta(days=2)

_S = UserSession.__table__.c


async def forget_expired(auth: Postgres, idle: timedelta) -> None:
    """End the sessions that nobody can refresh any more, and forget old codes and tokens.

    Args:
        auth: Where they are.
        idle: How long a session goes on without being used: a refresh token's life.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    async with auth.begin() as tx:
        await tx.execute(
            update(UserSession)
            .where(_S.ended_at.is_(None), ~IS_KEY, _S.last_activity_at < func.now() - idle)
            .values(
                ended_at=func.now(),
                extra=_S["metadata"].concat(
                    func.jsonb_build_object("end", SessionEnd.EXPIRED.value, type_=JSONB)
                ),
            )
        )
        await tx.execute(
            delete(UserVerification).where(UserVerification.expire_at < func.now() - _KEPT)
        )
        await tx.execute(delete(Token).where(Token.expire_at < func.now() - _KEPT))
