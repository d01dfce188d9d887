"""Files that were reported: staff see them, nobody else does, and each opening is in the audit."""

from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from app.api.ids import uuid_of
from app.users.models import User, UserRole
from tests.accounts.test_decisions import NOTED
from tests.attachments.reported import EDIT_FILES, Case, address, opened, shown
from tests.attachments.test_uploads import refused
from tests.attachments.uploads import link, png, sent, uploaded
from tests.client import Client
from tests.domains.marketplace import key
from tests.factories import MEMBER_REMOVE, World
from tests.moderation.operations import items, report
from tests.security.conftest import Serving
from tests.security.conftest import serving as serving  # noqa: PLC0414 - a fixture

pytestmark = pytest.mark.covers("A4", "E13")


async def test_a_moderator_opens_what_was_reported_and_the_audit_tells(world: World) -> None:
    case = await Case(world).begin()
    staff, size = case.moderator, len(case.data)
    url = await shown(staff, case.message)

    whole = await case.get(url)
    part = await case.get(url, range="bytes=5-9")
    past = await case.get(url, range=f"bytes={size}-")
    known = await case.get(url, **{"if-none-match": whole.headers["etag"]})
    bare = await case.admin.client.http.get(url.partition("?")[0])

    assert (whole.status_code, whole.content) == (200, case.data)
    assert (part.status_code, part.content) == (206, case.data[5:10])
    assert part.headers["content-range"] == f"bytes 5-9/{size}"
    assert (past.status_code, known.status_code) == (416, 304)
    assert (bare.status_code, bare.content) == (200, case.data)
    people = [*[staff] * 4, case.admin]
    by_each = [(person.user_id, case.item, "127.0.0.1") for person in people]
    assert await opened(world, case.file) == by_each
    noted = (await case.admin.client.run(NOTED, id=case.item))["auditEvents"]["nodes"]
    assert {event["action"] for event in noted} == {"attachmentView"}
    told = noted[0]
    assert told["actor"] == {"id": case.admin.id}
    assert told["after"] == {"attachment": str(uuid_of(case.file, "Attachment", field=[]))}


async def test_it_opens_for_nobody_else(world: World) -> None:
    case = await Case(world).begin()
    service = await world.user(UserRole.SERVICE)
    for person in (case.eve, service):
        url = address(world, person, case.file)
        assert refused(await case.get(url)) == (404, "NOT_FOUND")
        bare = url.partition("?")[0]
        assert refused(await person.client.http.get(bare)) == (404, "NOT_FOUND")
    assert refused(await case.get(bare)) == (404, "NOT_FOUND")
    for person in (case.ada, case.ben):  # who take part, as before
        assert (await case.get(await link(person, case.message))).content == case.data
    assert await opened(world, case.file) == []


async def test_staff_whom_a_report_concerns_gain_nothing_by_it(world: World) -> None:
    owner = await world.user()
    author, reporter, other = [await world.user(UserRole.MODERATOR) for _ in range(3)]
    group = await world.group(owner, author, reporter)
    room = await world.conversation_of(owner, group)
    file = await uploaded(author, room, png())
    message = await sent(author, room, file)
    await report(reporter, message["id"])
    urls = [await shown(person, message) for person in (author, reporter)]
    async with httpx.AsyncClient(base_url=world.server_url) as browser:
        for url, person in zip(urls, (author, reporter), strict=True):
            assert (await browser.get(url)).status_code == 200  # as a member
            await owner.client.mutate(MEMBER_REMOVE, group=group, user=person.id, key=key())
            assert refused(await browser.get(url)) == (404, "NOT_FOUND")
        assert await opened(world, file) == []
        # Another one's report of the same does not concern who reported it, too.
        theirs = await report(owner, message["id"])
        assert refused(await browser.get(urls[0])) == (404, "NOT_FOUND")
        assert (await browser.get(urls[1])).status_code == 200
        assert (await browser.get(address(world, other, file))).status_code == 200
    assert [(who, item == theirs) for who, item, _ in await opened(world, file)] == [
        (reporter.user_id, True),
        (other.user_id, False),
    ]


