"""Joining a group by invitation, and its conversation with it."""

from functools import partial
from uuid import UUID

from app.chat.backend import Backend
from app.chat.membership import Attempt, change_members, group_now, hold_admission
from app.errors import NotFound
from app.groups import inviting, links
from app.groups.invitations import InvitationRecord, invitations_by_ids
from app.groups.queries import GroupRecord
from app.viewer import Viewer


async def accept_invitation(
    backend: Backend, viewer: Viewer, invitation_id: UUID, *, client_key: str
) -> InvitationRecord:
    """Say yes to an invitation of one's own.

    Raises:
        Unauthenticated, NotFound, Forbidden, Conflict: See `app.groups.inviting.accept`.
        ClientKeyReused: The key came before with another invitation.
    """
    me = viewer.require()
    known = await inviting.own_invitation(backend.main, viewer, invitation_id)
    await change_members(
        backend,
        viewer,
        Attempt("groupInvitationAccept", client_key, [invitation_id]),
        partial(hold_admission, group_id=known.group_id, user_id=me),
        lambda tx: inviting.accept(tx, viewer, known),
    )
    (invitation,) = await invitations_by_ids(backend.main, viewer, [invitation_id])
    if invitation is None:  # the group is gone, long after
        raise NotFound("There is no such group invitation.", field=["groupInvitationId"])
    return invitation


async def use_invitation_link(
    backend: Backend, viewer: Viewer, token: str, *, client_key: str
) -> GroupRecord:
    """Join a group by a link.

    Raises:
        Unauthenticated, NotFound, Conflict: See `app.groups.links.use_link`.
        ClientKeyReused: The key came before with another link.
    """
    me = viewer.require()
    link_id, group_id = await links.link_of(backend.main, viewer, token)
    await change_members(
        backend,
        viewer,
        Attempt("groupInvitationLinkUse", client_key, [link_id]),
        partial(hold_admission, group_id=group_id, user_id=me),
        lambda tx: links.use_link(tx, viewer, link_id, group_id),
    )
    group = await group_now(backend, viewer, group_id)
    if group is None:  # a retry, long after
        raise NotFound("There is no such group.", field=["input", "token"])
    return group
