"""Groups and one's invitations to them, live."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import Parent

from app.api.context import Info
from app.api.ids import global_id, uuid_of
from app.api.types import Group, GroupInvitation, GroupInvitationLink, GroupMember, User
from app.groups import following
from app.groups.facts import GroupFact
from app.groups.invitations import InvitationRecord, LinkRecord
from app.groups.queries import GroupRecord, MemberRecord
from app.groups.watching import invitation_changes
from app.users.queries import UserRecord

_OF_MEMBERS = {GroupFact.MEMBER_JOINED, GroupFact.MEMBER_CHANGED, GroupFact.MEMBER_LEFT}


@strawberry.type(description="Something that happened to a group.")
class GroupEvent:
    """Read off a `following.GroupEvent`."""

    cursor: str = strawberry.field(
        description="Where the stream stands: give it as `after` to go on from here."
    )
    kind: GroupFact = strawberry.field(description="What happened.")
    group: GroupRecord | None = strawberry.field(
        description="The group as it is now; null if you do not see it any more.",
        graphql_type=Group | None,
    )

    @strawberry.field(description="The group's id.")
    def group_id(self, root: Parent[following.GroupEvent]) -> strawberry.ID:
        return global_id("Group", root.group_id)

    @strawberry.field(
        description="Who joined, changed or left; null if nobody did, or the account is gone.",
        graphql_type=User | None,
    )
    async def user(self, root: Parent[following.GroupEvent], info: Info) -> UserRecord | None:
        if root.kind not in _OF_MEMBERS:
            return None
        return await info.context.loaders.user_by_id.load(int(root.subject))

    @strawberry.field(
        description="Their membership as it is now; null if they have none.",
        graphql_type=GroupMember | None,
    )
    async def member(self, root: Parent[following.GroupEvent], info: Info) -> MemberRecord | None:
        if root.kind not in _OF_MEMBERS:
            return None
        key = (root.group_id, int(root.subject))
        return await info.context.loaders.membership_of_user.load(key)

    @strawberry.field(
        description="The invitation that changed, as it is now; null if none did.",
        graphql_type=GroupInvitation | None,
    )
    async def group_invitation(
        self, root: Parent[following.GroupEvent], info: Info
    ) -> InvitationRecord | None:
        if root.kind is not GroupFact.INVITATION_CHANGED:
            return None
        return await info.context.loaders.invitation_by_id.load(UUID(root.subject))

    @strawberry.field(
        description="The link that changed, as it is now; null if none did.",
        graphql_type=GroupInvitationLink | None,
    )
    async def group_invitation_link(
        self, root: Parent[following.GroupEvent], info: Info
    ) -> LinkRecord | None:
        if root.kind is not GroupFact.LINK_CHANGED:
            return None
        return await info.context.loaders.link_by_id.load(UUID(root.subject))


@strawberry.type(description="Your open invitations are others than before.")
class GroupInvitationsEvent:
    """Tells who should look; what there is to see is asked of them."""

    @strawberry.field(
        description="You, with your `invitations` as they are now.", graphql_type=User | None
    )
    async def viewer(self, info: Info) -> UserRecord | None:
        return await info.context.loaders.user_by_id.load(info.context.viewer.require())


@strawberry.type
class GroupSubscriptions:
    """Streams."""

    @strawberry.subscription(
        description="Your open invitations to groups: an event at once, and one whenever they "
        "change.",
        graphql_type=GroupInvitationsEvent,
    )
    async def group_invitations(self, info: Info) -> AsyncIterator[GroupInvitationsEvent]:
        services = info.context.services
        changes = invitation_changes(services.main, services.bus, info.context.viewer)
        async with aclosing(changes):
            async for _ in changes:
                yield GroupInvitationsEvent()

    @strawberry.subscription(
        description="Everything that happens to a group that you see, in order: first what "
        "happened after the cursor, if one is given, then what happens from now on. It ends when "
        "you do not see the group any more.",
        graphql_type=GroupEvent,
    )
    async def group_events(
        self,
        info: Info,
        group_id: Annotated[strawberry.ID, strawberry.argument(description="The group's id.")],
        after: Annotated[
            str | None, strawberry.argument(description="Go on after the event with this cursor.")
        ] = None,
    ) -> AsyncIterator[following.GroupEvent]:
        services, viewer = info.context.services, info.context.viewer
        key = uuid_of(group_id, "Group", field=["groupId"])
        events = following.group_events(services.main, services.feeds, viewer, key, after)
        async with aclosing(events):
            async for event in events:
                yield event
