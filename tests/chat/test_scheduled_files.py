"""What a message for later carries: kept for it alone until it is sent with it."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, func, select, text, update

from app.api.ids import uuid_of
from app.attachments.commands import UNUSED, collect, delete_files_of
from app.attachments.models import StoredAttachment
from app.chat.models import Message
from app.feeds.live import fact_cursor
from app.scheduled import sending
from app.scheduled.models import ScheduledMessage
from app.scheduled.sending import send_due
from app.scheduled.streams import scheduled_feed
from app.services import Services
from tests.attachments.uploads import SEND_FILES, announce, png, sent, uploaded
from tests.chat.operations import SCHEDULE
from tests.chat.scheduling import make_due, schedule, send_now, tomorrow
from tests.chat.test_scheduled import CANCEL, MINE
from tests.factories import MEMBER_ADD, MEMBER_REMOVE, Person, World

LINK = {"url": "https://files.example/a.pdf", "type": "FILE"}
CARRIED = "text attachments { url type } metadata"
UPDATE = f"""mutation($id: ID!, $input: ScheduledMessageUpdateInput!) {{
  scheduledMessageUpdate(scheduledMessageId: $id, input: $input) {{
    scheduledMessage {{ {CARRIED} state }} errors {{ code field message }} }} }}"""
WAITING = f"""query($id: ID!) {{ node(id: $id) {{ ... on ScheduledMessage {{
  {CARRIED} state failure message {{ {CARRIED} }} }} }} }}"""
SAID = f"""query($id: ID!) {{ conversation(id: $id) {{ messages(first: 50) {{
  nodes {{ {CARRIED} }} }} }} }}"""
TOLD = f"""subscription($after: String) {{ scheduledMessageEvents(after: $after) {{
  scheduledMessage {{ state {CARRIED} }} }} }}"""


async def waiting(person: Person, scheduled: str) -> Any:
    return (await person.client.run(WAITING, id=scheduled))["node"]


async def said(person: Person, talk: str) -> list[Any]:
    found = await person.client.run(SAID, id=talk)
    nodes: list[Any] = found["conversation"]["messages"]["nodes"]
    return nodes


async def change(person: Person, scheduled: str, **changes: Any) -> Any:
    given = {"clientKey": uuid4().hex, **changes}
    return (await person.client.mutate(UPDATE, id=scheduled, input=given))["scheduledMessage"]


async def refused(person: Person, scheduled: str, **changes: Any) -> str:
    given = {"clientKey": uuid4().hex, **changes}
    return await person.client.refused(UPDATE, id=scheduled, input=given)


async def cancel(person: Person, scheduled: str) -> None:
    await person.client.mutate(CANCEL, id=scheduled, key=uuid4().hex)


def key_of(file: str) -> UUID:
    return uuid_of(file, "Attachment", field=[])


async def row(services: Services, file: str) -> Any:
    """What the table has of a file; None if it is gone."""
    columns = StoredAttachment.state, StoredAttachment.scheduled_id, StoredAttachment.message_id
    async with services.main.begin() as tx:
        found = await tx.execute(select(*columns).where(StoredAttachment.id == key_of(file)))
        return found.first()


async def age(services: Services, person: Person) -> None:
    """Let a day pass for somebody's files, and sweep."""
    stored = StoredAttachment
    aged = update(stored).where(stored.owner_id == person.user_id)
    then = {"created_at": stored.created_at - UNUSED, "freed_at": stored.freed_at - UNUSED}
    async with services.main.begin() as tx:
        await tx.execute(aged.values(then))
    await collect(services.main, services.files)


async def attempts(services: Services, person: Person) -> tuple[int, int]:
    """How many messages somebody has scheduled, and how many events tell of them."""
    facts = text("SELECT count(*) FROM feed_entries WHERE feed = :feed")
    scheduled = select(func.count()).where(ScheduledMessage.sender_id == person.user_id)
    async with services.main.begin() as tx:
        told = await tx.execute(facts, {"feed": scheduled_feed(person.user_id)})
        return (await tx.execute(scheduled)).scalar_one(), told.scalar_one()


