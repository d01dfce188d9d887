"""Every subscription, opened by everybody in each role: who is told, and of what."""

from collections import defaultdict
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest
from graphql import get_named_type

from app.services import Services
from tests.chat.operations import READ
from tests.client import Stream
from tests.matrix.asking import agrees, fields, filled, selection
from tests.matrix.columns import HIDDEN, MEMBER, OWNER, ROLES, SHOWN
from tests.matrix.estate import Estate
from tests.matrix.rules.roots import SUBSCRIPTIONS
from tests.matrix.rules.told import EVENTS, FACTS
from tests.matrix.talks import growing
from tests.presence.test_conversations import TYPING
from tests.subscriptions.streams import errors

CASES = [(field, case) for field, cases in SUBSCRIPTIONS.items() for case in cases]
# What has happened in the estate's conversation.
_HAPPENED = set(EVENTS) - {
    *("RefetchNeeded", "InboxEvent", "PresenceChanged", "ConversationPresence"),
    *("GroupInvitationsEvent", "ReceiptChanged"),
    *("PreferencesChanged", "ViewerChanged", "MessageDelta"),
}
PATIENCE = 40  # quarters of a second


def document(field: str, arguments: str, estate: Estate) -> str:
    kind = get_named_type(fields("Subscription")[field].type)
    asking = selection(kind, 1).replace("{", "{ is: __typename ", 1)
    return f"subscription {{ {field}{filled(arguments, estate.words)} {asking} }}"


async def told(estate: Estate, stream: Stream) -> dict[str, Any]:
    """The first event of a stream, which may not have begun when something is said."""
    for _ in range(PATIENCE):
        text = estate.secrets.plant(f"secret-live-{uuid4().hex}", OWNER, MEMBER)
        await estate.world.say(estate.people[OWNER], estate.words["talk"], text)
        try:
            return await stream.next(0.25)
        except TimeoutError:
            continue
    pytest.fail("the stream tells nothing")


async def drain(stream: Stream) -> None:
    """Read to the end of what there is: an event under way is cut off with its socket."""
    while not await stream.is_silent(0.2):
        pass


@pytest.mark.parametrize(("field", "case"), CASES)
async def test_a_stream_tells_whom_its_rule_says(field: str, case: str, estate: Estate) -> None:
    ask = SUBSCRIPTIONS[field][case]
    query = document(field, ask.arguments, estate)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(growing(estate))
        streams = {
            role: await stack.enter_async_context(estate.clients[role].subscribe(query))
            for role in ROLES
        }
        # Who is told first, so that the silence of the others means something.
        for role in sorted(ROLES, key=lambda role: ask.row[role] != SHOWN):
            if ask.row[role] == SHOWN:
                assert (await told(estate, streams[role]))["is"] in EVENTS | FACTS, role
            elif ask.row[role] == HIDDEN:
                assert await streams[role].is_silent(), role
            else:
                assert [code for code, _ in await errors(streams[role])] == [ask.row[role]], role
        for role in ROLES:
            if ask.row[role] == SHOWN:
                await drain(streams[role])


@pytest.mark.parametrize("role", [OWNER, MEMBER])
async def test_an_event_shows_every_field(
    role: str, estate: Estate, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, shown = estate.clients[role], defaultdict[str, set[str]](set)
    everything = document("conversationEvents", "conversationId: $talk, after: $start", estate)
    inbox = document("inbox", "after: $inbox", estate)

    def look(event: dict[str, Any]) -> None:
        shown[event["is"]] |= {name for name in event if agrees(event[name], SHOWN)}

    async with client.subscribe(everything) as stream:
        while not all(set(EVENTS[name]) <= shown[name] for name in _HAPPENED):
            look(await stream.next())
        (word,) = await estate.world.say(
            estate.people[OWNER],
            estate.words["talk"],
            estate.secrets.plant(f"secret-read-{uuid4().hex}", OWNER, MEMBER),
        )
        await estate.people[MEMBER].client.mutate(
            READ, id=estate.words["talk"], message=word["id"], key=uuid4().hex
        )
        while "ReceiptChanged" not in shown:
            look(await stream.next())
        await drain(stream)
    async with client.subscribe(inbox) as stream:
        look(await stream.next())
        await drain(stream)
    monkeypatch.setattr("app.chat.subscriptions._BACKLOG", 0)
    async with client.subscribe(everything) as stream:
        look(await stream.next())

    async with client.subscribe(document("groupInvitations", "", estate)) as stream:
        look(await stream.next())
    presence = document("presence", "userIds: [$owner, $member, $outsider]", estate)
    renamed = "mutation($key: String!, $id: ID!) { userUpdate(userId: $id, input: {"
    renamed += 'firstName: "Olga", clientKey: $key}) { errors { code } } }'
    async with client.subscribe(presence) as stream:
        look(await stream.next())
        words = {"id": estate.words[OWNER], "key": uuid4().hex}
        await estate.clients[OWNER].mutate(renamed, **words)
        while not set(EVENTS["PresenceChanged"]) <= shown["PresenceChanged"]:
            look(await stream.next())
    for own in ("preferencesChanged", "viewerChanged"):
        async with client.subscribe(document(own, "", estate)) as stream:
            look(await stream.next())
    deltas = document("messageDelta", "conversationId: $quiz", estate)
    async with growing(estate), client.subscribe(deltas) as stream:
        look(await stream.next())
    there = document("conversationPresence", "conversationId: $talk", estate)
    other = estate.clients[MEMBER if role == OWNER else OWNER]
    async with client.subscribe(there) as stream:
        look(await stream.next())
        await other.mutate(TYPING, id=estate.words["talk"], typing=True, key=uuid4().hex)
        while not set(EVENTS["ConversationPresence"]) <= shown["ConversationPresence"]:
            look(await stream.next())

    assert {name: set(rule) for name, rule in EVENTS.items()} == {
        name: found & set(EVENTS[name]) for name, found in shown.items()
    }
