"""A user's open invitations as they change.

What is published is a hint; the database is read for it, and now and then without one.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress

from app.bus import Bus
from app.errors import StoreUnavailable
from app.groups.invitations import InvitationOrder, invitations_by_users
from app.groups.inviting import invitations_channel
from app.paging import MAX_PAGE_SIZE, ListQuery, PageArgs
from app.stores.postgres import Postgres
from app.viewer import Viewer

_log = logging.getLogger(__name__)

_AGAIN = 10.0  # seconds, for a hint that was lost and an invitation that expires
_NEWEST = ListQuery(InvitationOrder.CREATED_AT, descending=True, args=PageArgs(MAX_PAGE_SIZE))


async def invitation_changes(
    main: Postgres, bus: Bus, viewer: Viewer
) -> AsyncGenerator[None, None]:
    """Yield at once, and whenever the viewer's open invitations are others than before.

    Raises:
        Unauthenticated: Nobody is signed in.
    """
    me = viewer.require()
    changed = asyncio.Event()
    listeners = {invitations_channel(me): lambda _: changed.set()}
    known = None
    try:
        await bus.listen(listeners)
        while True:
            changed.clear()
            try:
                (page,) = await invitations_by_users(main, viewer, [me], _NEWEST)
            except StoreUnavailable as error:
                _log.warning("a stream of invitations waits: %s", error)
            else:
                if page.items != known:
                    known = page.items
                    yield
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _AGAIN)
    finally:
        await bus.ignore(listeners)
