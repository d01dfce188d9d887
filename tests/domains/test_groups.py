"""Groups: who sees them, who may change them and their members, and their limit."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, update

from app.errors import (
    ClientKeyReused,
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    Required,
    TooLong,
    Unauthenticated,
)
from app.groups import queries
from app.groups.commands import (
    MAX_MEMBERS,
    GroupChanges,
    NewGroup,
    add_member,
    create_group,
    remove_member,
    update_group,
)
from app.groups.models import Group, GroupMember, GroupRole
from app.groups.queries import GroupOrder, GroupRecord, MemberOrder, MemberRecord
from app.paging import ListQuery, PageArgs
from app.products.commands import NewProduct, create_product
from app.products.models import Cause
from app.stores.postgres import Postgres
from app.viewer import ANONYMOUS, Viewer
from tests.domains.conftest import NewViewer

CHOIR = NewGroup("Choir", "We sing.\nTuesdays.")
NEWEST = ListQuery(GroupOrder.CREATED_AT, descending=True)
JOINED = ListQuery(MemberOrder.JOINED_AT)


async def found(main: Postgres, owner: Viewer, **values: Any) -> GroupRecord:
    async with main.begin() as tx:
        return await create_group(tx, owner, replace(CHOIR, **values))


async def add(
    main: Postgres,
    viewer: Viewer,
    group: GroupRecord,
    user: Viewer,
    role: GroupRole = GroupRole.MEMBER,
) -> bool:
    async with main.begin() as tx:
        return await add_member(tx, viewer, group.id, user.require(), role)


async def remove(main: Postgres, viewer: Viewer, group: GroupRecord, user: Viewer) -> bool:
    async with main.begin() as tx:
        return await remove_member(tx, viewer, group.id, user.require())


async def change(
    main: Postgres, viewer: Viewer, group: GroupRecord, changes: GroupChanges
) -> GroupRecord:
    return await update_group(main, viewer, group.id, changes, client_key=str(uuid4()))


async def members(main: Postgres, viewer: Viewer, group: GroupRecord) -> list[tuple[int, str]]:
    (page,) = await queries.members_by_groups(main, viewer, [group.id], JOINED)
    return [(m.user_id, m.role) for m in page.items]


async def delete(main: Postgres, group: GroupRecord) -> None:
    async with main.begin() as tx:
        await tx.execute(
            update(Group).where(Group.id == group.id).values(deleted_at=group.created_at)
        )


async def hidden_product(main: Postgres, vendor: Viewer) -> str:
    new = NewProduct(
        "Draft", "Hidden.", Cause.ELDER_CARE, Decimal(2), Decimal(1), "https://shop.example/"
    )
    return (await create_product(main, vendor, new, client_key=str(uuid4()))).id


def ids(groups: Iterable[GroupRecord | None]) -> list[UUID | None]:
    return [group.id if group else None for group in groups]


async def test_founder_owns_the_group_and_belongs_to_it(main: Postgres, viewer: Viewer) -> None:
    group = await found(main, viewer)
    assert (group.name, group.description) == ("Choir", "We sing.\nTuesdays.")
    assert group.owner_id == viewer.user_id
    assert await queries.groups_by_ids(main, viewer, [group.id]) == [group]
    assert await members(main, viewer, group) == [(viewer.user_id, "owner")]


@pytest.mark.parametrize(
    ("values", "error", "field"),
    [
        ({"name": ""}, Required, ["input", "name"]),
        ({"name": "x" * 121}, TooLong, ["input", "name"]),
        ({"name": "a\u202eb"}, Invalid, ["input", "name"]),
        ({"description": " "}, Required, ["input", "description"]),
        ({"description": "x" * 2001}, TooLong, ["input", "description"]),
        ({"product_id": "IM_none"}, NotFound, ["input", "productId"]),
        ({"parent_id": uuid4()}, NotFound, ["input", "parentId"]),
    ],
)
async def test_founding_is_refused_and_leaves_nothing(
    main: Postgres,
    viewer: Viewer,
    values: dict[str, Any],
    error: type[DomainError],
    field: list[str],
) -> None:
    with pytest.raises(error) as caught:
        await found(main, viewer, **values)
    assert caught.value.field == field
    (page,) = await queries.groups_by_members(main, viewer, [viewer.require()], NEWEST)
    assert not page.items


async def test_product_of_a_group_must_be_visible(
    main: Postgres, viewer: Viewer, new_viewer: NewViewer
) -> None:
    product_id = await hidden_product(main, viewer)
    group = await found(main, viewer, product_id=product_id)
    assert group.product_id == product_id
    with pytest.raises(NotFound):
        await found(main, new_viewer(), product_id=product_id)
    stranger = new_viewer()
    own = await found(main, stranger)
    with pytest.raises(NotFound):
        await change(main, stranger, own, GroupChanges(product_id=product_id))


async def test_group_below_another_is_its_managers_to_found(
    main: Postgres, viewer: Viewer, new_viewer: NewViewer
) -> None:
    admin, member = new_viewer(), new_viewer()
    parent = await found(main, viewer)
    await add(main, viewer, parent, admin, GroupRole.ADMIN)
    await add(main, viewer, parent, member)
    child = await found(main, admin, parent_id=parent.id)
    assert child.parent_id == parent.id
    for nobody in (member, new_viewer()):
        with pytest.raises(Forbidden):
            await found(main, nobody, parent_id=parent.id)
    (page,) = await queries.groups_by_parents(main, member, [parent.id], NEWEST)
    assert ids(page.items) == [child.id]


async def test_update_changes_what_is_given(main: Postgres, viewer: Viewer) -> None:
    product_id = await hidden_product(main, viewer)
    group = await found(main, viewer, product_id=product_id)
    renamed = await change(main, viewer, group, GroupChanges(name="Band"))
    assert (renamed.name, renamed.description) == ("Band", CHOIR.description)
    assert renamed.product_id == product_id
    emptied = await change(main, viewer, group, GroupChanges(description=None, product_id=None))
    assert (emptied.name, emptied.description, emptied.product_id) == ("Band", None, None)
    assert await change(main, viewer, group, GroupChanges()) == emptied


async def test_update_is_for_owner_and_admins(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    admin, member = new_viewer(), new_viewer()
    group = await found(main, viewer)
    await add(main, viewer, group, admin, GroupRole.ADMIN)
    await add(main, viewer, group, member)
    assert (await change(main, admin, group, GroupChanges(name="Band"))).name == "Band"
    for nobody in (member, new_viewer(), staff):
        with pytest.raises(Forbidden):
            await change(main, nobody, group, GroupChanges(name="Mob"))
    with pytest.raises(Unauthenticated):
        await change(main, ANONYMOUS, group, GroupChanges(name="Mob"))
    (now,) = await queries.groups_by_ids(main, viewer, [group.id])
    assert now is not None
    assert now.name == "Band"


async def test_retried_update_answers_as_before(main: Postgres, viewer: Viewer) -> None:
    group = await found(main, viewer)
    first = await update_group(main, viewer, group.id, GroupChanges(name="A"), client_key="k")
    again = await update_group(main, viewer, group.id, GroupChanges(name=" A"), client_key="k")
    assert again == first
    # An absent description is another request than an emptied one.
    with pytest.raises(ClientKeyReused):
        await update_group(
            main, viewer, group.id, GroupChanges(name="A", description=None), client_key="k"
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
    assert sorted(added) == [False] * 9 + [True]
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
    assert outcomes.count(True) == 3
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


async def test_nobody_sees_groups_without_signing_in(main: Postgres, viewer: Viewer) -> None:
    group = await found(main, viewer)
    assert await queries.groups_by_ids(main, ANONYMOUS, [group.id]) == [None]
    assert await members(main, ANONYMOUS, group) == []
    assert await queries.member_counts(main, ANONYMOUS, [group.id]) == [0]
    assert await queries.memberships_of_viewer(main, ANONYMOUS, [group.id]) == [None]
    pages = [
        *await queries.groups_by_members(main, ANONYMOUS, [viewer.require()], NEWEST),
        *await queries.groups_by_parents(main, ANONYMOUS, [group.id], NEWEST),
        *await queries.groups_by_products(main, ANONYMOUS, ["IM_1"], NEWEST),
    ]
    assert [list(page.items) for page in pages] == [[], [], []]
    with pytest.raises(Unauthenticated):
        await queries.list_groups(main, ANONYMOUS, NEWEST)


async def test_deleted_group_is_nobodys(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    group = await found(main, viewer)
    await delete(main, group)
    for anybody in (viewer, staff):
        assert await queries.groups_by_ids(main, anybody, [group.id]) == [None]
        assert await members(main, anybody, group) == []
    assert await queries.member_counts(main, viewer, [group.id]) == [0]
    assert await queries.memberships_of_viewer(main, viewer, [group.id]) == [None]
    (page,) = await queries.groups_by_members(main, viewer, [viewer.require()], NEWEST)
    assert not page.items
    with pytest.raises(NotFound):
        await add(main, viewer, group, new_viewer())
    with pytest.raises(NotFound):
        await remove(main, viewer, group, viewer)
    with pytest.raises(NotFound):
        await change(main, viewer, group, GroupChanges(name="Ghost"))


async def test_batches_keep_the_order_of_their_keys(
    main: Postgres, viewer: Viewer, new_viewer: NewViewer
) -> None:
    other = new_viewer()
    one, two = await found(main, viewer), await found(main, other)
    await add(main, other, two, viewer)
    keys = [two.id, uuid4(), one.id]
    assert ids(await queries.groups_by_ids(main, viewer, keys)) == [two.id, None, one.id]
    assert await queries.member_counts(main, viewer, keys) == [2, 0, 1]
    own: list[MemberRecord | None] = await queries.memberships_of_viewer(main, viewer, keys)
    assert [m.role if m else None for m in own] == ["member", None, "owner"]


async def test_groups_of_members_page_per_member(
    main: Postgres, viewer: Viewer, new_viewer: NewViewer
) -> None:
    other, nobody = new_viewer(), new_viewer()
    made = [await found(main, viewer, name=f"{number}") for number in range(3)]
    await add(main, viewer, made[0], other)
    users = [other.require(), nobody.require(), viewer.require()]
    query = replace(NEWEST, args=PageArgs(2))
    pages = await queries.groups_by_members(main, nobody, users, query)
    assert [[g.name for g in page.items] for page in pages] == [["0"], [], ["2", "1"]]
    assert [page.has_next for page in pages] == [False, False, True]
    rest = replace(NEWEST, args=PageArgs(2, pages[2].cursors[-1]))
    pages = await queries.groups_by_members(main, nobody, users[2:], rest)
    assert [[g.name for g in page.items] for page in pages] == [["0"]]


async def test_groups_are_filtered_and_ordered(main: Postgres, viewer: Viewer) -> None:
    product_id = await hidden_product(main, viewer)
    for name in ("Ostern", "ostwärts", "West"):
        await found(main, viewer, name=name, product_id=product_id)
    around = ("product", product_id)

    async def names(*filters: tuple[str, Any], descending: bool = False) -> list[str]:
        query = ListQuery(GroupOrder.NAME, descending=descending, filters=(around, *filters))
        return [g.name for g in (await queries.list_groups(main, viewer, query)).items]

    # By code point, as the database is: capitals come first.
    assert await names() == ["Ostern", "West", "ostwärts"]
    assert await names(descending=True) == ["ostwärts", "West", "Ostern"]
    assert await names(("name_contains", "OST")) == ["Ostern", "ostwärts"]
    (page,) = await queries.groups_by_products(main, viewer, [product_id], NEWEST)
    assert [g.name for g in page.items] == ["West", "ostwärts", "Ostern"]
