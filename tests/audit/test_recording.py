"""What is noted of what is done, through the API; and what of it never leaves a clear trace."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text, update

from app.api.ids import global_id, parse_id
from app.audit.commands import CLEAR, REDACTED, record
from app.audit.models import AUTH, MAIN, Trail
from app.migrations.postgres import metadata_of
from app.products.commands import ProductChanges, publish_product, reject_product, update_product
from app.products.models import PublishingStatus
from app.services import Services
from app.users.models import User, UserRole
from app.viewer import Viewer
from tests.domains.marketplace import draft, key, submitted
from tests.factories import MEMBER_ADD, MEMBER_REMOVE, World

VENDOR = Viewer(1_500_000_001, uuid4(), "user")
STAFF = Viewer(1_500_000_002, uuid4(), "moderator")

# Columns that are personal or prove who someone is, wherever they are.
PERSONAL = frozenset(
    "email username name first_name last_name contact_number contact_country_code city state"  # noqa: SIM905 - a list of 26 lines says no more
    " country pincode gender dob purpose_code nationality ethnicity qualification profession"
    " external_subject profile ip_address user_agent otp_hash token_hash phone password"
    " secret".split()
)


async def _noted(services: Services, entity_id: object, trail: Trail = MAIN) -> list[Any]:
    events = trail.events
    columns = events.actor_id, events.action, events.before, events.after
    database = services.main if trail is MAIN else services.auth
    async with database.begin() as tx:
        rows = await tx.execute(
            select(*columns).where(events.entity_id == str(entity_id)).order_by(events.id)
        )
        return [tuple(row) for row in rows]


async def test_staff_decisions_are_noted(services: Services) -> None:
    product = await submitted(services.main, VENDOR)
    await reject_product(services.main, STAFF, product.id, "Too dear.", client_key=key())
    again = await submitted(services.main, VENDOR)
    once = key()
    for _ in range(2):  # a retry is no second change
        await publish_product(services.main, STAFF, again.id, client_key=once)
    changes = ProductChanges(title="A lantern", selling_price=Decimal("9.50"), mrp=Decimal("12.5"))
    await update_product(services.main, STAFF, again.id, changes, client_key=key())

    waits, by = PublishingStatus.SUGGESTION.value, STAFF.user_id
    assert await _noted(services, product.id) == [
        (
            by,
            "productReject",
            {"publishing_status": waits, "remark": None},
            {"publishing_status": "rejected", "remark": "Too dear."},
        )
    ]
    assert await _noted(services, again.id) == [
        (by, "productPublish", {"publishing_status": waits}, {"publishing_status": "published"}),
        (
            by,
            "productUpdate",
            {"title": "A lamp", "selling_price": "10.00"},
            {"title": "A lantern", "selling_price": "9.50"},
        ),
    ]


async def test_vendors_own_work_is_not_noted(services: Services) -> None:
    product = await draft(services.main, VENDOR)
    changes = ProductChanges(title="A lantern")
    await update_product(services.main, VENDOR, product.id, changes, client_key=key())
    assert await _noted(services, product.id) == []


async def test_groups_and_members_are_noted(services: Services, world: World) -> None:
    owner, member = await world.users(2)
    group = await world.group(owner, member)
    rename = """mutation($id: ID!, $key: String!) {
      groupUpdate(groupId: $id, input: {name: "Writers", clientKey: $key}) { errors { code } } }"""
    await owner.client.mutate(rename, id=group, key=key())
    admin = MEMBER_ADD.replace("userId: $user", "userId: $user, role: ADMIN")
    await owner.client.mutate(admin, group=group, user=member.id, key=key())
    await owner.client.mutate(MEMBER_REMOVE, group=group, user=member.id, key=key())

    (_, group_key) = _parsed(group)
    by, who = owner.user_id, str(member.user_id)
    created, *noted = await _noted(services, group_key)
    assert created[:3] == (by, "groupCreate", None)
    assert created[3]["name"] == "Readers"
    assert noted == [
        (by, "groupMemberAdd", None, {"members": {who: "member"}}),
        (by, "groupUpdate", {"name": "Readers"}, {"name": "Writers"}),
        (by, "groupMemberAdd", {"members": {who: "member"}}, {"members": {who: "admin"}}),
        (by, "groupMemberRemove", {"members": {who: "admin"}}, None),
    ]


def _parsed(id_: str) -> tuple[str, UUID]:
    type_name, key_ = parse_id(id_) or ("", "")
    return type_name, UUID(key_)


async def test_refused_is_not_noted(services: Services) -> None:
    product = await submitted(services.main, VENDOR)
    with pytest.raises(Exception, match="Only staff"):
        await publish_product(services.main, VENDOR, product.id, client_key=key())
    assert await _noted(services, product.id) == []


async def test_what_stays_the_same_is_no_change(services: Services) -> None:
    name = uuid4().hex
    async with services.main.begin() as tx:
        same = {"title": "x", "mrp": Decimal("1.50")}
        await record(tx, STAFF, "productUpdate", "Product", name, before=same, after=dict(same))
    assert await _noted(services, name) == []


async def test_personal_values_are_in_no_column(services: Services) -> None:
    """Canaries in every column that is not known to be harmless, of every table."""
    canary, name = f"canary{uuid4().hex}", uuid4().hex
    columns = {
        str(column.name)
        for database in ("auth", "main")
        for table in metadata_of(database).tables.values()
        for column in table.columns
    }
    for entity in (*CLEAR, "Anything"):
        hidden = (columns | PERSONAL) - CLEAR.get(entity, frozenset())
        for database, trail in ((services.main, MAIN), (services.auth, AUTH)):
            async with database.begin() as tx:
                await record(
                    tx,
                    STAFF,
                    "test",
                    entity,
                    name,
                    before=dict.fromkeys(hidden, canary),
                    after={column: {"within": [f"{canary}2"]} for column in hidden},
                    trail=trail,
                )
    for trail, database in ((MAIN, services.main), (AUTH, services.auth)):
        noted = await _noted(services, name, trail)
        assert len(noted) == len(CLEAR) + 1
        assert all(set(before.values()) == {REDACTED} for _, _, before, _ in noted)
        table = trail.events.__tablename__
        async with database.begin() as tx:
            found = text(f"SELECT count(*) FROM {table} AS e WHERE e::text LIKE :canary")  # noqa: S608
            assert await tx.scalar(found, {"canary": f"%{canary}%"}) == 0


def test_nothing_personal_is_declared_clear() -> None:
    personal = PERSONAL - {"name"}  # a group's is nobody's
    assert not any(columns & personal for columns in CLEAR.values())
    assert "name" not in CLEAR["User"]


AUDIT = """query($first: Int, $after: String, $last: Int, $before: String,
                $filter: AuditEventFilter, $order: AuditEventOrder) {
  auditEvents(first: $first, after: $after, last: $last, before: $before,
              filter: $filter, orderBy: $order) {
    nodes { id action objectType objectId before after actor { name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def test_admins_read_both_databases_as_one_list(services: Services, world: World) -> None:
    admin, actor = await world.user(UserRole.ADMIN), await world.user()
    for number in range(5):
        trail, database = (MAIN, services.main) if number % 2 else (AUTH, services.auth)
        async with database.begin() as tx:
            after = {"status": str(number)}
            await record(tx, actor.viewer, "a", "User", admin.public_id, after=after, trail=trail)
    by = {"actorId": actor.id}

    async def page(**variables: Any) -> tuple[list[int], dict[str, Any]]:
        found = (await admin.client.run(AUDIT, filter=by, **variables))["auditEvents"]
        assert all(node["actor"]["name"] == actor.name for node in found["nodes"])
        assert all(node["objectId"] == admin.id for node in found["nodes"])
        return [int(node["after"]["status"]) for node in found["nodes"]], found["pageInfo"]

    assert (await page())[0] == [4, 3, 2, 1, 0]
    ascending = {"field": "CREATED_AT", "direction": "ASC"}
    first, info = await page(first=2, order=ascending)
    assert (first, info["hasNextPage"], info["hasPreviousPage"]) == ([0, 1], True, False)
    second, info = await page(first=2, after=info["endCursor"], order=ascending)
    assert (second, info["hasNextPage"], info["hasPreviousPage"]) == ([2, 3], True, True)
    third, info = await page(first=2, after=info["endCursor"], order=ascending)
    assert (third, info["hasNextPage"]) == ([4], False)
    back, info = await page(last=3, before=info["startCursor"], order=ascending)
    assert (back, info["hasNextPage"], info["hasPreviousPage"]) == ([1, 2, 3], True, True)
    last, info = await page(last=2)
    assert (last, info["hasNextPage"], info["hasPreviousPage"]) == ([1, 0], False, True)


async def test_filters_hold_together(services: Services, world: World) -> None:
    admin = await world.user(UserRole.ADMIN)
    product = await submitted(services.main, VENDOR)
    await publish_product(services.main, admin.viewer, product.id, client_key=key())

    asked = {"objectId": global_id("Product", product.id), "action": "productPublish"}
    found = (await admin.client.run(AUDIT, filter=asked))["auditEvents"]["nodes"]
    assert [(n["action"], n["objectType"], n["actor"]["name"]) for n in found] == [
        ("productPublish", "Product", admin.name)
    ]
    node = "query($id: ID!) { node(id: $id) { ... on AuditEvent { action } } }"
    assert await admin.client.run(node, id=found[0]["id"]) == {"node": {"action": "productPublish"}}
    asked["action"] = "productReject"
    assert (await admin.client.run(AUDIT, filter=asked))["auditEvents"]["nodes"] == []


@pytest.mark.parametrize("role", [UserRole.USER, UserRole.MODERATOR])
async def test_others_are_refused(services: Services, world: World, role: UserRole) -> None:
    person, admin = await world.user(role), await world.user(UserRole.ADMIN)
    async with services.auth.begin() as tx:
        await record(
            tx, admin.viewer, "a", "User", person.public_id, after={"role": "x"}, trail=AUTH
        )
    mine = {"objectId": person.id}
    (event,) = (await admin.client.run(AUDIT, filter=mine))["auditEvents"]["nodes"]

    answer = await person.client.send(AUDIT, filter=mine)

    assert answer["data"] == {"auditEvents": None}
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert await person.client.run(node, id=event["id"]) == {"node": None}


async def test_actor_that_is_gone_is_null(services: Services, world: World) -> None:
    admin, actor = await world.user(UserRole.ADMIN), await world.user()
    async with services.auth.begin() as tx:
        await record(
            tx, actor.viewer, "a", "User", actor.public_id, after={"role": "x"}, trail=AUTH
        )
        await record(tx, None, "b", "User", actor.public_id, after={"role": "y"}, trail=AUTH)
        gone = update(User).where(User.id == actor.user_id).values(deleted_at=func.now())
        await tx.execute(gone)
    found = await admin.client.run(AUDIT, filter={"objectId": actor.id})
    assert [node["actor"] for node in found["auditEvents"]["nodes"]] == [None, None]
