"""Nothing that somebody left is anywhere once they are erased, and what is sealed never was."""

import logging
from uuid import uuid4

import pytest

from app.api.ids import uuid_of
from app.personal.erased import Erased
from tests.accounts.conftest import Desk
from tests.factories import GROUP_CREATE, SEND, START_DIRECT
from tests.personal.canaries import Canaries, expected, plant
from tests.personal.conftest import dump, finish
from tests.personal.test_erasure import ERASE, WHO
from tests.personal.test_profile import UPDATE


async def _found(desk: Desk, words: list[str]) -> set[tuple[str, str]]:
    return {
        (place, word) async for place, row in dump(desk.services) for word in words if word in row
    }


@pytest.mark.covers("B38", "E38")
@pytest.mark.timeout(180)
async def test_no_canary_outlives_its_account(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ada, ben = await desk.sign_up(), await desk.world.user()
    who = (await ada.client.run(WHO))["viewer"]["id"]
    public_id = uuid_of(who, "User", field=[])
    ((user_id,),) = await desk.sql("SELECT id FROM users WHERE public_id = :id", id=public_id)
    canaries = Canaries(Erased(user_id, public_id))
    # What staff and members decided about is in the audit, in the words that it had: see the docs.
    public = f"public{canaries.word}"[::-1]
    await ada.client.mutate(GROUP_CREATE, name=public, key=uuid4().hex)
    started = await ada.client.mutate(START_DIRECT, user=ben.id, key=uuid4().hex)
    talk = started["conversation"]["id"]
    sent = await ada.client.mutate(SEND, id=talk, text="Good morning", key=uuid4().hex)
    given = {"clientKey": uuid4().hex, "city": canaries.word, "name": canaries.word}
    await ada.client.mutate(UPDATE, id=who, input=given)
    await plant(desk.services, canaries, uuid_of(sent["message"]["id"], "Message", field=[]))
    assert canaries.planted == expected()
    canaries.secret += [ada.email, ada.email.split("@")[0]]

    everything = canaries.everything
    before = await _found(desk, everything)
    assert {place for place, word in before if word == canaries.word} >= {
        "auth.users",
        "auth.user_preferences",
        "main.messages",
        "mongo.messages",
        "mongo.conversations",
    }
    assert [
        found for found in before if any(secret in found[1] for secret in canaries.secret)
    ] == []

    await ada.client.mutate(ERASE, key=uuid4().hex)
    await finish(desk.services, public_id)

    assert await _found(desk, everything) == set()
    assert {place.split("_y")[0] for place, _ in await _found(desk, [public])} == {
        "main.audit_events"
    }
    # The tests' own mail server says whom it delivers to.
    said = [r.getMessage() for r in caplog.records if not r.name.startswith("mail.")]
    assert not [word for word in everything if word in "\n".join(said)]
