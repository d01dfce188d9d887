"""Who may see whether somebody is online: whoever takes part in a conversation with them."""

from collections.abc import Sequence
from enum import Enum, auto

from sqlalchemy import ARRAY, Integer, any_, bindparam, select
from sqlalchemy.orm import aliased

from app.chat.models import ConversationMember
from app.errors import StoreUnavailable
from app.presence.backend import Backend
from app.stores.postgres import Postgres, Read
from app.viewer import Viewer


class Sight(Enum):
    """What a viewer is told of somebody.

    `UNKNOWN` is for what was last recorded: Redis does not answer.
    """

    ONLINE = auto()
    OFFLINE = auto()
    UNKNOWN = auto()
    HIDDEN = auto()


_MINE, _THEIRS = aliased(ConversationMember), aliased(ConversationMember)
_ACQUAINTED = Read(
    select(_THEIRS.user_id)
    .distinct()
    .join(_MINE, _MINE.conversation_id == _THEIRS.conversation_id)
    .where(
        _MINE.user_id == bindparam("me", type_=Integer),
        _THEIRS.user_id == any_(bindparam("ids", type_=ARRAY(Integer))),
        _MINE.removed_seq.is_(None),
        _THEIRS.removed_seq.is_(None),
    )
)


async def sights_of_users(backend: Backend, viewer: Viewer, ids: Sequence[int]) -> list[Sight]:
    """What the viewer is told of each of these users, in order; never fails for a store."""
    if viewer.user_id is None:
        return [Sight.HIDDEN] * len(ids)
    visible = await acquaintances(backend.main, viewer, ids)
    try:
        online = await backend.leases.online(list(visible))
    except StoreUnavailable:
        return [Sight.UNKNOWN if i in visible else Sight.HIDDEN for i in ids]
    shown = {i: Sight.ONLINE if i in online else Sight.OFFLINE for i in visible}
    return [shown.get(i, Sight.HIDDEN) for i in ids]


async def acquaintances(main: Postgres, viewer: Viewer, ids: Sequence[int]) -> set[int]:
    """Who of these takes part in a conversation with the viewer, and the viewer themselves."""
    others = [i for i in ids if i != viewer.user_id]
    visible = {i for i in ids if i == viewer.user_id}
    if others:
        try:
            rows = await main.fetch(_ACQUAINTED, me=viewer.user_id, ids=others)
        except StoreUnavailable:
            return visible  # rather nobody than somebody who must not be shown
        visible.update(row[0] for row in rows)
    return visible
