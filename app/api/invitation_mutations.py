"""Mutations of invitations to groups, and of links that invite."""

import asyncio
from typing import Annotated, Any

import strawberry

from app.api.context import Info
from app.api.ids import uuid_of
from app.api.mutation import KeyedInput, Payload, mutation
from app.api.types import Group, GroupInvitation, GroupInvitationLink, User
from app.chat import admission
from app.groups import inviting, links
from app.groups.invitations import InvitationRecord, LinkRecord
from app.groups.queries import GroupRecord
from app.users.queries import UserRecord

_HOURS = "For how many hours it holds: at most 720, and a week unless you say otherwise."
_WEEK = 7 * 24


@strawberry.input(description="Whom to invite.")
class GroupInviteInput(KeyedInput):
    """The input of `groupInvite`."""

    user_id: strawberry.ID = strawberry.field(description="Who. Again, they are so for longer.")
    expires_in_hours: int = strawberry.field(default=_WEEK, description=_HOURS)


@strawberry.input(description="An invitation to accept.")
class GroupInvitationAcceptInput(KeyedInput):
    """The input of `groupInvitationAccept`."""


@strawberry.input(description="An invitation to decline.")
class GroupInvitationDeclineInput(KeyedInput):
    """The input of `groupInvitationDecline`."""


@strawberry.input(description="An invitation to revoke.")
class GroupInvitationRevokeInput(KeyedInput):
    """The input of `groupInvitationRevoke`."""


@strawberry.input(description="A link to make.")
class GroupInvitationLinkCreateInput(KeyedInput):
    """The input of `groupInvitationLinkCreate`."""

    max_uses: int | None = strawberry.field(
        default=None,
        description="How many may join by it, at most 1,000; as many as the group takes if none.",
    )
    expires_in_hours: int = strawberry.field(default=_WEEK, description=_HOURS)


@strawberry.input(description="A link to revoke.")
class GroupInvitationLinkRevokeInput(KeyedInput):
    """The input of `groupInvitationLinkRevoke`."""


@strawberry.input(description="A link to join by.")
class GroupInvitationLinkUseInput(KeyedInput):
    """The input of `groupInvitationLinkUse`."""

    token: str = strawberry.field(description="The link's token.")


_GROUP = "The group, with its members and invitations as they are now; null if you do not see it."


@strawberry.type(description="What came of an invitation.")
class _InvitationPayload(Payload):
    group_invitation: InvitationRecord | None = strawberry.field(
        default=None,
        graphql_type=GroupInvitation | None,
        description="The invitation as it is now.",
    )
    user: UserRecord | None = strawberry.field(
        default=None, graphql_type=User | None, description="Who is invited."
    )


@strawberry.type(description="What came of an invitation for the group.")
class _GroupInvitationPayload(_InvitationPayload):
    group: GroupRecord | None = strawberry.field(
        default=None, graphql_type=Group | None, description=_GROUP
    )


@strawberry.type(description="What came of `groupInvite`.")
class GroupInvitePayload(_GroupInvitationPayload):
    """The invitation, the group, and who is invited to it."""


@strawberry.type(description="What came of `groupInvitationAccept`.")
class GroupInvitationAcceptPayload(_GroupInvitationPayload):
    """The invitation, the group, and its new member."""


@strawberry.type(description="What came of `groupInvitationDecline`.")
class GroupInvitationDeclinePayload(_InvitationPayload):
    """The invitation and whose it was, who need not see the group any more."""


@strawberry.type(description="What came of `groupInvitationRevoke`.")
class GroupInvitationRevokePayload(_GroupInvitationPayload):
    """The invitation, the group, and who was invited to it."""


@strawberry.type(
    description="What lets whoever has it join a group, by `groupInvitationLinkUse`. It is shown "
    "once, to who made the link."
)
class GroupInvitationToken:
    """A link's token."""

    token: str = strawberry.field(description="The token, for the address of a page of yours.")


@strawberry.type(description="What came of a link.")
class _LinkPayload(Payload):
    group_invitation_link: LinkRecord | None = strawberry.field(
        default=None, graphql_type=GroupInvitationLink | None, description="The link as it is now."
    )
    group: GroupRecord | None = strawberry.field(
        default=None, graphql_type=Group | None, description=_GROUP
    )


@strawberry.type(description="What came of `groupInvitationLinkCreate`.")
class GroupInvitationLinkCreatePayload(_LinkPayload):
    """The link, its token, and the group."""

    token: GroupInvitationToken | None = strawberry.field(
        default=None, description="What lets whoever has it join."
    )


@strawberry.type(description="What came of `groupInvitationLinkRevoke`.")
class GroupInvitationLinkRevokePayload(_LinkPayload):
    """The link and the group."""


@strawberry.type(description="What came of `groupInvitationLinkUse`.")
class GroupInvitationLinkUsePayload(Payload):
    """The group and its new member."""

    group: GroupRecord | None = strawberry.field(
        default=None,
        graphql_type=Group | None,
        description="The group, with its members as they are now.",
    )
    user: UserRecord | None = strawberry.field(
        default=None, graphql_type=User | None, description="Who joined: you."
    )


GroupId = Annotated[strawberry.ID, strawberry.argument(description="The group's id.")]
InvitationId = Annotated[strawberry.ID, strawberry.argument(description="The invitation's id.")]


