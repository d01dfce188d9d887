"""Working on the queue: who may, what a decision does, and that one of two at once wins."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.api.ids import parse_id, uuid_of
from app.audit.models import AuditEvent
from app.moderation.models import ModerationDecision
from app.users.models import UserRole
from tests.domains.marketplace import key, product_of
from tests.factories import Person, World
from tests.matrix.operations import DELETE, PUBLISH, REJECT, SUBMIT
from tests.moderation.operations import (
    ASSIGN,
    DECIDE,
    ITEMS,
    RELEASE,
    decide,
    items,
    report,
)

pytestmark = pytest.mark.covers("A4", "A5", "E8", "E9")
RESTORE = """mutation($id: ID!, $key: String!) {
  productRestore(productId: $id, input: {clientKey: $key}) { product { id } errors { code } } }"""


async def submission(vendor: Person, staff: Person) -> tuple[str, str]:
    """A submitted product, and its item."""
    product = await product_of(vendor)
    await vendor.client.mutate(SUBMIT, id=product, key=key())
    (item,) = await items(staff, product)
    assert item["isSubmission"]
    assert item["reporter"] is None
    return product, item["id"]


async def status_of(staff: Person, product: str) -> tuple[str, bool]:
    query = "query($id: ID!) { product(id: $id) { publishingStatus deletedAt } }"
    found = (await staff.client.run(query, id=product))["product"]
    return found["publishingStatus"], found["deletedAt"] is not None


async def noted(world: World, object_id: str) -> list[str]:
    (_, entity) = parse_id(object_id) or ("", "")
    actions = select(AuditEvent.action).where(AuditEvent.entity_id == entity)
    async with world.services.main.begin() as tx:
        return list(await tx.scalars(actions.order_by(AuditEvent.id)))


@pytest.mark.parametrize(
    ("verdict", "status", "deleted", "action"),
    [
        ("APPROVED", "PUBLISHED", False, "productPublish"),
        ("REJECTED", "REJECTED", False, "productReject"),
        ("REMOVED", "SUGGESTION", True, "productDelete"),
    ],
)
async def test_decision_about_a_submission_is_done_to_the_product(
    world: World, verdict: str, status: str, action: str, *, deleted: bool
) -> None:
    vendor, moderator = await world.user(), await world.user(UserRole.MODERATOR)
    product, item = await submission(vendor, moderator)
    decided = await decide(moderator, item, verdict, "Blurred.")
    assert decided["status"] == "RESOLVED"
    assert decided["resolvedAt"]
    assert not decided["viewerCanDecide"]
    assert decided["decisions"]["nodes"] == [
        {"verdict": verdict, "note": "Blurred.", "moderator": {"id": moderator.id}}
    ]
    assert await status_of(moderator, product) == (status, deleted)
    assert await noted(world, product) == [action]
    assert await noted(world, item) == ["moderationItemDecide"]


@pytest.mark.parametrize(
    ("document", "verdict"), [(PUBLISH, "APPROVED"), (REJECT, "REJECTED"), (DELETE, "REMOVED")]
)
async def test_deciding_on_the_product_itself_resolves_its_item(
    world: World, document: str, verdict: str
) -> None:
    vendor, moderator = await world.user(), await world.user(UserRole.MODERATOR)
    product, item = await submission(vendor, moderator)
    remark = {"remark": "Blurred."} if verdict == "REJECTED" else {}
    await moderator.client.mutate(document, id=product, key=key(), **remark)
    (found,) = await items(moderator, product)
    assert (found["id"], found["status"]) == (item, "RESOLVED")
    (decision,) = found["decisions"]["nodes"]
    assert (decision["verdict"], decision["note"]) == (verdict, remark.get("remark"))
    refused = await moderator.client.refused(
        DECIDE, id=item, verdict="APPROVED", note=None, key=key()
    )
    assert refused == "CONFLICT"


async def test_submission_is_withdrawn_with_its_product_and_comes_back_with_it(
    world: World,
) -> None:
    vendor, moderator = await world.user(), await world.user(UserRole.MODERATOR)
    product, item = await submission(vendor, moderator)
    await vendor.client.mutate(DELETE, id=product, key=key())
    (withdrawn,) = await items(moderator, product)
    assert (withdrawn["status"], withdrawn["decisions"]["nodes"]) == ("RESOLVED", [])
    await moderator.client.mutate(RESTORE, id=product, key=key())
    states = {found["id"]: found["status"] for found in await items(moderator, product)}
    assert sorted(states.values()) == ["PENDING", "RESOLVED"]
    assert states[item] == "RESOLVED"


async def test_reported_product_is_taken_from_publication(world: World) -> None:
    vendor, buyer = await world.users(2)
    moderator = await world.user(UserRole.MODERATOR)
    product, waiting = await submission(vendor, moderator)
    await decide(moderator, waiting, "APPROVED", None)
    first, second = await report(buyer, product), await report(vendor, product)
    await decide(moderator, first, "APPROVED", None)
    assert await status_of(moderator, product) == ("PUBLISHED", False)
    await decide(moderator, second, "REJECTED")
    assert await status_of(moderator, product) == ("REJECTED", False)


async def test_removal_decides_everything_that_is_open_about_the_subject(world: World) -> None:
    ada, *reporters = await world.users(4)
    admin, moderator = await world.user(UserRole.ADMIN), await world.user(UserRole.MODERATOR)
    reports = [await report(reporter, ada.id) for reporter in reporters]
    values = {"verdict": "REMOVED", "note": "Spam.", "key": key()}
    assert await moderator.client.refused(DECIDE, id=reports[0], **values) == "FORBIDDEN"
    assert {item["status"] for item in await items(admin, ada.id)} == {"PENDING"}
    await decide(admin, reports[0], "REMOVED", "Spam.")
    assert {item["status"] for item in await items(admin, ada.id)} == {"RESOLVED"}
    query = "query($id: ID!) { user(id: $id) { isActive } }"
    assert not (await admin.client.run(query, id=ada.id))["user"]["isActive"]


async def test_removed_message_is_deleted_for_those_who_take_part(world: World) -> None:
    ada, ben = await world.users(2)
    moderator = await world.user(UserRole.MODERATOR)
    talk = await world.direct(ada, ben)
    (message,) = await world.say(ada, talk, "You fool!")
    item = await report(ben, message["id"])
    other = await report(ada, message["id"])
    decided = await decide(moderator, item, "REMOVED", "Rude.")
    assert decided["status"] == "RESOLVED"
    query = "query($id: ID!) { node(id: $id) { ... on Message { text deleted } } }"
    for person in (ada, ben):
        found = (await person.client.run(query, id=message["id"]))["node"]
        assert found == {"text": None, "deleted": True}
    assert await noted(world, message["id"]) == ["messageDelete"]
    (kept,) = [found for found in await items(moderator, message["id"]) if found["id"] == other]
    assert (kept["status"], kept["snapshot"]["text"]) == ("RESOLVED", "You fool!")


async def test_removed_group_is_closed(world: World) -> None:
    ada, ben = await world.users(2)
    admin, moderator = await world.user(UserRole.ADMIN), await world.user(UserRole.MODERATOR)
    group = await world.group(ada)
    item = await report(ben, group)
    values = {"verdict": "REMOVED", "note": "Spam.", "key": key()}
    assert await moderator.client.refused(DECIDE, id=item, **values) == "FORBIDDEN"
    decided = await decide(admin, item, "REMOVED", "Spam.")
    assert (decided["status"], decided["subject"]) == ("RESOLVED", None)
    query = "query($id: ID!) { group(id: $id) { id } }"
    assert (await ben.client.run(query, id=group))["group"] is None


async def test_what_cannot_be_done_to_a_subject_is_refused_without_a_trace(world: World) -> None:
    ada, ben = await world.users(2)
    moderator = await world.user(UserRole.MODERATOR)
    item = await report(ben, ada.id)
    for verdict, note, code in (
        ("REJECTED", "No.", "INVALID"),
        ("REMOVED", None, "REQUIRED"),
        ("ESCALATED", None, "REQUIRED"),
        ("APPROVED", "x" * 2_001, "TOO_LONG"),
    ):
        values = {"verdict": verdict, "note": note, "key": key()}
        assert await moderator.client.refused(DECIDE, id=item, **values) == code
    (found,) = await items(moderator, ada.id)
    assert (found["status"], found["decisions"]["nodes"]) == ("PENDING", [])
    assert await noted(world, item) == []


async def test_escalated_item_is_the_admins(world: World) -> None:
    ada, ben = await world.users(2)
    moderator, admin = await world.user(UserRole.MODERATOR), await world.user(UserRole.ADMIN)
    item = await report(ben, ada.id)
    await moderator.client.mutate(ASSIGN, id=item, to=None, key=key())
    left = await decide(moderator, item, "ESCALATED", "Too big for me.")
    assert (left["status"], left["isEscalated"]) == ("PENDING", True)
    assert not left["viewerCanDecide"]
    assert await moderator.client.refused(ASSIGN, id=item, to=None, key=key()) == "FORBIDDEN"
    values = {"verdict": "APPROVED", "note": None, "key": key()}
    assert await moderator.client.refused(DECIDE, id=item, **values) == "FORBIDDEN"
    queue = await admin.client.run(ITEMS, filter={"isEscalated": True, "subjectId": ada.id})
    assert [found["id"] for found in queue["moderationItems"]["nodes"]] == [item]
    decided = await decide(admin, item, "APPROVED", None)
    assert [d["verdict"] for d in decided["decisions"]["nodes"]] == ["ESCALATED", "APPROVED"]


async def test_item_is_taken_by_one_and_given_back(world: World) -> None:
    ada, ben = await world.users(2)
    one, other = await world.user(UserRole.MODERATOR), await world.user(UserRole.MODERATOR)
    admin = await world.user(UserRole.ADMIN)
    item = await report(ben, ada.id)
    taken = (await one.client.mutate(ASSIGN, id=item, to=None, key=key()))["moderationItem"]
    assert taken == {"id": item, "status": "IN_REVIEW", "assignee": {"id": one.id}}
    mine = await one.client.run(ITEMS, filter={"assignedToMe": True})
    assert [found["id"] for found in mine["moderationItems"]["nodes"]] == [item]
    assert await other.client.refused(ASSIGN, id=item, to=None, key=key()) == "CONFLICT"
    assert await other.client.refused(RELEASE, id=item, key=key()) == "CONFLICT"
    values = {"verdict": "APPROVED", "note": None, "key": key()}
    assert await other.client.refused(DECIDE, id=item, **values) == "CONFLICT"
    assert await one.client.refused(ASSIGN, id=item, to=other.id, key=key()) == "FORBIDDEN"
    assert await admin.client.refused(ASSIGN, id=item, to=ben.id, key=key()) == "INVALID"
    await admin.client.mutate(ASSIGN, id=item, to=other.id, key=key())
    released = (await other.client.mutate(RELEASE, id=item, key=key()))["moderationItem"]
    assert released == {"id": item, "status": "PENDING", "assignee": None}
    assert await other.client.refused(RELEASE, id=item, key=key()) == "CONFLICT"
    assert await noted(world, item) == [
        "moderationItemAssign",
        "moderationItemAssign",
        "moderationItemRelease",
    ]


@pytest.mark.parametrize("kind", ["report", "submission"])
async def test_of_moderators_who_decide_at_once_one_wins(world: World, kind: str) -> None:
    vendor, buyer = await world.users(2)
    moderators = [await world.user(UserRole.MODERATOR) for _ in range(4)]
    product, item = await submission(vendor, moderators[0])
    if kind == "report":
        item = await report(buyer, vendor.id)
    verdicts = ("APPROVED", "ESCALATED") if kind == "report" else ("APPROVED", "REJECTED")
    ways = [
        moderator.client.run(DECIDE, id=item, verdict=verdicts[number % 2], note="So.", key=key())
        for number, moderator in enumerate(moderators)
    ]
    if kind == "submission":
        ways.append(moderators[0].client.run(PUBLISH, id=product, key=key()))
    answers: list[Any] = await asyncio.gather(*ways)
    ends = [next(iter(answer.values()))["errors"] for answer in answers]
    assert sum(not errors for errors in ends) == 1, ends
    assert {errors[0]["code"] for errors in ends if errors} <= {"CONFLICT", "FORBIDDEN"}
    decisions = select(ModerationDecision.verdict).where(
        ModerationDecision.item_id == uuid_of(item, "ModerationItem", field=[])
    )
    async with world.services.main.begin() as tx:
        assert len(list(await tx.scalars(decisions))) == 1


@pytest.mark.parametrize("role", [UserRole.MODERATOR, UserRole.ADMIN])
async def test_nobody_decides_about_their_own_product(world: World, role: UserRole) -> None:
    vendor, moderator = await world.user(role), await world.user(UserRole.MODERATOR)
    admin, buyer = await world.user(UserRole.ADMIN), await world.user()
    product, item = await submission(vendor, moderator)
    for document in (PUBLISH, REJECT):
        values = {"id": product, "key": key()}
        remark = {"remark": "No."} if document == REJECT else {}
        assert await vendor.client.refused(document, **values, **remark) == "FORBIDDEN"
    for verdict in ("APPROVED", "REJECTED", "REMOVED", "ESCALATED"):
        values = {"id": item, "verdict": verdict, "note": "So.", "key": key()}
        assert await vendor.client.refused(DECIDE, **values) == "FORBIDDEN"
    assert await vendor.client.refused(ASSIGN, id=item, to=None, key=key()) == "FORBIDDEN"
    assert await admin.client.refused(ASSIGN, id=item, to=vendor.id, key=key()) == "FORBIDDEN"
    query = "query($id: ID!) { node(id: $id) { ... on ModerationItem { viewerCanDecide } } }"
    for person, may in ((vendor, False), (moderator, True)):
        assert (await person.client.run(query, id=item))["node"] == {"viewerCanDecide": may}
    assert (await status_of(moderator, product), await noted(world, item)) == (
        ("SUGGESTION", False),
        [],
    )

    await decide(moderator, item, "APPROVED", None)
    change = """mutation($id: ID!, $key: String!) { productUpdate(productId: $id, input: {
      title: "Unseen", clientKey: $key}) { product { id } errors { code } } }"""
    assert await vendor.client.refused(change, id=product, key=key()) == "CONFLICT"
    await decide(moderator, await report(buyer, product), "REMOVED")
    assert await vendor.client.refused(RESTORE, id=product, key=key()) == "FORBIDDEN"
    assert await noted(world, product) == ["productPublish", "productDelete"]


async def test_nobody_decides_about_a_report_of_themselves_or_their_own(world: World) -> None:
    ada = await world.user()
    moderator, admin = await world.user(UserRole.MODERATOR), await world.user(UserRole.ADMIN)
    (message,) = await world.say(moderator, await world.direct(ada, moderator), "You fool!")
    reports = [
        (await report(ada, message["id"]), moderator),
        (await report(ada, admin.id), admin),
        (await report(moderator, ada.id), moderator),
        (await report(admin, await world.group(ada)), admin),
    ]
    for item, concerned in reports:
        for verdict in ("APPROVED", "REMOVED", "ESCALATED"):
            values = {"id": item, "verdict": verdict, "note": "So.", "key": key()}
            assert await concerned.client.refused(DECIDE, **values) == "FORBIDDEN"
        assert await concerned.client.refused(ASSIGN, id=item, to=None, key=key()) == "FORBIDDEN"
        assert await noted(world, item) == []
    # Nor by removing the subject for another report: their own waits for somebody else.
    own = await report(admin, ada.id)
    await decide(admin, await report(await world.user(), ada.id), "REMOVED")
    waiting = [found["id"] for found in await items(admin, ada.id) if found["status"] == "PENDING"]
    assert waiting == [own]


async def test_same_key_decides_once_and_another_verdict_is_refused(world: World) -> None:
    ada, ben = await world.users(2)
    moderator = await world.user(UserRole.MODERATOR)
    item = await report(ben, ada.id)
    values = {"id": item, "note": "Fine.", "key": key()}
    for _ in range(2):
        decided = await moderator.client.mutate(DECIDE, verdict="APPROVED", **values)
        assert len(decided["moderationItem"]["decisions"]["nodes"]) == 1
    reused = await moderator.client.refused(DECIDE, verdict="ESCALATED", **values)
    assert reused == "CLIENT_KEY_REUSED"


async def test_queue_is_ordered_by_urgency_then_age(world: World) -> None:
    ada, *reporters = await world.users(4)
    moderator = await world.user(UserRole.MODERATOR)
    made = [await report(reporter, ada.id) for reporter in reporters]
    await decide(moderator, made[0], "ESCALATED")
    for direction, expected in (("ASC", [0, 2, 1]), ("DESC", [1, 2, 0])):
        order = {"field": "PRIORITY", "direction": direction}
        walked: list[str] = []
        after, more = None, True
        query = """query($id: ID!, $order: ModerationItemOrder!, $after: String) {
          moderationItems(first: 1, after: $after, filter: {subjectId: $id}, orderBy: $order) {
            nodes { id } pageInfo { endCursor hasNextPage } } }"""
        while more:
            variables = {"id": ada.id, "order": order, "after": after}
            page = (await moderator.client.run(query, **variables))["moderationItems"]
            walked += [node["id"] for node in page["nodes"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert walked == [made[n] for n in expected]


async def test_history_is_listed_by_moderator(world: World) -> None:
    ada, ben = await world.users(2)
    moderator, admin = await world.user(UserRole.MODERATOR), await world.user(UserRole.ADMIN)
    item = await report(ben, ada.id)
    await decide(moderator, item, "ESCALATED")
    await decide(admin, item, "APPROVED")
    query = """query($by: ID!, $verdicts: [ModerationVerdict!]) {
      moderationDecisions(filter: {moderatorId: $by, verdicts: $verdicts}) {
        nodes { verdict item { id } } } }"""
    for by, verdicts, expected in (
        (moderator, None, ["ESCALATED"]),
        (admin, ["APPROVED"], ["APPROVED"]),
        (admin, ["REMOVED"], []),
    ):
        found = await moderator.client.run(query, by=by.id, verdicts=verdicts)
        nodes = found["moderationDecisions"]["nodes"]
        assert nodes == [{"verdict": v, "item": {"id": item}} for v in expected]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE moderation_decisions SET note = 'Otherwise.'",
        "DELETE FROM moderation_decisions",
        "TRUNCATE moderation_decisions",
        "TRUNCATE moderation_queue CASCADE",
    ],
)
async def test_decisions_only_grow(world: World, statement: str) -> None:
    with pytest.raises(DBAPIError, match="only grows"):
        async with world.services.main.begin() as tx:
            await tx.execute(text(statement))
