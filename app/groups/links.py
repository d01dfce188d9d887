"""Invitations by link: whoever has the token may join, so often and so long as it holds.

A token is a MAC, under the server's secret, of the link's random id: 256 bits that nobody guesses
and no store holds, and that a retry of the same mutation can give once more.
"""

import hashlib
from base64 import urlsafe_b64encode
from uuid import UUID, uuid4

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.commands import record
from app.errors import Conflict, Invalid, NotFound
from app.groups.access import lock_group, role_in
from app.groups.facts import GroupFact, tell
from app.groups.invitations import LinkRecord, links_by_ids
from app.groups.inviting import enter_as_manager, expiry
from app.groups.members import MemberChange, admit
from app.groups.models import GroupInvitationLink, GroupRole
from app.once import once, remember
from app.stores.postgres import Postgres, Read
from app.tokens import Tokens
from app.viewer import Viewer

MAX_LINKS = 100  # of one group, that hold
MAX_USES = 1_000

_TOKEN = ["input", "token"]
_L = GroupInvitationLink.__table__.c
_HOLDS = (
    _L.revoked_at.is_(None),
    _L.expires_at > func.now(),
    or_(_L.max_uses.is_(None), _L.uses < _L.max_uses),
)
_BY_HASH = Read(select(_L.id, _L.group_id).where(_L.token_hash == bindparam("token_hash")))


async def create_link(
    main: Postgres,
    tokens: Tokens,
    viewer: Viewer,
    group_id: UUID,
    *,
    max_uses: int | None,
    hours: int,
    client_key: str,
) -> tuple[LinkRecord, str]:
    """Make a link, as owner or admin of the group.

    Returns:
        The link and its token, which is given to nobody else and never again, but to a retry.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such group that the viewer sees.
        Forbidden: The viewer is neither owner nor admin.
        Invalid: It would hold for no use or no time, or for too many or too long.
        Conflict: The group has too many links.
        ClientKeyReused: The key came before with something else.
    """
    viewer.require()
    expires_at = expiry(hours)
    if max_uses is not None and not 1 <= max_uses <= MAX_USES:
        raise Invalid(f"A link holds for 1 to {MAX_USES:,} uses.", field=["input", "maxUses"])
    async with main.begin() as tx:
        body = [group_id, max_uses, hours]
        done = await once(tx, viewer, "groupInvitationLinkCreate", client_key, body)
        # Random, and not by time as other ids are.
        link_id = uuid4() if done is None else UUID(done)
        token = _token(tokens, link_id)
        if done is None:
            await enter_as_manager(tx, viewer, group_id, "groupId")
            count = select(func.count()).where(_L.group_id == group_id, *_HOLDS)
            if (await tx.execute(count)).scalar_one() >= MAX_LINKS:
                raise Conflict(f"A group has at most {MAX_LINKS} links.", field=["groupId"])
            row = {
                "id": link_id,
                "group_id": group_id,
                "creator_id": viewer.user_id,
                "token_hash": _hash(token),
                "max_uses": max_uses,
                "expires_at": expires_at,
            }
            await tx.execute(insert(GroupInvitationLink).values(row))
            after = {"link": {"id": link_id, "max_uses": max_uses, "expires_at": expires_at}}
            operation = "groupInvitationLinkCreate"
            await record(tx, viewer, operation, "Group", group_id, after=after)
            await tell(tx, viewer, group_id, GroupFact.LINK_CHANGED, link_id)
            await remember(tx, viewer, operation, client_key, link_id)
    return await _found(main, viewer, link_id), token


async def revoke_link(
    main: Postgres, viewer: Viewer, link_id: UUID, *, client_key: str
) -> LinkRecord:
    """Let a link hold no longer, as owner or admin of the group.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such link that the viewer sees.
        ClientKeyReused: The key came before with something else.
    """
    viewer.require()
    known = await _found(main, viewer, link_id)
    async with main.begin() as tx:
        operation = "groupInvitationLinkRevoke"
        if await once(tx, viewer, operation, client_key, [link_id]) is None:
            await enter_as_manager(tx, viewer, known.group_id, "groupInvitationLinkId")
            revoked = update(GroupInvitationLink).filter_by(id=link_id, revoked_at=None)
            if (await tx.execute(revoked.values(revoked_at=func.now()))).rowcount:
                before = {"link": {"id": link_id}}
                await record(tx, viewer, operation, "Group", known.group_id, before=before)
                await tell(tx, viewer, known.group_id, GroupFact.LINK_CHANGED, link_id)
            await remember(tx, viewer, operation, client_key, link_id)
    return await _found(main, viewer, link_id)


async def link_of(main: Postgres, viewer: Viewer, token: str) -> tuple[UUID, UUID]:
    """The link that a token belongs to, and its group.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is none.
    """
    viewer.require()
    rows = await main.fetch(_BY_HASH, token_hash=_hash(token))
    if not rows:
        raise _holds_no_more()
    return rows[0]["id"], rows[0]["group_id"]


async def use_link(
    tx: AsyncConnection, viewer: Viewer, link_id: UUID, group_id: UUID
) -> list[MemberChange]:
    """Become a member by a link; a member's use is not counted.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: It is revoked, used up or expired, or the group is gone: all answer alike.
        Conflict: The group is full; or one has to belong to the private group above first.
    """
    me = viewer.require()
    try:
        group = await lock_group(tx, group_id, _TOKEN)
    except NotFound:
        raise _holds_no_more() from None
    if await role_in(tx, group_id, me) is not None:
        return []
    use = update(GroupInvitationLink).where(_L.id == link_id, *_HOLDS).values(uses=_L.uses + 1)
    if not (await tx.execute(use)).rowcount:
        raise _holds_no_more()
    change = await admit(tx, viewer, group, me, GroupRole.MEMBER, field=_TOKEN)
    await tell(tx, viewer, group_id, GroupFact.LINK_CHANGED, link_id)
    return [change]


def _holds_no_more() -> NotFound:
    return NotFound("This link does not hold, or no longer.", field=_TOKEN)


def _token(tokens: Tokens, link_id: UUID) -> str:
    return urlsafe_b64encode(tokens.mac("group invitation link", link_id)).rstrip(b"=").decode()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def _found(main: Postgres, viewer: Viewer, link_id: UUID) -> LinkRecord:
    (link,) = await links_by_ids(main, viewer, [link_id])
    if link is None:
        raise NotFound("There is no such group invitation link.", field=["groupInvitationLinkId"])
    return link
