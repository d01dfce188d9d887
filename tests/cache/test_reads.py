"""Hot records come from the cache, to whom they may be shown, and are what the database has."""

from types import NoneType
from typing import Any, get_args, get_type_hints
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from app.api.ids import uuid_of
from app.cache import reads
from app.cache.records import Kind
from app.groups import queries as groups
from app.groups.models import GroupMember
from app.groups.queries import MemberRecord
from app.products import queries as products
from app.products.models import Product
from app.products.queries import ProductRecord
from app.services import open_services
from app.settings import Settings
from app.stores.postgres import Postgres, Read
from app.users import queries as users
from app.users.models import User, UserRole
from app.users.queries import UserRecord
from tests.cache.conftest import Node
from tests.domains.marketplace import published, submitted
from tests.factories import MEMBER_REMOVE, World


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements by which databases are read from now on."""
    statements: list[str] = []
    fetch = Postgres.fetch

    async def heard(self: Postgres, read: Read, **values: Any) -> Any:
        statements.append(read.sql)
        return await fetch(self, read, **values)

    monkeypatch.setattr(Postgres, "fetch", heard)
    return statements


@pytest.mark.covers("A34", "C27", "D32")
async def test_a_record_is_read_once_and_then_found_by_every_process(
    world: World, here: Node, there: Node, asked: list[str]
) -> None:
    owner, member = await world.users(2)
    staff = await world.user(UserRole.MODERATOR)
    group = uuid_of(await world.group(owner, member), "Group", field=[])
    product = await published(here.services.main, owner.viewer, staff.viewer)
    ids = [owner.user_id, member.user_id]

    wanted = (
        await users.users_by_ids(here.services.auth, owner.viewer, ids),
        await products.products_by_ids(here.services.main, member.viewer, [product.id]),
        await groups.memberships_of_viewer(here.services.main, member.viewer, [group]),
    )
    for node in (here, there, here):
        del asked[:]
        before = node.cache.hits, node.cache.misses
        found = (
            await reads.users_by_ids(node.cached, owner.viewer, ids),
            await reads.products_by_ids(node.cached, member.viewer, [product.id]),
            await reads.memberships_of_viewer(node.cached, member.viewer, [group]),
        )
        assert found == wanted
        hits, misses = node.cache.hits - before[0], node.cache.misses - before[1]
        assert (len(asked), hits, misses) == ((3, 0, 4) if asked else (0, 4, 0))
    assert asked == []


@pytest.mark.covers("A34")
async def test_what_was_found_is_counted(world: World, here: Node) -> None:
    person = await world.user()
    async with httpx.AsyncClient(base_url=here.url) as client:
        before = (await client.get("/healthz/ready")).json()["cache"]
        for _ in range(3):
            await reads.users_by_ids(here.cached, person.viewer, [person.user_id])
        after = (await client.get("/healthz/ready")).json()["cache"]
    assert after == {"hits": before["hits"] + 2, "misses": before["misses"] + 1}


async def test_a_loader_asks_the_cache_and_a_command_does_not(
    world: World, here: Node, asked: list[str]
) -> None:
    owner, member = await world.users(2)
    group = await world.group(owner, member)
    query = """query($group: ID!) { group(id: $group) {
      viewerMembership { role } members { nodes { user { name } } } } }"""
    first = await owner.client.run(query, group=group)
    del asked[:]
    assert await owner.client.run(query, group=group) == first
    assert not any("FROM users" in statement for statement in asked)

    # What the cache says of a membership is not what a command goes by.
    user, owned = owner.user_id, uuid_of(group, "Group", field=[])
    (stale,) = await reads.memberships_of_viewer(here.cached, owner.viewer, [owned])
    assert stale is not None
    await here.redis.client.set(f"cache:membership:{owned}:{user}", b"nonsense")
    await owner.client.mutate(MEMBER_REMOVE, group=group, user=member.id, key=uuid4().hex)


async def test_what_is_not_there_is_not_kept(world: World, here: Node, there: Node) -> None:
    owner, stranger = await world.users(2)
    group = uuid_of(await world.group(owner), "Group", field=[])
    assert await reads.memberships_of_viewer(here.cached, stranger.viewer, [group]) == [None]
    join = "INSERT INTO group_members (group_id, user_id, role) VALUES (:group, :user, 'member')"
    async with here.services.main.begin() as tx:
        await tx.execute(text(join), {"group": group, "user": stranger.user_id})
    (found,) = await reads.memberships_of_viewer(there.cached, stranger.viewer, [group])
    assert found is not None


async def test_a_product_is_shown_to_who_may_see_it_and_staff_read_past_the_cache(
    world: World, here: Node, there: Node
) -> None:
    vendor, stranger = await world.users(2)
    staff = await world.user(UserRole.MODERATOR)
    product = await submitted(here.services.main, vendor.viewer)
    remark = f"remark-{uuid4().hex}"
    async with here.services.main.begin() as tx:
        await tx.execute(
            text("UPDATE products SET remark = :remark WHERE id = :id"),
            {"remark": remark, "id": product.id},
        )
    for node in (here, there):
        (own,) = await reads.products_by_ids(node.cached, vendor.viewer, [product.id])
        assert own is not None
        assert own.remark is None
        assert await reads.products_by_ids(node.cached, stranger.viewer, [product.id]) == [None]
        (seen,) = await reads.products_by_ids(node.cached, staff.viewer, [product.id])
        assert seen is not None
        assert seen.remark == remark
    kept = await here.redis.client.get(f"cache:product:{product.id}")
    assert kept is not None
    assert remark.encode() not in kept


async def test_personal_data_is_not_cached(world: World, here: Node) -> None:
    person = await world.user(city="Bergen")
    await reads.users_by_ids(here.cached, person.viewer, [person.user_id])
    kept = await here.redis.client.get(f"cache:user:{person.user_id}")
    assert kept is not None
    assert b"@example.org" not in kept
    assert b"Bergen" not in kept


@pytest.mark.parametrize("value", [b"v-of-another-release{}", b"", b"l1234"])
async def test_what_another_release_wrote_is_neither_read_nor_replaced(
    value: bytes, world: World, here: Node
) -> None:
    person = await world.user()
    key = f"cache:user:{person.user_id}"
    await here.redis.client.set(key, value)
    (found,) = await reads.users_by_ids(here.cached, person.viewer, [person.user_id])
    assert found is not None
    assert found.name == person.name
    assert await here.redis.client.get(key) == value


@pytest.mark.parametrize(
    ("record", "model"),
    [(UserRecord, User), (ProductRecord, Product), (MemberRecord, GroupMember)],
)
def test_a_record_says_of_each_field_whether_it_may_be_none(record: Any, model: Any) -> None:
    """What does not agree with its own types is never found again."""
    columns = model.__table__.c
    for name, kind in get_type_hints(record).items():
        column = columns["images" if name == "media" else name]
        assert (NoneType in get_args(kind)) is column.nullable, name


async def test_what_is_no_record_is_not_one(world: World, here: Node) -> None:
    person = await world.user()
    mark = Kind("user", UserRecord).mark
    await here.redis.client.set(f"cache:user:{person.user_id}", mark + b'{"id": "x"}')
    (found,) = await reads.users_by_ids(here.cached, person.viewer, [person.user_id])
    assert found is not None
    assert found.name == person.name


@pytest.mark.covers("A34")
async def test_without_the_setting_there_is_no_cache(settings: Settings) -> None:
    async with open_services(settings.model_copy(update={"cache_redis_url": None})) as services:
        assert services.cached is None
        for database in (services.main, services.auth, services.eraser.stores.auth):
            assert database._changing is None
