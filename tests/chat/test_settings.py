"""How somebody keeps a conversation: theirs alone, on every device, the last change stays."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.api.ids import uuid_of
from app.chat import settings as keeping
from app.chat.log import MemberState
from app.chat.models import ConversationMember
from app.services import Services
from tests.factories import MEMBER_ADD, MEMBER_REMOVE, Person, World
from tests.subscriptions.streams import INBOX, is_followed

KEEP = """mutation($id: ID!, $input: ConversationSettingsUpdateInput!) {
  conversationSettingsUpdate(conversationId: $id, input: $input) {
    conversation { isArchived isMuted mutedUntil isPinned pinnedAt }
    errors { code field message } } }"""
KEPT = """query($id: ID!) { conversation(id: $id) {
  isArchived isMuted mutedUntil isPinned pinnedAt unreadCount } }"""
UNTOUCHED = {
    "isArchived": False,
    "isMuted": False,
    "mutedUntil": None,
    "isPinned": False,
    "pinnedAt": None,
}
FUTURE = "2999-01-01T00:00:00Z"


async def keep(person: Person, talk: str, key: str | None = None, **changes: Any) -> Any:
    given = {**changes, "clientKey": key or uuid4().hex}
    return (await person.client.mutate(KEEP, id=talk, input=given))["conversation"]


async def refused(person: Person, talk: str, **changes: Any) -> str:
    given = {"clientKey": uuid4().hex, **changes}
    return await person.client.refused(KEEP, id=talk, input=given)


async def rows(services: Services, talk: str, person: Person) -> tuple[Any, Any]:
    """What both stores hold."""
    key = uuid_of(talk, "Conversation", field=[])
    m = ConversationMember
    names = (m.read_msg_no, m.is_archived, m.muted_until, m.pinned_at, m.settings_version)
    async with services.main.begin() as tx:
        found = await tx.execute(
            select(*names).filter_by(conversation_id=key, user_id=person.user_id)
        )
        row = MemberState(*found.one())
    states = await services.chat.member_states([key], person.user_id)
    return row, states.get(key, MemberState())


def same(one: MemberState, other: MemberState) -> bool:
    """MongoDB's times have milliseconds."""
    pinned = one.pinned_at and one.pinned_at.replace(
        microsecond=one.pinned_at.microsecond // 1000 * 1000
    )
    names = ("is_archived", "muted_until", "settings_version", "read_msg_no")
    return pinned == other.pinned_at and all(getattr(one, n) == getattr(other, n) for n in names)


@pytest.mark.covers("C6")
async def test_each_keeps_a_conversation_their_own_way(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)

    kept = await keep(me, talk, isArchived=True, isMuted=True, isPinned=True)

    pinned_at = kept.pop("pinnedAt")
    assert datetime.now(UTC) - datetime.fromisoformat(pinned_at) < timedelta(minutes=1)
    assert kept == {"isArchived": True, "isMuted": True, "mutedUntil": None, "isPinned": True}
    theirs = (await other.client.run(KEPT, id=talk))["conversation"]
    assert theirs == {**UNTOUCHED, "unreadCount": 0}
    assert same(*await rows(services, talk, me))
    assert (await keep(me, talk, isMuted=False))["isArchived"] is True
    assert (await keep(me, talk, isPinned=True))["pinnedAt"] == pinned_at
    assert await keep(me, talk, isArchived=False, isPinned=False) == UNTOUCHED
    assert same(*await rows(services, talk, me))


async def test_muted_until_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)

    kept = await keep(me, talk, mutedUntil=FUTURE)
    assert (kept["isMuted"], datetime.fromisoformat(kept["mutedUntil"])) == (
        True,
        datetime.fromisoformat(FUTURE),
    )
    # Later: it is over.
    is_muted, later_on = MemberState.is_muted, datetime(2999, 1, 2, tzinfo=UTC)
    monkeypatch.setattr(MemberState, "is_muted", lambda state, _: is_muted(state, later_on))
    later = (await me.client.run(KEPT, id=talk))["conversation"]
    assert (later["isMuted"], later["mutedUntil"]) == (False, None)


