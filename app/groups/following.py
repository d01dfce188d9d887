"""A group's page as it changes, live."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from app.feeds.live import Feeds, fact_cursor
from app.groups.access import no_group
from app.groups.facts import GroupFact, group_feed
from app.groups.queries import GroupRecord, can_manage, groups_by_ids, memberships_of_viewer
from app.stores.postgres import Postgres
from app.viewer import Viewer

_FOR_MANAGERS = {GroupFact.INVITATION_CHANGED, GroupFact.LINK_CHANGED}


@dataclass(slots=True)
class GroupEvent:
    """Something that happened to a group.

    Attributes:
        group: As it is now; None where it is not to be seen any more.
        subject: The member's number, or the id of the invitation or the link.
    """

    group_id: UUID
    group: GroupRecord | None
    kind: GroupFact
    subject: str
    cursor: str


async def group_events(
    main: Postgres, feeds: Feeds, viewer: Viewer, group_id: UUID, after: str | None
) -> AsyncGenerator[GroupEvent, None]:
    """What happens to a group that the viewer sees; it ends when they do not see it any more.

    Invitations and links are told to those alone who manage the group.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group that the viewer sees.
        InvalidCursor: The cursor is of another list, or of a place that is not taken yet.
    """
    viewer.require()
    (group,) = await groups_by_ids(main, viewer, [group_id])
    if group is None:
        raise no_group(["groupId"])
    feed = group_feed(group_id)
    async with aclosing(feeds.follow(feed, after)) as batches:
        async for facts in batches:
            if not facts:
                continue
            (group,) = await groups_by_ids(main, viewer, [group_id])
            if group is None:
                cursor = fact_cursor(feed, facts[-1].seq)
                yield GroupEvent(group_id, None, GroupFact.CHANGED, "", cursor)
                return
            (membership,) = await memberships_of_viewer(main, viewer, [group_id])
            is_manager = can_manage(group, membership)
            for fact in facts:
                kind = GroupFact(fact.kind)
                if is_manager or kind not in _FOR_MANAGERS:
                    cursor = fact_cursor(feed, fact.seq)
                    yield GroupEvent(group_id, group, kind, fact.subject_id, cursor)
