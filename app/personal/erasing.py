"""Erasing an account: asked for after a fresh sign-in, done step by step, and noted for ever."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update

from app.audit.commands import record
from app.audit.models import AUTH
from app.bus import Bus
from app.chat.store import MessageStore
from app.errors import Conflict, Forbidden, NotFound, StoreUnavailable
from app.personal.erased import Erased, Stores
from app.personal.models import Erasure
from app.personal.steps import LATE, STEPS
from app.sealing import Keyring
from app.settings import Settings
from app.stores.mongo import Mongo
from app.stores.postgres import Changing, Postgres
from app.tasks import stop
from app.users.accounts import Accounts
from app.users.models import SessionEnd, User, UserRole, UserSession
from app.viewer import Viewer

_log = logging.getLogger(__name__)

FRESH = timedelta(minutes=15)

_CLAIM = timedelta(minutes=5)  # for which a process has an erasure to itself
_PATIENCE = 600.0  # seconds for a statement that nobody waits for
_UNDER_WAY = timedelta(seconds=15)  # longer than any request may take
_LOOK = 30.0  # seconds between looks for erasures that another process has left
_NOW = func.clock_timestamp()
_E = Erasure.__table__.c
_U = User.__table__.c
_S = UserSession.__table__.c


async def request_erasure(accounts: Accounts, viewer: Viewer) -> datetime:
    """Close the viewer's account at once, and note that everything of theirs is to go.

    Returns:
        When that was; their session has ended with it.

    Raises:
        Unauthenticated: Nobody is signed in.
        Forbidden: They have not signed in within `FRESH`: whoever finds an open session must not
            be able to do this.
        Conflict: They are the last admin.
    """
    me = viewer.require()
    async with accounts.auth.begin() as tx:
        # All admins, in one order: two who leave at once must not be the last two.
        locked = select(_U.id, _U.public_id, _U.role).where(
            or_(_U.id == me, _U.role == UserRole.ADMIN), _U.deleted_at.is_(None)
        )
        rows = (await tx.execute(locked.order_by(_U.id).with_for_update())).all()
        user = next((row for row in rows if row.id == me), None)
        if user is None:
            raise NotFound("There is no such user.")
        open_ones = select(_S.id, _S.started_at).where(_S.user_id == me, _S.ended_at.is_(None))
        sessions = {row.id: row.started_at for row in await tx.execute(open_ones)}
        started_at = sessions.get(viewer.session_id)
        if started_at is None or datetime.now(UTC) - started_at > FRESH:
            raise Forbidden("Sign in again, and erase the account within 15 minutes of that.")
        if user.role is UserRole.ADMIN and not [row for row in rows if row.id != me]:
            raise Conflict("You are the last admin: let somebody else be one first.")
        made = insert(Erasure).values(user_id=me, public_id=user.public_id)
        requested_at: datetime = (await tx.execute(made.returning(_E.requested_at))).scalar_one()
        await tx.execute(update(User).where(_U.id == me).values(deleted_at=requested_at))
        await record(
            tx,
            viewer,
            "accountErase",
            "User",
            user.public_id,
            before={"deleted_at": None},
            after={"deleted_at": requested_at},
            trail=AUTH,
        )
    await accounts.guard.ended([(i, SessionEnd.DEACTIVATED) for i in sessions])
    return requested_at


async def erase_next(stores: Stores) -> bool:
    """Take up the oldest erasure that nobody works on, and go on with it.

    Returns:
        Whether there was one.

    Raises:
        StoreUnavailable: A store does not answer; what is left is done when it does.
        OperatorError: Its user's number is another's.
    """
    free = (
        select(_E.id)
        .where(_E.completed_at.is_(None), or_(_E.claimed_until.is_(None), _E.claimed_until < _NOW))
        .order_by(_E.requested_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    claim = update(Erasure).where(_E.id == free).values(claimed_until=_NOW + _CLAIM)
    async with stores.auth.begin() as tx:
        erasure_id = await tx.scalar(claim.returning(_E.id))
    if erasure_id is not None:
        await resume(stores, erasure_id)
    return erasure_id is not None


async def resume(stores: Stores, erasure_id: UUID, *, under_way: timedelta = _UNDER_WAY) -> None:
    """Do what is left to do of an erasure that this process has claimed.

    Args:
        stores: What knows the user.
        erasure_id: Which one.
        under_way: For how long after the account was closed something of theirs may still be; the
            last step waits for that, in a later call.

    Raises:
        StoreUnavailable: A store does not answer; what is left is done when it does.
        OperatorError: Its user's number is another's.
    """
    async with stores.auth.begin() as tx:
        row = (await tx.execute(select(*_E).where(_E.id == erasure_id))).one()
    for name, step in STEPS.items():
        if name == LATE and datetime.now(UTC) < row.requested_at + under_way:
            await _note(stores, row.id, {"claimed_until": row.requested_at + under_way})
            return
        if name not in row.steps:
            await step(stores, Erased(row.user_id, row.public_id))
            done = {"steps": func.array_append(_E.steps, name), "claimed_until": _NOW + _CLAIM}
            await _note(stores, row.id, done)
    await _note(stores, row.id, {"completed_at": _NOW, "claimed_until": None})
    _log.info("the account %s is erased", row.public_id)


async def _note(stores: Stores, erasure_id: UUID, values: dict[str, Any]) -> None:
    async with stores.auth.begin() as tx:
        await tx.execute(update(Erasure).where(_E.id == erasure_id).values(**values))


class Eraser:
    """Does in the background what was asked for, in this process or in one that has died.

    Args:
        stores: Patient ones: a step takes as long as it takes.
    """

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self._wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._run())]

    async def close(self) -> None:
        """Stop; another process goes on where this one was."""
        await stop(self._tasks)

    def wake(self) -> None:
        """Look now: somebody has asked."""
        self._wanted.set()

    async def _run(self) -> None:
        while True:
            self._wanted.clear()
            try:
                while await erase_next(self.stores):
                    pass
            except StoreUnavailable as error:
                _log.warning("%s; an erasure waits", error)
            except Exception:  # noqa: BLE001 - logged; the others do not wait for it
                _log.exception("an erasure failed; it is tried again")
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._wanted.wait()


@asynccontextmanager
async def open_eraser(
    settings: Settings,
    mongo: Mongo,
    chat: MessageStore,
    bus: Bus,
    keyring: Keyring,
    *,
    changing: Changing | None,
) -> AsyncIterator[Eraser]:
    """An eraser that works until the block ends, on connections of its own that have patience."""
    patient = settings.model_copy(update={"database_timeout": _PATIENCE, "database_pool_size": 1})
    main = Postgres(settings.database_url or "", patient, changing=changing)
    auth = Postgres(settings.auth_url or "", patient, changing=changing)
    eraser = Eraser(Stores(main, auth, mongo, chat, bus, keyring))
    eraser.start()
    try:
        yield eraser
    finally:
        await eraser.close()
        await main.close()
        await auth.close()