@pytest.mark.covers("E11", "C7")
async def test_it_is_sent_with_all_that_it_carries(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    data = png(500)
    file = await uploaded(me, talk, data)
    note = {"colour": "blue", "sizes": [1, 2.5, None]}
    later = await schedule(me, talk, "Look", links=[LINK], files=[file, file], metadata=note)
    link, picture = later["attachments"]
    assert (link, picture["type"], later["metadata"]) == (LINK, "IMAGE", note)
    bare = picture["url"].partition("?")[0]
    assert (await me.client.http.get(picture["url"])).content == data
    assert (await other.client.http.get(bare)).status_code == 404

    await send_now(services, later["id"])

    (message,) = await said(other, talk)
    assert (message["text"], message["metadata"]) == ("Look", note)
    assert [item["type"] for item in message["attachments"]] == ["FILE", "IMAGE"]
    assert message["attachments"][0] == LINK
    assert (await other.client.http.get(message["attachments"][1]["url"])).content == data
    done = await waiting(me, later["id"])
    assert done["message"]["metadata"] == note
    assert (done["text"], done["attachments"], done["metadata"]) == (None, [], {})


async def test_devices_are_told_of_what_it_carries(world: World) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    file = await uploaded(me, talk, png())
    start = fact_cursor(scheduled_feed(me.user_id), 0)
    async with me.client.subscribe(TOLD, after=start) as stream:
        later = await schedule(me, talk, None, files=[file], metadata={"n": 1})
        told = (await stream.next())["scheduledMessage"]
        assert (told["text"], told["metadata"]) == (None, {"n": 1})
        assert [item["type"] for item in told["attachments"]] == ["IMAGE"]
        await change(me, later["id"], text="Links", attachments=[LINK], attachmentIds=[])
        told = (await stream.next())["scheduledMessage"]
        assert (told["text"], told["attachments"]) == ("Links", [LINK])
        await cancel(me, later["id"])
        told = (await stream.next())["scheduledMessage"]
        assert told == {"state": "CANCELLED", "text": None, "attachments": [], "metadata": {}}


async def test_what_is_left_out_of_a_change_stays(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    first, second = await uploaded(me, talk, png()), await uploaded(me, talk, png(9))
    later = await schedule(me, talk, "Look", links=[LINK], files=[first], metadata={"n": 1})

    async def now(**changes: Any) -> tuple[Any, ...]:
        found = await change(me, later["id"], **changes)
        kinds = [item["type"] for item in found["attachments"]]
        return found["text"], kinds, found["metadata"]

    assert await now(sendAt=tomorrow()) == ("Look", ["FILE", "IMAGE"], {"n": 1})
    assert await now(text=None) == (None, ["FILE", "IMAGE"], {"n": 1})
    assert await now(metadata={}) == (None, ["FILE", "IMAGE"], {})
    assert await now(attachments=[]) == (None, ["IMAGE"], {})
    assert await now(attachmentIds=[second]) == (None, ["IMAGE"], {})
    assert await refused(me, later["id"], attachmentIds=[]) == "REQUIRED"  # nothing would be said
    for name in ("attachments", "attachmentIds", "metadata"):
        assert await refused(me, later["id"], **{name: None}) == "REQUIRED"
    assert await now(attachments=[LINK]) == (None, ["FILE", "IMAGE"], {})
    await sent(me, talk, first)  # which it has let go
    await send_now(services, later["id"])
    _, message = await said(other, talk)
    seen = await other.client.http.get(message["attachments"][1]["url"])
    assert seen.content == png(9)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"text": None}, "REQUIRED"),
        ({"text": None, "metadata": {"n": 1}}, "REQUIRED"),
        ({"links": [LINK] * 21}, "TOO_LONG"),
        ({"links": [{"url": "javascript:alert(1)", "type": "FILE"}]}, "INVALID"),
        ({"metadata": [1]}, "INVALID"),
        ({"metadata": {"n": 2**64}}, "INVALID"),
        ({"metadata": {"n": "x" * 9_000}}, "TOO_LONG"),
    ],
)
async def test_what_no_message_may_carry_is_refused_when_it_is_scheduled(
    given: dict[str, Any], code: str, world: World, services: Services
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    later = await schedule(me, talk)
    before = await attempts(services, me), await waiting(me, later["id"])
    asked = {"id": talk, "text": "Hm", "at": tomorrow(), "key": uuid4().hex, **given}
    assert await me.client.refused(SCHEDULE, **asked) == code
    names = {"links": "attachments"}
    changes = {names.get(name, name): value for name, value in given.items()}
    assert await refused(me, later["id"], **changes) == code
    assert (await attempts(services, me), await waiting(me, later["id"])) == before


async def test_a_retry_with_other_files_is_refused(world: World) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    file = await uploaded(me, talk, png())
    asked = {"id": talk, "at": tomorrow(), "key": "k", "files": [file]}
    made = await asyncio.gather(*(me.client.mutate(SCHEDULE, **asked) for _ in range(4)))
    assert len({one["scheduledMessage"]["id"] for one in made}) == 1
    others: list[dict[str, Any]] = [{"text": "x", "files": []}, {"links": [LINK]}]
    for changed in (*others, {"metadata": {"n": 1}}):
        assert await me.client.refused(SCHEDULE, **{**asked, **changed}) == "CLIENT_KEY_REUSED"


async def test_a_file_is_the_sender_s_and_of_the_conversation(
    world: World, services: Services
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    elsewhere = await world.conversation_of(me, await world.group(me))
    later = await schedule(me, talk)
    before = await attempts(services, me)
    wrong = [
        await uploaded(other, talk, png()),
        await uploaded(me, elsewhere, png()),
        (await announce(me, talk, 10))["id"],  # its bytes are not there
        me.id,
    ]
    for file in wrong:
        asked = {"id": talk, "text": "Hm", "at": tomorrow(), "key": uuid4().hex, "files": [file]}
        assert await me.client.refused(SCHEDULE, **asked) == "NOT_FOUND"
        assert await refused(me, later["id"], attachmentIds=[file]) == "NOT_FOUND"
    assert await attempts(services, me) == before
    for file in wrong[:3]:
        assert (await row(services, file)).scheduled_id is None


async def test_a_file_that_waits_is_in_no_other_message(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    file = await uploaded(me, talk, png())
    later, second = await schedule(me, talk, files=[file]), await schedule(me, talk)
    before = await row(services, file), await attempts(services, me)

    async def everywhere() -> list[str]:
        asked = {"id": talk, "text": "Hm", "at": tomorrow(), "key": uuid4().hex, "files": [file]}
        send = {"room": talk, "files": [file], "key": uuid4().hex}
        return [
            await me.client.refused(SEND_FILES, **send),
            await me.client.refused(SCHEDULE, **asked),
            await refused(me, second["id"], attachmentIds=[file]),
        ]

    assert await everywhere() == ["CONFLICT"] * 3
    assert (await row(services, file), await attempts(services, me)) == before
    assert await said(me, talk) == []
    await send_now(services, later["id"])
    assert await everywhere() == ["CONFLICT"] * 3


async def test_of_all_who_want_a_file_one_gets_it(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    for _ in range(4):
        file = await uploaded(me, talk, png())
        second = (await schedule(me, talk))["id"]
        asked = {"id": talk, "at": tomorrow(), "files": [file]}
        change = {"attachmentIds": [file], "clientKey": uuid4().hex}
        done = await asyncio.gather(
            *(me.client.run(SCHEDULE, key=uuid4().hex, **asked) for _ in range(3)),
            *(
                me.client.run(SEND_FILES, room=talk, files=[file], key=uuid4().hex)
                for _ in range(3)
            ),
            me.client.run(UPDATE, id=second, input=change),
        )
        errors = [payload["errors"] for one in done for payload in one.values()]
        assert sorted([error["code"] for error in found] for found in errors) == [
            [],
            *[["CONFLICT"]] * 6,
        ]
    async with services.main.begin() as tx:
        have = 0
        for table in (Message, ScheduledMessage):
            with_files = table.sender_id == me.user_id, table.attachments != []
            found = await tx.execute(select(func.count()).select_from(table).where(*with_files))
            have += found.scalar_one()
    assert have == 4


async def claimed(services: Services, file: str) -> None:
    """Wait until a message has claimed a file."""
    async with asyncio.timeout(10):
        while (await row(services, file)).message_id is None:  # noqa: ASYNC110 - a process ends it
            await asyncio.sleep(0.01)


async def test_a_send_under_way_loses_its_file_to_what_is_scheduled_and_says_so(
    world: World, services: Services
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    file = await uploaded(me, talk, png())
    held = text("SELECT FROM conversation_heads WHERE conversation_id = :id FOR UPDATE")
    async with services.main.begin() as tx:
        await tx.execute(held, {"id": uuid_of(talk, "Conversation", field=[])})
        send = {"room": talk, "files": [file], "key": "send"}
        under_way = asyncio.create_task(me.client.refused(SEND_FILES, **send))
        await claimed(services, file)
        later = await schedule(me, talk, files=[file])
    assert await under_way == "CONFLICT"
    assert await said(other, talk) == []
    await send_now(services, later["id"])
    assert len(await said(other, talk)) == 1


async def test_a_file_is_kept_while_it_waits_and_a_day_after(
    world: World, services: Services
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    files = [await uploaded(me, talk, png(n)) for n in range(4)]
    kept, cancelled, taken_out, _ = files
    later = await schedule(me, talk, files=[kept, taken_out])
    gone = await schedule(me, talk, files=[cancelled])
    await age(services, me)
    assert [await row(services, file) is not None for file in files] == [True, True, True, False]

    await cancel(me, gone["id"])
    await change(me, later["id"], attachmentIds=[kept])
    await collect(services.main, services.files)
    assert all([await row(services, file) for file in (kept, cancelled, taken_out)])
    await sent(me, talk, cancelled)
    await age(services, me)
    assert await row(services, taken_out) is None
    await send_now(services, later["id"])
    await age(services, me)
    assert [(await row(services, file)).state for file in (kept, cancelled)] == ["attached"] * 2
    _, message = await said(other, talk)
    assert (await other.client.http.get(message["attachments"][0]["url"])).content == png(0)


async def test_what_keeps_a_file_takes_it_along(world: World, services: Services) -> None:
    """Where the row goes, as with an account that is erased or a conversation, the file follows."""
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    first, second = await uploaded(me, talk, png()), await uploaded(me, talk, png())
    await schedule(me, talk, files=[first])
    async with services.main.begin() as tx:
        mine = ScheduledMessage.sender_id == me.user_id
        await tx.execute(delete(ScheduledMessage).where(mine))
    assert (await row(services, first)).scheduled_id is None
    await schedule(me, talk, files=[second])
    async with services.main.begin() as tx:
        await delete_files_of(tx, me.user_id)
    await collect(services.main, services.files)
    assert [await row(services, file) for file in (first, second)] == [None, None]


async def test_what_could_not_be_sent_keeps_its_files_for_another_time(
    world: World, services: Services
) -> None:
    owner, member = await world.users(2)
    group = await world.group(owner, member)
    talk = await world.conversation_of(owner, group)
    file = await uploaded(member, talk, png())
    later = await schedule(member, talk, None, files=[file], metadata={"n": 1})
    await owner.client.mutate(MEMBER_REMOVE, group=group, user=member.id, key=uuid4().hex)
    await send_now(services, later["id"])
    failed = await waiting(member, later["id"])
    assert (failed["failure"], failed["metadata"]) == ("NOT_FOUND", {"n": 1})
    assert len(failed["attachments"]) == 1
    await age(services, member)

    await owner.client.mutate(MEMBER_ADD, group=group, user=member.id, key=uuid4().hex)
    assert (await change(member, later["id"], sendAt=tomorrow()))["state"] == "WAITING"
    await send_now(services, later["id"])
    (message,) = await said(owner, talk)
    assert (await owner.client.http.get(message["attachments"][0]["url"])).content == png()


class Died(BaseException):
    """Nothing more happens in this process."""


async def die(*_: Any, **__: Any) -> Any:
    raise Died


async def test_it_is_sent_once_however_often_the_process_dies(
    world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    file = await uploaded(me, talk, png())
    later = (await schedule(me, talk, None, files=[file], links=[LINK]))["id"]
    steps: list[tuple[Any, str]] = [
        (sending, "send_message"),
        (services.chat, "send"),  # the file is claimed
        (services.chat, "_show"),  # the message is in one store
        (sending, "_note"),
        (sending, "_note"),
    ]
    for step in steps:
        await make_due(services, later)
        with monkeypatch.context() as patch:
            patch.setattr(*step, die)
            with pytest.raises(Died):
                await send_due(services)
        assert (await waiting(me, later))["state"] == "SENDING"
        await age(services, me)
    await send_now(services, later)
    assert (await waiting(me, later))["state"] == "SENT"
    (message,) = await said(other, talk)
    assert [item["type"] for item in message["attachments"]] == ["FILE", "IMAGE"]
    assert (await other.client.http.get(message["attachments"][1]["url"])).content == png()
    stored = await row(services, file)
    assert (stored.state, stored.scheduled_id) == ("attached", None)


async def test_who_takes_its_key_gets_the_file_back(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    file = await uploaded(me, talk, png())
    later = (await schedule(me, talk, files=[file]))["id"]
    key = f"scheduled:{uuid_of(later, 'ScheduledMessage', field=[])}"
    await me.client.mutate(SEND_FILES, room=talk, files=[], text="Mine", key=key)
    await send_now(services, later)
    assert [message["text"] for message in await said(other, talk)] == ["Mine"]
    assert (await me.client.run(MINE))["viewer"]["scheduledMessages"]["nodes"] == []
    await sent(me, talk, file)
