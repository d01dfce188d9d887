"""Ways into a group: invitations of one user, and links for whoever has them."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry import Parent

from app.api.context import Info
from app.api.types import ring
from app.api.types.node import Node, id_of
from app.groups.invitations import InvitationRecord, InvitationState, LinkRecord
from app.groups.queries import GroupRecord
from app.users.queries import UserRecord


@strawberry.type(description="That somebody is invited to a group: for them and its managers.")
class GroupInvitation(Node):
    """Read off an `InvitationRecord`."""

    id: strawberry.ID = id_of("GroupInvitation")
    state: InvitationState = strawberry.field(description="How far it is.")
    created_at: datetime = strawberry.field(description="When they were first invited.")
    expires_at: datetime = strawberry.field(description="Until when it can be accepted.")

    @strawberry.field(
        description="To which group; null if you do not see it, or no longer.",
        graphql_type=ring.Group | None,
    )
    async def group(self, root: Parent[InvitationRecord], info: Info) -> GroupRecord | None:
        return await info.context.loaders.group_by_id.load(root.group_id)

    @strawberry.field(
        description="Who is invited; null if the account is gone.", graphql_type=ring.User | None
    )
    async def user(self, root: Parent[InvitationRecord], info: Info) -> UserRecord | None:
        return await info.context.loaders.user_by_id.load(root.user_id)

    @strawberry.field(
        description="Who invites; null if the account is gone.", graphql_type=ring.User | None
    )
    async def inviter(self, root: Parent[InvitationRecord], info: Info) -> UserRecord | None:
        return await info.context.loaders.user_by_id.load(root.inviter_id)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is an invitation's."""
        return isinstance(obj, InvitationRecord)


@strawberry.type(
    description="That whoever has a token may join a group: for the group's owner and admins. The "
    "token is shown when the link is made, and kept nowhere."
)
class GroupInvitationLink(Node):
    """Read off a `LinkRecord`."""

    id: strawberry.ID = id_of("GroupInvitationLink")
    max_uses: int | None = strawberry.field(
        description="How many may join by it; null if as many as the group takes."
    )
    uses: int = strawberry.field(description="How many have joined by it.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="Until when it holds.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked, if it was.")

    @strawberry.field(description="Into which group.", graphql_type=ring.Group | None)
    async def group(self, root: Parent[LinkRecord], info: Info) -> GroupRecord | None:
        return await info.context.loaders.group_by_id.load(root.group_id)

    @strawberry.field(
        description="Who made it; null if the account is gone.", graphql_type=ring.User | None
    )
    async def creator(self, root: Parent[LinkRecord], info: Info) -> UserRecord | None:
        return await info.context.loaders.user_by_id.load(root.creator_id)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """Whether a record is a link's."""
        return isinstance(obj, LinkRecord)
