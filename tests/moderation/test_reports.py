"""Reports: what may be reported, once, as it was; and how many may wait."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from app.api.ids import global_id
from app.moderation.models import ModerationItem
from app.review.reports import MAX_OPEN
from app.users.models import UserRole
from tests.domains.marketplace import key, product_of
from tests.factories import Person, World
from tests.moderation.operations import REPORT, decide, items, report

pytestmark = pytest.mark.covers("A4")


async def _reports_of(world: World, person: Person) -> int:
    count = select(func.count()).where(ModerationItem.reported_by == person.user_id)
    async with world.services.main.begin() as tx:
        return (await tx.execute(count)).scalar_one()


async def test_message_is_shown_to_staff_as_it_was_reported_and_no_more(world: World) -> None:
    ada, ben = await world.users(2)
    moderator = await world.user(UserRole.MODERATOR)
    talk = await world.direct(ada, ben)
    _, message = await world.say(ada, talk, "Between us.", "You fool!")
    await report(ben, message["id"], "Rude.")

    (item,) = await items(moderator, message["id"])
    assert item["snapshot"] == {
        "title": None,
        "text": "You fool!",
        "media": [],
        "author": {"id": ada.id},
    }
    assert (item["reporter"], item["reason"]) == ({"id": ben.id}, "Rude.")
    assert (item["subjectKind"], item["subjectId"]) == ("MESSAGE", message["id"])
    assert item["subject"] is None  # they do not take part
    query = "query($id: ID!) { node(id: $id) { id } }"
    assert (await moderator.client.run(query, id=talk))["node"] is None


async def test_products_groups_and_users_are_reported(world: World) -> None:
    ada, ben = await world.users(2)
    moderator = await world.user(UserRole.MODERATOR)
    group = await world.group(ada, name="Readers")
    for subject, kind, title in ((group, "Group", "Readers"), (ada.id, "User", ada.name)):
        await report(ben, subject)
        (item,) = await items(moderator, subject)
        assert item["subject"] == {"__typename": kind}
        assert (item["snapshot"]["title"], item["isSubmission"]) == (title, False)
        assert item["snapshot"]["author"] == {"id": ada.id}
    product = await product_of(ada, title="Lamp")
    assert await ben.client.refused(REPORT, id=product, reason="x", key=key()) == "NOT_FOUND"
    await report(ada, product)
    (item,) = await items(moderator, product)
    assert item["snapshot"]["media"] == [{"url": "https://shop.example/lamp.png"}]


async def test_what_is_not_seen_or_is_nothing_is_not_found(world: World) -> None:
    ada, ben, eve = await world.users(3)
    (message,) = await world.say(ada, await world.direct(ada, ben), "Hello")
    for subject in (
        message["id"],
        global_id("Message", uuid4()),
        global_id("Group", "x"),
        global_id("Session", uuid4()),
        "?",
    ):
        refused = await eve.client.refused(REPORT, id=subject, reason="Odd.", key=key())
        assert refused == "NOT_FOUND"
    assert await eve.client.refused(REPORT, id=eve.id, reason="Odd.", key=key()) == "INVALID"
    assert await eve.client.refused(REPORT, id=ada.id, reason=" ", key=key()) == "REQUIRED"
    long = "x" * 2_001
    assert await eve.client.refused(REPORT, id=ada.id, reason=long, key=key()) == "TOO_LONG"
    assert await _reports_of(world, eve) == 0


async def test_one_report_of_a_subject_waits_for_each_reporter(world: World) -> None:
    ada, ben, eve = await world.users(3)
    admin = await world.user(UserRole.ADMIN)
    once = key()
    made = [
        (await ben.client.mutate(REPORT, id=ada.id, reason="Odd.", key=once))["moderationItem"][
            "id"
        ]
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert await ben.client.refused(REPORT, id=ada.id, reason="More.", key=once) == (
        "CLIENT_KEY_REUSED"
    )
    assert await ben.client.refused(REPORT, id=ada.id, reason="More.", key=key()) == "CONFLICT"
    await report(eve, ada.id)
    assert sorted(item["priority"] for item in await items(admin, ada.id)) == [0, 1]
    await decide(admin, made[0], "APPROVED")
    await report(ben, ada.id)


async def test_one_subject_has_one_id_however_it_is_spelled(world: World) -> None:
    ada, ben = await world.users(2)
    key_of_ada = str(ada.public_id)
    spellings = (key_of_ada.upper(), f"{{{key_of_ada}}}", ada.public_id.hex, ada.public_id.urn)
    for spelling in spellings:
        subject = global_id("User", spelling)
        assert await ben.client.refused(REPORT, id=subject, reason="Odd.", key=key()) == "NOT_FOUND"
        query = "query($id: ID!) { node(id: $id) { id } user(id: $id) { id } }"
        assert await ben.client.run(query, id=subject) == {"node": None, "user": None}
    assert await _reports_of(world, ben) == 0


async def test_many_reports_at_once_make_one(world: World) -> None:
    ada, ben = await world.users(2)
    answers = await asyncio.gather(
        *(ben.client.run(REPORT, id=ada.id, reason="Odd.", key=key()) for _ in range(8))
    )
    codes = [a["moderationItemReport"]["errors"] for a in answers]
    assert sum(not errors for errors in codes) == 1
    assert await _reports_of(world, ben) == 1


async def test_so_many_reports_of_a_user_wait_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_OPEN == 50
    monkeypatch.setattr("app.review.reports.MAX_OPEN", 3)
    ben, *others = await world.users(7)
    answers = await asyncio.gather(
        *(ben.client.run(REPORT, id=one.id, reason="Odd.", key=key()) for one in others)
    )
    refused = [
        a["moderationItemReport"]["errors"] for a in answers if a["moderationItemReport"]["errors"]
    ]
    assert [errors[0]["code"] for errors in refused] == ["CONFLICT"] * 3
    assert await _reports_of(world, ben) == 3


async def test_reporter_sees_what_became_of_it_and_not_by_whom(world: World) -> None:
    ada, ben, eve = await world.users(3)
    moderator = await world.user(UserRole.MODERATOR)
    await report(eve, ada.id)
    item = await report(ben, ada.id)
    await decide(moderator, item, "APPROVED")
    query = """query($id: ID!) { node(id: $id) { ... on ModerationItem {
      status reason priority assignee { id } snapshot { title } decisions { nodes { id } } } } }"""
    assert (await ben.client.run(query, id=item))["node"] == {
        "status": "RESOLVED",
        "reason": "Odd.",
        "priority": 0,  # that Eve has reported it is not his to know
        "assignee": None,
        "snapshot": None,
        "decisions": {"nodes": []},
    }
    assert (await ada.client.run(query, id=item))["node"] is None


async def test_a_reporter_sees_what_became_of_their_reports(world: World) -> None:
    ada, ben = await world.users(2)
    moderator = await world.user(UserRole.MODERATOR)
    query = """query($id: ID!, $first: Int, $after: String) { user(id: $id) {
      reports(first: $first, after: $after) {
        nodes { subjectId reason status verdict assignee { id } decisions { nodes { note } }
          snapshot { text } }
        pageInfo { hasNextPage endCursor } } } }"""
    said = await world.say(ada, await world.direct(ada, ben), "One", "Two", "Three")
    subjects = [message["id"] for message in said]
    reported = [await report(ben, subject) for subject in subjects]
    await decide(moderator, reported[0], "REMOVED", "Spam of the worst kind.")
    await decide(moderator, reported[1], "APPROVED")

    first = (await ben.client.run(query, id=ben.id, first=2))["user"]["reports"]
    rest = await ben.client.run(query, id=ben.id, first=2, after=first["pageInfo"]["endCursor"])
    found = first["nodes"] + rest["user"]["reports"]["nodes"]

    assert [(item["subjectId"], item["status"], item["verdict"]) for item in found] == [
        (subjects[2], "PENDING", None),
        (subjects[1], "RESOLVED", "APPROVED"),
        (subjects[0], "RESOLVED", "REMOVED"),
    ]
    for item in found:
        assert item["assignee"] is item["snapshot"] is None
        assert item["decisions"]["nodes"] == []
    assert first["pageInfo"]["hasNextPage"]
    for other in (ada, moderator):
        assert (await other.client.run(query, id=ben.id))["user"]["reports"] is None
    assert (await ada.client.run(query, id=ada.id))["user"]["reports"]["nodes"] == []
