"""Groups below groups, as a server has channels: how deep, how many, and what hides them.

Every change of the tree's shape holds one lock: two moves that are right by themselves could make
a ring together. Moves are rare, and nothing else waits for them.
"""

from uuid import UUID

from sqlalchemy import CTE, RowMapping, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Conflict
from app.groups.models import Group, GroupMember, GroupVisibility

MAX_DEPTH = 5  # levels, the uppermost included
MAX_BELOW = 500  # groups below one that is below none

_LOCK = 0x67726F757073  # "groups"
_G = Group.__table__.c
_M = GroupMember.__table__.c

# `enclosing_id` of a group and all below it, as the visibility of those above now has it.
_ENCLOSE = text(
    """
    WITH RECURSIVE below (id, visibility, enclosing_id) AS (
      SELECT g.id, g.visibility,
        CASE WHEN parent.visibility = 'private' THEN parent.id ELSE parent.enclosing_id END
      FROM groups AS g LEFT JOIN groups AS parent ON parent.id = g.parent_id
      WHERE g.id = :group_id
      UNION ALL
      SELECT child.id, child.visibility,
        CASE WHEN below.visibility = 'private' THEN below.id ELSE below.enclosing_id END
      FROM below JOIN groups AS child ON child.parent_id = below.id
      WHERE child.deleted_at IS NULL
    )
    UPDATE groups SET enclosing_id = below.enclosing_id FROM below
    WHERE groups.id = below.id AND groups.enclosing_id IS DISTINCT FROM below.enclosing_id
    RETURNING groups.id
    """
)


async def lock_tree(tx: AsyncConnection, *, shared: bool = False) -> None:
    """Keep the tree's shape as it is; change it only if the lock is not shared.

    To be taken before a conversation's head and a group's row.
    """
    take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    await tx.execute(select(take(_LOCK)))


async def check_place(
    tx: AsyncConnection, parent_id: UUID, *, moved: UUID | None, field: list[str]
) -> None:
    """See that a group may stand below another.

    Args:
        tx: Holds the tree's lock.
        parent_id: What it is to stand below.
        moved: The group, with all below it; None for a new one.
        field: The argument at fault.

    Raises:
        Conflict: It would stand below itself, too deep, or among too many.
    """
    above = _above(parent_id)
    ancestors = (await tx.execute(select(above.c.id).order_by(above.c.depth))).scalars().all()
    if moved in ancestors:
        raise Conflict("A group cannot stand below itself.", field=field)
    levels, count = (1, 1) if moved is None else await _extent(tx, moved)
    if len(ancestors) + levels > MAX_DEPTH:
        raise Conflict(f"Groups stand at most {MAX_DEPTH} levels deep.", field=field)
    _, known = await _extent(tx, ancestors[-1])
    if known + count > MAX_BELOW + 1:
        raise Conflict(f"At most {MAX_BELOW} groups stand below one.", field=field)


async def enclose(tx: AsyncConnection, group_id: UUID) -> list[UUID]:
    """Note what hides a group and all below it, after a change above or of its visibility.

    Returns:
        Those that something else hides than before.
    """
    return list(await tx.scalars(_ENCLOSE, {"group_id": group_id}))


def enclosing_below(parent: RowMapping) -> UUID | None:
    """The nearest private group for what stands directly below a group."""
    is_private = parent["visibility"] is GroupVisibility.PRIVATE
    enclosing: UUID | None = parent["id"] if is_private else parent["enclosing_id"]
    return enclosing


async def memberships_below(tx: AsyncConnection, group_id: UUID, user_id: int) -> list[UUID]:
    """The groups below one that a user belongs to, from the top down."""
    below = _below(group_id)
    statement = (
        select(below.c.id)
        .join(GroupMember, (_M.group_id == below.c.id) & (_M.user_id == user_id))
        .where(below.c.depth > 0)
        .order_by(below.c.depth, below.c.id)
    )
    return list((await tx.execute(statement)).scalars())


async def _extent(tx: AsyncConnection, group_id: UUID) -> tuple[int, int]:
    """How many levels a group and all below it have, and how many groups they are."""
    below = _below(group_id)
    row = (await tx.execute(select(func.max(below.c.depth) + 1, func.count()))).one()
    return row[0], row[1]


def _below(group_id: UUID) -> CTE:
    """A group and all below it, each with its distance."""
    start = select(_G.id, literal(0).label("depth")).where(_G.id == group_id)
    below = start.cte("below", recursive=True)
    child = Group.__table__.alias("child")
    further = select(child.c.id, below.c.depth + 1).where(
        child.c.parent_id == below.c.id, child.c.deleted_at.is_(None)
    )
    return below.union_all(further)


def _above(group_id: UUID) -> CTE:
    """A group and all above it, each with its distance."""
    start = select(_G.id, _G.parent_id, literal(0).label("depth")).where(_G.id == group_id)
    above = start.cte("above", recursive=True)
    parent = Group.__table__.alias("parent")
    further = select(parent.c.id, parent.c.parent_id, above.c.depth + 1).where(
        parent.c.id == above.c.parent_id
    )
    return above.union_all(further)
