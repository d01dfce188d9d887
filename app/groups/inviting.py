"""Inviting a user to a group: one open invitation for each pair, until it is answered or expires.

Accepting makes a member, in the caller's transaction: the conversation changes with it.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.bus import Bus
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.groups.access import MANAGERS, enter, lock_group, role_in
from app.groups.facts import GroupFact, tell
from app.groups.invitations import InvitationRecord, invitations_by_ids
from app.groups.members import MemberChange, admit
from app.groups.models import GroupInvitation, GroupRole, InvitationAnswer
from app.ids import new_id
from app.once import once, remember
from app.stores.postgres import Postgres
from app.users.queries import users_by_public_ids
from app.viewer import Viewer

MAX_OPEN = 1_000  # of one group
MAX_HOURS = 30 * 24

_I = GroupInvitation.__table__.c
_USER = ["input", "userId"]


def invitations_channel(user_id: int) -> str:
    """Where it is published that a user's invitations have changed."""
    return f"invitations:{user_id}"


async def invite(
    main: Postgres,
    auth: Postgres,
    bus: Bus,
    viewer: Viewer,
    group_id: UUID,
    *,
    user: UUID,
    hours: int,
    client_key: str,
) -> InvitationRecord:
    """Invite a user, by public id; who is invited already is so for longer.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group that the viewer sees, or no such user.
        Forbidden: The viewer is neither owner nor admin.
        Invalid: It would hold for no time, or for too long.
        Conflict: They belong to the group, or too many are invited.
        ClientKeyReused: The key came before with something else.
    """
    viewer.require()
    expires_at = expiry(hours)
    (invited,) = await users_by_public_ids(auth, viewer, [user])
    if invited is None:
        raise NotFound("There is no such user.", field=_USER)
    async with main.begin() as tx:
        done = await once(tx, viewer, "groupInvite", client_key, [group_id, invited.id, hours])
        if done is None:
            invitation_id = await _invite(tx, viewer, group_id, invited.id, expires_at)
            await remember(tx, viewer, "groupInvite", client_key, invitation_id)
        else:
            invitation_id = UUID(done)
    await bus.publish(invitations_channel(invited.id), b"")
    return await _found(main, viewer, invitation_id)


async def _invite(
    tx: AsyncConnection, viewer: Viewer, group_id: UUID, user_id: int, expires_at: datetime
) -> UUID:
    await enter_as_manager(tx, viewer, group_id, "groupId")
    if await role_in(tx, group_id, user_id) is not None:
        raise Conflict("They belong to the group already.", field=_USER)
    is_open = _I.group_id == group_id, _I.answer.is_(None), _I.user_id != user_id
    count = select(func.count()).where(*is_open, _I.expires_at > func.now())
    if (await tx.execute(count)).scalar_one() >= MAX_OPEN:
        message = f"At most {MAX_OPEN:,} invitations to a group are open."
        raise Conflict(message, field=["groupId"])
    again = {"inviter_id": viewer.require(), "expires_at": expires_at}
    made = (
        insert(GroupInvitation)
        .values(id=new_id(), group_id=group_id, user_id=user_id, **again)
        .on_conflict_do_update(
            index_elements=["group_id", "user_id"], index_where=text("answer IS NULL"), set_=again
        )
        .returning(_I.id)
    )
    invitation_id: UUID = (await tx.execute(made)).scalar_one()
    after = {"invitations": {str(user_id): expires_at}}
    await record(tx, viewer, "groupInvite", "Group", group_id, after=after)
    await tell(tx, viewer, group_id, GroupFact.INVITATION_CHANGED, invitation_id)
    return invitation_id


async def own_invitation(main: Postgres, viewer: Viewer, invitation_id: UUID) -> InvitationRecord:
    """An invitation that is the viewer's to answer.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such invitation that the viewer sees.
        Forbidden: It is for somebody else.
    """
    me = viewer.require()
    invitation = await _found(main, viewer, invitation_id)
    if invitation.user_id != me:
        raise Forbidden("This invitation is for somebody else.", field=["groupInvitationId"])
    return invitation


async def accept(
    tx: AsyncConnection, viewer: Viewer, invitation: InvitationRecord
) -> list[MemberChange]:
    """Become a member by an invitation of one's own, which is open.

    Raises:
        NotFound: The group is gone.
        Conflict: It is answered or has expired; the group is full; or one has to belong to the
            private group above first.
    """
    group = await lock_group(tx, invitation.group_id, ["groupInvitationId"])
    await _lock_open(tx, invitation.id)
    me, role = invitation.user_id, GroupRole.MEMBER
    return [await admit(tx, viewer, group, me, role, field=["groupInvitationId"])]