async def test_only_what_the_snapshot_names_opens(world: World) -> None:
    case = await Case(world).begin(is_reported=False)
    ada, staff = case.ada, case.moderator
    before = await uploaded(ada, case.room, png())
    elsewhere = await sent(ada, case.room, before)
    assert refused(await case.get(address(world, staff, case.file))) == (404, "NOT_FOUND")
    web: list[dict[str, str]] = []
    edits = {"id": case.message["id"], "text": "No picture any more.", "files": web}
    await ada.client.mutate(EDIT_FILES, **edits, key=key())
    await report(case.ben, case.message["id"])
    (item,) = await items(staff, case.message["id"])
    assert item["snapshot"]["media"] == []
    for file in (case.file, before):
        assert refused(await case.get(address(world, staff, file))) == (404, "NOT_FOUND")
        assert await opened(world, file) == []
    await report(case.ben, elsewhere["id"])
    assert (await case.get(address(world, staff, before))).status_code == 200


async def test_what_was_reported_opens_also_when_the_message_says_something_else(
    world: World,
) -> None:
    case = await Case(world).begin()
    edits = {"id": case.message["id"], "text": "Nothing happened.", "files": []}
    made = await case.ada.client.mutate(EDIT_FILES, **edits, key=key())
    assert made["message"]["attachments"] == []
    assert (await case.get(await shown(case.moderator, case.message))).content == case.data


async def test_a_link_ends_with_its_time_and_with_the_office(world: World) -> None:
    case = await Case(world).begin()
    staff = case.moderator
    late = await case.get(address(world, staff, case.file, lifetime=-1))
    assert refused(late) == (401, "UNAUTHENTICATED")
    url = await shown(staff, case.message)
    assert (await case.get(url)).status_code == 200
    for values, answer in (
        ({"role": UserRole.USER}, (404, "NOT_FOUND")),
        ({"role": UserRole.MODERATOR, "is_active": False}, (401, "UNAUTHENTICATED")),
    ):
        async with world.services.auth.begin() as tx:
            await tx.execute(update(User).where(User.id == staff.user_id).values(values))
        assert refused(await case.get(url)) == answer
    assert len(await opened(world, case.file)) == 1


async def test_a_copied_link_shows_one_file_in_the_name_of_who_let_it_go(world: World) -> None:
    case = await Case(world).begin()
    second = await uploaded(case.ada, case.room, png())
    await report(case.ben, (await sent(case.ada, case.room, second))["id"])
    url = await shown(case.moderator, case.message)
    path, _, token = url.partition("?")

    assert (await case.eve.client.http.get(url)).content == case.data
    moved = address(world, case.moderator, second).partition("?")[0]
    for wrong in (f"{moved}?{token}", f"{path}?{token[:-2]}AA"):
        assert refused(await case.eve.client.http.get(wrong)) == (401, "UNAUTHENTICATED")

    assert [who for who, _, _ in await opened(world, case.file)] == [case.moderator.user_id]
    assert await opened(world, second) == []


async def test_an_opening_costs_as_a_mutation_and_is_not_noted_unless_paid(
    world: World, serving: Serving
) -> None:
    case = await Case(world).begin()
    path = address(world, case.admin, case.file).partition("?")[0]
    async with serving(rate_limit=140) as url, Client(url, case.admin.token) as client:
        answers = [await client.http.get(path) for _ in range(2)]
        left = [answer.headers["ratelimit"].split(";")[1] for answer in answers]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert left[0] == "r=20"
    assert refused(answers[1]) == (429, "RATE_LIMITED")
    assert len(await opened(world, case.file)) == 1


async def test_unknown_files_are_not_found_by_staff(world: World) -> None:
    staff = await world.user(UserRole.ADMIN)
    answer = await staff.client.http.get(f"/attachments/{uuid4()}")
    assert refused(answer) == (404, "NOT_FOUND")
