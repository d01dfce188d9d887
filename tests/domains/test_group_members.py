"""Members: who adds and removes whom, roles, and the limit."""

import asyncio

import pytest
from sqlalchemy import insert

from app.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Unauthenticated,
)
from app.groups import queries
from app.groups.members import MAX_MEMBERS, add_member
from app.groups.models import GroupMember, GroupRole
from app.stores.postgres import Postgres
from app.viewer import ANONYMOUS, Viewer
from tests.domains.conftest import NewViewer
from tests.domains.marketplace import (
    add,
    found,
    members,
    remove,
)


async def test_members_are_added_once(
    main: Postgres, viewer: Viewer, new_viewer: NewViewer
) -> None:
    group, user = await found(main, viewer), new_viewer()
    assert await add(main, viewer, group, user)
    assert not await add(main, viewer, group, user)
    assert await members(main, user, group) == [
        (viewer.user_id, "owner"),
        (user.user_id, "member"),
    ]


async def test_ten_additions_at_once_make_one_member(
    main: Postgres, viewer: Viewer, new_viewer: NewViewer
) -> None:
    group, user = await found(main, viewer), new_viewer()
    added = await asyncio.gather(*(add(main, viewer, group, user) for _ in range(10)))
    assert sorted(map(len, added)) == [0] * 9 + [1]
    assert await queries.member_counts(main, viewer, [group.id]) == [2]


async def test_limit_of_members_holds_under_parallel_additions(
    main: Postgres, viewer: Viewer, new_viewer: NewViewer
) -> None:
    group = await found(main, viewer)
    rows = [
        {"group_id": group.id, "user_id": 10**6 + number, "role": GroupRole.MEMBER}
        for number in range(MAX_MEMBERS - 4)
    ]
    async with main.begin() as tx:
        await tx.execute(insert(GroupMember), rows)
    outcomes = await asyncio.gather(
        *(add(main, viewer, group, new_viewer()) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(outcome, list) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7
    assert await queries.member_counts(main, viewer, [group.id]) == [MAX_MEMBERS]
    known = Viewer(10**6)
    assert not await add(main, viewer, group, known)


async def test_roles_are_the_owners_to_give(
    main: Postgres, viewer: Viewer, new_viewer: NewViewer
) -> None:
    group = await found(main, viewer)
    admin, member, other = new_viewer(), new_viewer(), new_viewer()
    await add(main, viewer, group, member)
    assert not await add(main, viewer, group, member, GroupRole.ADMIN)
    assert not await add(main, viewer, group, member, GroupRole.MEMBER)
    assert await add(main, viewer, group, admin, GroupRole.ADMIN)
    assert await add(main, admin, group, other)
    with pytest.raises(Forbidden):
        await add(main, admin, group, new_viewer(), GroupRole.ADMIN)
    with pytest.raises(Forbidden):
        await add(main, admin, group, member, GroupRole.ADMIN)
    with pytest.raises(Forbidden):
        await add(main, admin, group, admin, GroupRole.MEMBER)
    with pytest.raises(Invalid):
        await add(main, viewer, group, member, GroupRole.OWNER)
    with pytest.raises(Conflict):
        await add(main, viewer, group, viewer, GroupRole.MEMBER)
    assert await members(main, viewer, group) == [
        (viewer.user_id, "owner"),
        (member.user_id, "member"),
        (admin.user_id, "admin"),
        (other.user_id, "member"),
    ]


async def test_others_do_not_add(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    group, member = await found(main, viewer), new_viewer()
    await add(main, viewer, group, member)
    for nobody, error in (
        (member, Forbidden),
        (new_viewer(), Forbidden),
        (staff, Forbidden),
        (ANONYMOUS, Unauthenticated),
    ):
        with pytest.raises(error):
            await add(main, nobody, group, new_viewer())
    assert await queries.member_counts(main, viewer, [group.id]) == [2]


async def test_members_leave_and_managers_remove(
    main: Postgres, viewer: Viewer, new_viewer: NewViewer
) -> None:
    group = await found(main, viewer)
    admin, other_admin, one, two = (new_viewer() for _ in range(4))
    await add(main, viewer, group, admin, GroupRole.ADMIN)
    await add(main, viewer, group, other_admin, GroupRole.ADMIN)
    await add(main, viewer, group, one)
    await add(main, viewer, group, two)
    with pytest.raises(Forbidden):
        await remove(main, one, group, two)
    with pytest.raises(Forbidden):
        await remove(main, admin, group, other_admin)
    for manager in (viewer, admin):
        with pytest.raises(Conflict):
            await remove(main, manager, group, viewer)
    assert await remove(main, one, group, one)
    assert not await remove(main, one, group, one)
    assert await remove(main, admin, group, two)
    assert not await remove(main, admin, group, two)
    assert await remove(main, admin, group, admin)
    assert await remove(main, viewer, group, other_admin)
    with pytest.raises(Forbidden):
        await remove(main, one, group, viewer)
    assert await members(main, viewer, group) == [(viewer.user_id, "owner")]


async def test_rolled_back_membership_never_was(
    main: Postgres, viewer: Viewer, new_viewer: NewViewer
) -> None:
    group, user = await found(main, viewer), new_viewer()

    async def add_and_fail() -> None:
        async with main.begin() as tx:
            assert await add_member(tx, viewer, group.id, user.require(), GroupRole.MEMBER)
            raise Invalid("The conversation refuses.")

    with pytest.raises(Invalid):
        await add_and_fail()
    assert await members(main, viewer, group) == [(viewer.user_id, "owner")]
