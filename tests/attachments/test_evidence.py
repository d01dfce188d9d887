"""What becomes of a reported file when its message goes: kept a while, unless it is erased."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert

from app.attachments.commands import delete_files_of
from app.moderation.queries import EVIDENCE_KEPT
from app.personal.archive import write_archive
from app.personal.erased import Erased
from app.personal.models import Erasure
from app.users.models import UserRole
from tests.answers.operations import START_ASSISTANT
from tests.attachments.reported import Case, address, age, gone, opened, shown
from tests.attachments.test_uploads import refused
from tests.attachments.uploads import SEND_FILES, link, png, sent, uploaded
from tests.chat.operations import DELETE
from tests.domains.marketplace import key
from tests.factories import Person, World
from tests.moderation.operations import decide, items, report
from tests.personal.conftest import finish
from tests.personal.test_export import files

pytestmark = pytest.mark.covers("A4", "E13")


async def erase(town: World, person: Person) -> None:
    """Do every step of somebody's erasure."""
    who = {"user_id": person.user_id, "public_id": person.public_id}
    async with town.services.auth.begin() as tx:
        await tx.execute(insert(Erasure).values(who))
    await finish(town.services, person.public_id)


@pytest.mark.parametrize("verdict", ["APPROVED", "REMOVED"])
async def test_a_decided_item_goes_on_showing_its_files_and_keeps_them_a_while(
    verdict: str, town: World
) -> None:
    case = await Case(town).begin()
    urls = [await link(person, case.message) for person in (case.ada, case.ben)]
    await decide(case.moderator, case.item, verdict)
    if verdict == "APPROVED":
        await case.ada.client.mutate(DELETE, id=case.message["id"], key=key())
    assert not await gone(town, case.file)
    for staff in (case.moderator, case.admin):
        assert (await case.get(await shown(staff, case.message))).content == case.data
    for url in urls:
        assert refused(await case.get(url)) == (404, "NOT_FOUND")

    await age(town, case.item, EVIDENCE_KEPT + timedelta(minutes=1))
    assert await gone(town, case.file)
    assert refused(await case.get(await shown(case.admin, case.message))) == (404, "NOT_FOUND")


async def test_a_message_that_stays_shows_its_file_however_long_ago_it_was_decided(
    town: World,
) -> None:
    case = await Case(town).begin()
    await decide(case.moderator, case.item, "APPROVED")
    await age(town, case.item, 2 * EVIDENCE_KEPT)
    assert not await gone(town, case.file)
    assert (await case.get(await shown(case.moderator, case.message))).content == case.data


async def test_a_deleted_file_waits_for_the_decision_and_its_owner_does_not_learn_of_it(
    town: World,
) -> None:
    case = await Case(town).begin()
    ada, unreported = case.ada, await uploaded(case.ada, case.room, png())
    for message in (case.message, await sent(ada, case.room, unreported)):
        await ada.client.mutate(DELETE, id=message["id"], key=key())
    assert await gone(town, unreported)
    assert not await gone(town, case.file)
    assert (await case.get(await shown(case.moderator, case.message))).content == case.data

    for person in (ada, case.ben):
        assert refused(await case.get(address(town, person, case.file))) == (404, "NOT_FOUND")
    again = {"room": case.room, "files": [case.file], "key": key()}
    assert await ada.client.refused(SEND_FILES, **again) == "NOT_FOUND"
    owner = Erased(ada.user_id, ada.public_id)
    blocks = [block async for block in write_archive(town.services.eraser.stores, owner)]
    assert files(b"".join(blocks))["main/attachments.ndjson"] == []
    assert await uploaded(ada, case.room, png(7_990_000))  # of ten million bytes in all


async def test_an_erased_file_is_gone_whatever_was_reported(town: World) -> None:
    case = await Case(town).begin()
    url = await shown(case.moderator, case.message)
    assert (await case.get(url)).status_code == 200
    async with town.services.main.begin() as tx:
        await delete_files_of(tx, case.ada.user_id)
    assert refused(await case.get(url)) == (404, "NOT_FOUND")
    assert len(await opened(town, case.file)) == 1


@pytest.mark.covers("E38")
async def test_of_an_erased_account_no_report_shows_anything(town: World) -> None:
    case, assistant = await Case(town).begin(), await town.user(UserRole.SERVICE)
    given = {"assistant": assistant.id, "key": uuid4().hex}
    alone = (await case.ada.client.mutate(START_ASSISTANT, **given))["conversation"]["id"]
    answer = await uploaded(assistant, alone, png())
    answered = await sent(assistant, alone, answer)
    await report(case.ada, answered["id"])
    told = [(case.message, case.file), (answered, answer)]
    urls = [await shown(case.moderator, message) for message, _ in told]
    assert [(await case.get(url)).status_code for url in urls] == [200, 200]

    await erase(town, case.ada)

    for url, (message, file) in zip(urls, told, strict=True):
        assert refused(await case.get(url)) == (404, "NOT_FOUND")
        (item,) = await items(case.moderator, message["id"])
        assert item["snapshot"] is None
        assert await gone(town, file)
