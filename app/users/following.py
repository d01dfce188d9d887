"""Accounts as they change, live: what is published is a hint, and the database tells."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress

from sqlalchemy import Integer, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.bus import Bus
from app.errors import StoreUnavailable
from app.stores.postgres import Postgres, Read, publish_after_commit
from app.users.models import User, UserSession
from app.viewer import Viewer

_log = logging.getLogger(__name__)

_LOOK = 30.0  # seconds, for a hint that was lost
_U, _S = User.__table__.c, UserSession.__table__.c
# Sessions come and go one by one: as many with the same newest one are the same.
_OPEN = (
    select(func.count(), func.max(_S.started_at))
    .where(_S.user_id == bindparam("me", type_=Integer), _S.ended_at.is_(None))
    .subquery()
)
_STATE = Read(select(_U.updated_at, _OPEN).where(_U.id == bindparam("me", type_=Integer)))


def profile_channel(user_id: int) -> str:
    """Where it is published that others see somebody's profile changed."""
    return f"profile:{user_id}"


def tell_account(tx: AsyncConnection, user_id: int, *, is_profile: bool = False) -> None:
    """Tell, after the commit, of a change of somebody's account.

    Args:
        tx: A transaction on the auth database.
        user_id: Whose devices are told.
        is_profile: Whether it is of what others see, who are then told too.
    """
    publish_after_commit(tx, _channel(user_id), b"")
    if is_profile:
        publish_after_commit(tx, profile_channel(user_id), b"")


async def account_changes(auth: Postgres, bus: Bus, viewer: Viewer) -> AsyncGenerator[None, None]:
    """Yield at once, and whenever the viewer's account or sessions are others than before.

    Raises:
        Unauthenticated: Nobody is signed in.
        StoreUnavailable: They cannot be read as the stream begins.
    """
    me = viewer.require()
    changed = asyncio.Event()
    listeners = {_channel(me): lambda _: changed.set()}
    known = None
    try:
        await bus.listen(listeners)
        while True:
            changed.clear()
            try:
                state = await auth.fetch(_STATE, me=me)
            except StoreUnavailable as error:
                if known is None:
                    raise
                _log.warning("a stream of an account waits: %s", error)
            else:
                if state != known:
                    known = state
                    yield
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _LOOK)
    finally:
        await bus.ignore(listeners)


def _channel(user_id: int) -> str:
    return f"account:{user_id}"
