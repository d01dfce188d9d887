"""What happens to a group, as its feed has it: written with the change, told after the commit."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.feeds.log import append
from app.viewer import Viewer


class GroupFact(StrEnum):
    """What can happen to a group; the last says that too much has happened to be told."""

    CHANGED = "changed"
    MEMBER_JOINED = "member_joined"
    MEMBER_CHANGED = "member_changed"
    MEMBER_LEFT = "member_left"
    INVITATION_CHANGED = "invitation_changed"
    LINK_CHANGED = "link_changed"
    DELETED = "deleted"
    REFETCH_NEEDED = "refetch_needed"


def group_feed(group_id: UUID) -> str:
    """The feed of what happens to a group."""
    return f"group:{group_id.hex}"


async def tell(
    tx: AsyncConnection,
    viewer: Viewer | None,
    group_id: UUID,
    fact: GroupFact,
    subject: int | UUID | None = None,
) -> None:
    """Add to a group's feed.

    Args:
        tx: Holds already what it changes of the group, so that nobody waits in a ring.
        viewer: Who did it.
        group_id: To which group.
        fact: What.
        subject: The member, the invitation or the link.
    """
    actor = None if viewer is None else viewer.user_id
    await append(tx, group_feed(group_id), fact, "" if subject is None else str(subject), actor)