async def decline(
    main: Postgres, bus: Bus, viewer: Viewer, invitation_id: UUID, *, client_key: str
) -> InvitationRecord:
    """Say no to an invitation of one's own, which is open.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such invitation that the viewer sees.
        Forbidden: It is for somebody else.
        Conflict: It is answered or has expired.
        ClientKeyReused: The key came before with something else.
    """
    known = await own_invitation(main, viewer, invitation_id)
    async with main.begin() as tx:
        operation = "groupInvitationDecline"
        if await once(tx, viewer, operation, client_key, [invitation_id]) is None:
            await _lock_open(tx, invitation_id)
            await _answer(tx, viewer, known, InvitationAnswer.DECLINED)
            await remember(tx, viewer, operation, client_key, invitation_id)
    await bus.publish(invitations_channel(known.user_id), b"")
    return await _found(main, viewer, invitation_id)


async def revoke(
    main: Postgres, bus: Bus, viewer: Viewer, invitation_id: UUID, *, client_key: str
) -> InvitationRecord:
    """Take an open invitation back, as owner or admin of the group.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such invitation that the viewer sees.
        Forbidden: The viewer is neither owner nor admin.
        Conflict: It is answered or has expired.
        ClientKeyReused: The key came before with something else.
    """
    viewer.require()
    known = await _found(main, viewer, invitation_id)
    async with main.begin() as tx:
        operation = "groupInvitationRevoke"
        if await once(tx, viewer, operation, client_key, [invitation_id]) is None:
            await enter_as_manager(tx, viewer, known.group_id, "groupInvitationId")
            await _lock_open(tx, invitation_id)
            await _answer(tx, viewer, known, InvitationAnswer.REVOKED)
            before = {"invitations": {str(known.user_id): known.expires_at}}
            await record(tx, viewer, operation, "Group", known.group_id, before=before)
            await remember(tx, viewer, operation, client_key, invitation_id)
    await bus.publish(invitations_channel(known.user_id), b"")
    return await _found(main, viewer, invitation_id)


def expiry(hours: int) -> datetime:
    """When something ends that holds for so many hours from now.

    Raises:
        Invalid: It would hold for no time, or for too long.
    """
    if not 1 <= hours <= MAX_HOURS:
        message = f"An invitation holds for 1 to {MAX_HOURS} hours."
        raise Invalid(message, field=["input", "expiresInHours"])
    return datetime.now(UTC) + timedelta(hours=hours)


async def enter_as_manager(
    tx: AsyncConnection, viewer: Viewer, group_id: UUID, argument: str
) -> None:
    """Lock a group in which the viewer may invite.

    Raises:
        NotFound: There is no such group that the viewer sees.
        Forbidden: The viewer is neither owner nor admin.
    """
    _, role = await enter(tx, viewer, group_id, [argument])
    if role not in MANAGERS:
        raise Forbidden("Only a group's owner and admins invite.", field=[argument])


async def _lock_open(tx: AsyncConnection, invitation_id: UUID) -> None:
    statement = select(_I.answer, _I.expires_at).where(_I.id == invitation_id).with_for_update()
    row = (await tx.execute(statement)).one()
    if row.answer is not None:
        raise Conflict(f"This invitation was {row.answer}.", field=["groupInvitationId"])
    if row.expires_at <= datetime.now(UTC):
        raise Conflict("This invitation has expired.", field=["groupInvitationId"])


async def _answer(
    tx: AsyncConnection, viewer: Viewer, invitation: InvitationRecord, answer: InvitationAnswer
) -> None:
    values = {"answer": answer, "answered_at": func.now()}
    await tx.execute(update(GroupInvitation).where(_I.id == invitation.id).values(values))
    await tell(tx, viewer, invitation.group_id, GroupFact.INVITATION_CHANGED, invitation.id)


async def _found(main: Postgres, viewer: Viewer, invitation_id: UUID) -> InvitationRecord:
    (invitation,) = await invitations_by_ids(main, viewer, [invitation_id])
    if invitation is None:
        raise NotFound("There is no such group invitation.", field=["groupInvitationId"])
    return invitation
