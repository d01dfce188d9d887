"""Groups: who sees them, who founds and changes them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from app.errors import (
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
    GroupChanges,
)
from app.groups.models import Group, GroupRole
from app.groups.queries import GroupOrder, GroupRecord, MemberRecord
from app.paging import ListQuery, PageArgs
from app.stores.postgres import Postgres
from app.viewer import ANONYMOUS, Viewer
from tests.domains.conftest import NewViewer
from tests.domains.marketplace import CHOIR, NEWEST, add, change, draft, found, members, remove


async def delete(main: Postgres, group: GroupRecord) -> None:
    async with main.begin() as tx:
        await tx.execute(
            update(Group).where(Group.id == group.id).values(deleted_at=group.created_at)
        )


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
    product_id = (await draft(main, viewer)).id
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
    product_id = (await draft(main, viewer)).id
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


async def test_deleted_group_is_shown_to_who_belonged_to_it_and_in_no_list(
    main: Postgres, viewer: Viewer, staff: Viewer, new_viewer: NewViewer
) -> None:
    group = await found(main, viewer)
    await delete(main, group)
    for anybody in (new_viewer(), staff, new_viewer("admin")):
        assert await queries.groups_by_ids(main, anybody, [group.id]) == [None]
        assert await members(main, anybody, group) == []
        assert await queries.member_counts(main, anybody, [group.id]) == [0]
    (known,) = await queries.groups_by_ids(main, viewer, [group.id])
    assert known is not None
    assert known.deleted_at == group.created_at
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
    product_id = (await draft(main, viewer)).id
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