async def test_settings_and_reading_do_not_undo_each_other(
    world: World, services: Services
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    await world.say(other, talk, "a", "b")
    read = """mutation($id: ID!) { conversationMarkRead(conversationId: $id,
      input: {clientKey: "r"}) { conversation { unreadCount } errors { code } } }"""

    await asyncio.gather(
        keep(me, talk, isArchived=True),
        me.client.mutate(read, id=talk),
        keep(me, talk, isPinned=True),
        keep(me, talk, mutedUntil=FUTURE),
    )

    kept = (await me.client.run(KEPT, id=talk))["conversation"]
    assert (kept["isArchived"], kept["isMuted"], kept["isPinned"]) == (True, True, True)
    assert kept["unreadCount"] == 0
    assert same(*await rows(services, talk, me))


async def test_concurrent_changes_end_alike_in_both_stores(
    world: World, services: Services
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)

    await asyncio.gather(
        *(keep(me, talk, isArchived=n % 2 == 0, isPinned=n % 3 == 0) for n in range(12))
    )

    row, state = await rows(services, talk, me)
    assert row.settings_version == 12
    assert same(row, state)


async def test_a_late_copy_of_settings_is_ignored(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    await keep(me, talk, isArchived=True)
    late, _ = await rows(services, talk, me)
    await keep(me, talk, isArchived=False)

    await services.chat.put_member_state(uuid_of(talk, "Conversation", field=[]), me.user_id, late)

    assert (await me.client.run(KEPT, id=talk))["conversation"]["isArchived"] is False


async def test_a_retry_does_nothing_twice(world: World) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    await keep(me, talk, key="k", isArchived=True)
    await keep(me, talk, isArchived=False)

    assert (await keep(me, talk, key="k", isArchived=True))["isArchived"] is False
    assert await refused(me, talk, clientKey="k", isArchived=False) == "CLIENT_KEY_REUSED"


async def test_pins_are_bounded_also_at_once(
    world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MAX_PINNED", 2)
    me, *others = await world.users(5)
    talks = [await world.direct(me, other) for other in others]

    answers = await asyncio.gather(
        *(
            me.client.run(KEEP, id=talk, input={"clientKey": uuid4().hex, "isPinned": True})
            for talk in talks
        )
    )

    errors = [a["conversationSettingsUpdate"]["errors"] for a in answers]
    assert sorted(e[0]["code"] for e in errors if e) == ["CONFLICT", "CONFLICT"]
    pinned = [t for t, e in zip(talks, errors, strict=True) if not e]
    assert (await keep(me, pinned[0], isPinned=True))["isPinned"] is True
    query = "{ conversations(filter: {isPinned: true}) { nodes { id } } }"
    found = (await me.client.run(query))["conversations"]["nodes"]
    assert {node["id"] for node in found} == set(pinned)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"mutedUntil": "2020-01-01T00:00:00Z"}, "INVALID"),
        ({"mutedUntil": FUTURE, "isMuted": False}, "INVALID"),
        ({"mutedUntil": None}, "REQUIRED"),
        ({"isPinned": None}, "REQUIRED"),
        ({"isArchived": True, "clientKey": ""}, "REQUIRED"),
    ],
)
async def test_a_wrong_change_is_refused_and_changes_nothing(
    world: World, services: Services, changes: dict[str, Any], code: str
) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)

    assert await refused(me, talk, **changes) == code
    assert await rows(services, talk, me) == (MemberState(), MemberState())


async def test_who_does_not_take_part_keeps_nothing(world: World, services: Services) -> None:
    me, former, stranger = await world.users(3)
    group = await world.group(me, former)
    talk = await world.conversation_of(me, group)
    await keep(former, talk, isPinned=True)
    await me.client.mutate(MEMBER_REMOVE, group=group, user=former.id, key="out")

    assert await refused(former, talk, isArchived=True) == "NOT_FOUND"
    assert await refused(stranger, talk, isArchived=True) == "NOT_FOUND"
    row, state = await rows(services, talk, former)
    assert (row.is_archived, state.is_archived) == (False, False)
    found = await former.client.run("{ conversations(filter: {isPinned: true}) { nodes { id } } }")
    assert found["conversations"]["nodes"] == []
    # Whoever comes back finds it as they kept it.
    await me.client.mutate(MEMBER_ADD, group=group, user=former.id, key="in")
    assert (await former.client.run(KEPT, id=talk))["conversation"]["isPinned"] is True


async def test_other_devices_are_told_and_nobody_else(world: World, services: Services) -> None:
    me, other = await world.users(2)
    talk = await world.direct(me, other)
    await world.say(other, talk, "hello")

    async with me.client.subscribe(INBOX) as mine, other.client.subscribe(INBOX) as theirs:
        await is_followed(services, talk)
        await keep(me, talk, isArchived=True)
        assert (await mine.next())["conversationId"] == talk
        await me.client.mutate(
            """mutation($id: ID!) { conversationMarkRead(conversationId: $id,
              input: {clientKey: "r"}) { errors { code } } }""",
            id=talk,
        )
        assert (await mine.next())["conversation"]["unreadCount"] == 0
        assert await mine.is_silent(0.1)
        assert await theirs.is_silent(0.1)
