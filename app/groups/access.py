"""Who sees a group, and the one door by which a command comes to it.

A public group is seen by everybody signed in, unless a private group stands above it: then by the
members of the nearest one. A private group is seen by its members and by whom it has invited. A
deleted group is seen by who belonged to it. Admins of the system see all that is not deleted.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import NotFound
from app.groups.models import Group, GroupInvitation, GroupMember, GroupRole, GroupVisibility
from app.viewer import Viewer

MANAGERS = frozenset({GroupRole.OWNER, GroupRole.ADMIN})

_G = Group.__table__.c
_MEMBERS = GroupMember.__table__.alias("seeing_members")
_INVITATIONS = GroupInvitation.__table__.alias("seeing_invitations")

IS_ALIVE = _G.deleted_at.is_(None)


def _belongs(group_id: ColumnElement[Any], user: str) -> ColumnElement[bool]:
    is_theirs = _MEMBERS.c.group_id == group_id, _MEMBERS.c.user_id == bindparam(user)
    return exists().where(*is_theirs).correlate(Group.__table__)


_IS_INVITED = (
    exists()
    .where(
        _INVITATIONS.c.group_id == _G.id,
        _INVITATIONS.c.user_id == bindparam("seen_by"),
        _INVITATIONS.c.answer.is_(None),
        _INVITATIONS.c.expires_at > func.now(),
    )
    .correlate(Group.__table__)
)
# By the name of the parameter that takes the viewer's number. What costs least is asked first.
SEEN: dict[str, ColumnElement[bool]] = {
    "seen_by": or_(
        and_(
            IS_ALIVE,
            # A constant and not a parameter: the planner then knows how common it is.
            _G.visibility == literal_column(f"'{GroupVisibility.PUBLIC}'"),
            or_(_G.enclosing_id.is_(None), _belongs(_G.enclosing_id, "seen_by")),
        ),
        _belongs(_G.id, "seen_by"),
        and_(IS_ALIVE, _IS_INVITED),
    ),
    "seen_by_admin": or_(IS_ALIVE, _belongs(_G.id, "seen_by_admin")),
}


def seeing(viewer: Viewer) -> str:
    """The name in `SEEN` of what shows the viewer what they may see."""
    return "seen_by_admin" if viewer.role == "admin" else "seen_by"


async def enter(
    tx: AsyncConnection, viewer: Viewer, group_id: UUID, field: list[str]
) -> tuple[RowMapping, GroupRole | None]:
    """A group's row, locked to the transaction's end, and the viewer's role in it.

    Raises:
        NotFound: There is no such group, or the viewer does not see it.
    """
    group = await lock_group(tx, group_id, field)
    name = seeing(viewer)
    # A statement of its own: it sees what was done while the lock was waited for.
    is_seen = select(_G.id).where(_G.id == group_id, SEEN[name])
    if (await tx.execute(is_seen, {name: viewer.user_id})).first() is None:
        raise no_group(field)
    return group, await role_in(tx, group_id, viewer.require())


async def lock_group(tx: AsyncConnection, group_id: UUID, field: list[str]) -> RowMapping:
    """A group's row, locked to the transaction's end, whoever may see it.

    Raises:
        NotFound: There is no such group.
    """
    # FOR NO KEY UPDATE: messages that name the group by foreign key need not wait.
    statement = select(*_G).where(_G.id == group_id, IS_ALIVE)
    found = (await tx.execute(statement.with_for_update(key_share=True))).mappings().first()
    if found is None:
        raise no_group(field)
    return found


async def role_in(tx: AsyncConnection, group_id: UUID, user_id: int) -> GroupRole | None:
    """What a user is in a group; None if they do not belong to it."""
    statement = select(GroupMember.role).where(*is_member(group_id, user_id))
    return (await tx.execute(statement)).scalar()


def is_member(group_id: UUID, user_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The condition on the row of a membership."""
    return GroupMember.group_id == group_id, GroupMember.user_id == user_id


def no_group(field: list[str]) -> NotFound:
    """What is said of a group that there is not, or that the viewer does not see."""
    return NotFound("There is no such group.", field=field)
