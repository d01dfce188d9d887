"""Who was online, written down now and then: for reports, and for when Redis does not answer."""

import asyncio
import logging

from sqlalchemy import ARRAY, Integer, any_, bindparam, func, not_, update

from app.errors import StoreUnavailable
from app.presence.leases import Leases
from app.stores.postgres import Postgres
from app.users.models import User

_log = logging.getLogger(__name__)

_U = User.__table__.c
_ONLINE = _U.id == any_(bindparam("ids", type_=ARRAY(Integer)))
# Nobody has changed their profile by coming or going.
_CAME = (
    update(User).where(not_(_U.is_online), _ONLINE).values(is_online=True, updated_at=_U.updated_at)
)
_WENT = (
    update(User)
    .where(_U.is_online, not_(_ONLINE))
    .values(is_online=False, last_seen_at=func.now(), updated_at=_U.updated_at)
)


async def keep_snapshots(leases: Leases, auth: Postgres, interval: float) -> None:
    """Write it every so many seconds until cancelled; of all processes one does.

    Where Redis does not answer, what was written last stands.
    """
    while True:
        await asyncio.sleep(interval)
        try:
            if await leases.is_my_turn("snapshot", interval):
                await write_snapshot(leases, auth)
        except StoreUnavailable as error:
            _log.warning("who is online was not written down: %s", error)
        except Exception:  # noqa: BLE001 - logged, and tried again
            _log.exception("who is online was not written down")


async def write_snapshot(leases: Leases, auth: Postgres) -> None:
    """Write down who is online, and of those who went when that was seen.

    Raises:
        StoreUnavailable: A store does not answer.
    """
    ids = await leases.everybody()
    async with auth.begin() as tx:
        for change in (_CAME, _WENT):
            await tx.execute(change, {"ids": ids})