@strawberry.type
class InvitationMutations:
    """Writes."""

    @mutation(
        GroupInvitePayload,
        description="Invite somebody to a group. For its owner and admins.",
    )
    async def group_invite(
        self,
        info: Info,
        group_id: GroupId,
        input_: Annotated[GroupInviteInput, strawberry.argument(name="input", description="Whom.")],
    ) -> GroupInvitePayload:
        services = info.context.services
        invitation = await inviting.invite(
            services.main,
            services.auth,
            services.bus,
            info.context.viewer,
            uuid_of(group_id, "Group", field=["groupId"]),
            user=uuid_of(input_.user_id, "User", field=["input", "userId"]),
            hours=input_.expires_in_hours,
            client_key=input_.client_key,
        )
        return GroupInvitePayload(**await _shown(info, invitation))

    @mutation(
        GroupInvitationAcceptPayload,
        description="Accept an invitation of yours: you belong to the group and its conversation.",
    )
    async def group_invitation_accept(
        self,
        info: Info,
        group_invitation_id: InvitationId,
        input_: Annotated[
            GroupInvitationAcceptInput,
            strawberry.argument(name="input", description="The client key."),
        ],
    ) -> GroupInvitationAcceptPayload:
        invitation = await admission.accept_invitation(
            info.context.services,
            info.context.viewer,
            uuid_of(group_invitation_id, "GroupInvitation", field=["groupInvitationId"]),
            client_key=input_.client_key,
        )
        return GroupInvitationAcceptPayload(**await _shown(info, invitation))

    @mutation(GroupInvitationDeclinePayload, description="Decline an invitation of yours.")
    async def group_invitation_decline(
        self,
        info: Info,
        group_invitation_id: InvitationId,
        input_: Annotated[
            GroupInvitationDeclineInput,
            strawberry.argument(name="input", description="The client key."),
        ],
    ) -> GroupInvitationDeclinePayload:
        services = info.context.services
        invitation = await inviting.decline(
            services.main,
            services.bus,
            info.context.viewer,
            uuid_of(group_invitation_id, "GroupInvitation", field=["groupInvitationId"]),
            client_key=input_.client_key,
        )
        user = await info.context.loaders.user_by_id.load(invitation.user_id)
        return GroupInvitationDeclinePayload(group_invitation=invitation, user=user)

    @mutation(
        GroupInvitationRevokePayload,
        description="Take an invitation back. For the group's owner and admins.",
    )
    async def group_invitation_revoke(
        self,
        info: Info,
        group_invitation_id: InvitationId,
        input_: Annotated[
            GroupInvitationRevokeInput,
            strawberry.argument(name="input", description="The client key."),
        ],
    ) -> GroupInvitationRevokePayload:
        services = info.context.services
        invitation = await inviting.revoke(
            services.main,
            services.bus,
            info.context.viewer,
            uuid_of(group_invitation_id, "GroupInvitation", field=["groupInvitationId"]),
            client_key=input_.client_key,
        )
        return GroupInvitationRevokePayload(**await _shown(info, invitation))

    @mutation(
        GroupInvitationLinkCreatePayload,
        description="Make a link by which others join a group. For its owner and admins.",
    )
    async def group_invitation_link_create(
        self,
        info: Info,
        group_id: GroupId,
        input_: Annotated[
            GroupInvitationLinkCreateInput,
            strawberry.argument(name="input", description="How often and how long it holds."),
        ],
    ) -> GroupInvitationLinkCreatePayload:
        services = info.context.services
        link, token = await links.create_link(
            services.main,
            services.tokens,
            info.context.viewer,
            uuid_of(group_id, "Group", field=["groupId"]),
            max_uses=input_.max_uses,
            hours=input_.expires_in_hours,
            client_key=input_.client_key,
        )
        return GroupInvitationLinkCreatePayload(
            group_invitation_link=link,
            group=await info.context.loaders.group_by_id.load(link.group_id),
            token=GroupInvitationToken(token=token),
        )

    @mutation(
        GroupInvitationLinkRevokePayload,
        description="Let a link hold no longer. For the group's owner and admins.",
    )
    async def group_invitation_link_revoke(
        self,
        info: Info,
        group_invitation_link_id: Annotated[
            strawberry.ID, strawberry.argument(description="The link's id.")
        ],
        input_: Annotated[
            GroupInvitationLinkRevokeInput,
            strawberry.argument(name="input", description="The client key."),
        ],
    ) -> GroupInvitationLinkRevokePayload:
        link = await links.revoke_link(
            info.context.services.main,
            info.context.viewer,
            uuid_of(
                group_invitation_link_id, "GroupInvitationLink", field=["groupInvitationLinkId"]
            ),
            client_key=input_.client_key,
        )
        group = await info.context.loaders.group_by_id.load(link.group_id)
        return GroupInvitationLinkRevokePayload(group_invitation_link=link, group=group)

    @mutation(
        GroupInvitationLinkUsePayload,
        description="Belong to a group and its conversation by a link's token.",
    )
    async def group_invitation_link_use(
        self,
        info: Info,
        input_: Annotated[
            GroupInvitationLinkUseInput,
            strawberry.argument(name="input", description="The token."),
        ],
    ) -> GroupInvitationLinkUsePayload:
        group = await admission.use_invitation_link(
            info.context.services,
            info.context.viewer,
            input_.token,
            client_key=input_.client_key,
        )
        user = await info.context.loaders.user_by_id.load(info.context.viewer.require())
        return GroupInvitationLinkUsePayload(group=group, user=user)


async def _shown(info: Info, invitation: InvitationRecord) -> dict[str, Any]:
    """An invitation, and what its change concerns: the group's lists, and its user's."""
    loaders = info.context.loaders
    group, user = await asyncio.gather(
        loaders.group_by_id.load(invitation.group_id), loaders.user_by_id.load(invitation.user_id)
    )
    return {"group_invitation": invitation, "group": group, "user": user}
