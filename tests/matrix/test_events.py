"""Events suffice: after every mutation, screens kept by events show what a fresh fetch would.

The idea is Zulip's `verify_action`. A mutation is called as its rule in the matrix has it; one that
no event tells of is listed here, with the reason.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from string import Template
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.api.ids import key_of, uuid_of
from app.chat.queries import message_cursor
from app.feeds.live import fact_cursor
from app.feeds.log import heads
from app.groups.facts import group_feed
from app.moderation.queue import FEED
from app.products.models import Product
from app.products.rows import vendor_feed
from app.scheduled.streams import scheduled_feed
from app.services import Services
from tests.chat.operations import PIN, REACT
from tests.factories import Person
from tests.matrix import screens
from tests.matrix.asking import fields, filled
from tests.matrix.columns import DONE, MEMBER, MODERATOR, OWNER, ROLES, STRANGER
from tests.matrix.device import Device, Screen, opened
from tests.matrix.estate import Estate
from tests.matrix.operations import START_ASSISTANT
from tests.matrix.rules.mutations import MUTATIONS
from tests.matrix.targets import aimed

_ASKER = "what it gives is for the device that asks, and on no screen"
_GROWS = "what grows has a stream of its own: tests/answers shows that it is told"
UNTOLD = {
    **dict.fromkeys(("answerStart", "answerAppend", "answerCancel"), _GROWS),
    "authCodeRequest": _ASKER,
    "authCodeVerify": "needs a mailbox: tests/accounts shows that it is told",
    "authTokenRefresh": _ASKER,
    "attachmentCreate": "a file is on a screen once a message shows it",
    "conversationTyping": "is forgotten within seconds: tests/presence shows that it is told",
    "dataExportRequest": _ASKER,
    "accountErase": "needs a fresh session: tests/personal shows that it is told",
    **dict.fromkeys(
        ("userEmailChangeRequest", "userEmailChange"),
        "need a fresh session and a mailbox: tests/accounts shows that the change is told",
    ),
    "serviceAccountCreate": "admins find programs among all users, whom nobody follows",
    "serviceKeyCreate": "a program's keys are on no screen but an admin's, who fetches them",
}
# Cases that write, but change nothing that anybody here has on a screen.
_UNSEEN = {
    ("groupJoin", "by invitation"),  # who may belongs already
    ("groupJoin", "a private one"),
    ("userUpdate", "somebody"),  # nobody but they themselves sees it, and they have no device here
}
CASES = [
    (field, case)
    for field, cases in MUTATIONS.items()
    if field not in UNTOLD
    for case, ask in cases.items()
    if DONE in ask.row.values() and (field, case) not in _UNSEEN
]
# What has to be before there is something to change.
_FIRST = {
    "messageReactionRemove": REACT,
    "messageUnpin": PIN,
}
# Who has something to change, where that is not whoever the rule names first.
_ACTORS = {
    "conversationMarkRead": MEMBER,
    "groupJoin": STRANGER,
    "groupInvitationLinkUse": STRANGER,
}
_OWN = {"viewer", "invitations", "preferences", "inbox", "products", "later", "queue"}
# What has a screen of its own, by the words that lead to it; and whom other words concern.
_TARGETS = {
    "group": ("choir", "commons", "lair"),
    "product": ("draft", "suggestion", "shown", "bin"),
    "conversation": ("song", "duet", "stage"),
}
_USERS = ("account", "locked", "outsider")
_CONCERNED = {"outsider": "outsider", STRANGER: "bid"}

_LISTEN = """mutation($id: ID!, $key: String!) { conversationSettingsUpdate(conversationId: $id,
  input: {isArchived: false, clientKey: $key}) { errors { code } } }"""


def test_every_mutation_is_told_or_says_why_not() -> None:
    assert {field for field, _ in CASES} | UNTOLD.keys() == fields("Mutation").keys()
    assert not {field for field, _ in CASES} & UNTOLD.keys()


@pytest.mark.parametrize(("field", "case"), CASES)
async def test_events_keep_every_screen_true(
    field: str, case: str, workshop: Estate, services: Services
) -> None:
    ask = MUTATIONS[field][case]
    words = await aimed(workshop, ask.arguments)
    new = words.keys() - workshop.words.keys() | set(Template(ask.arguments).get_identifiers())
    aims = {kind: words[i] for kind, names in _TARGETS.items() for i in names if i in new}
    users = [words[i] for i in _USERS if i in new]
    able = [role for role in (OWNER, MEMBER, *ROLES) if ask.row[role] == DONE]
    actor = _ACTORS.get(field, able[0])
    if field in _FIRST:
        first = {"emoji": "👍"} if field == "messageReactionRemove" else {}
        given = {"id": words["mi"], "key": uuid4().hex}
        await workshop.people[actor].client.mutate(_FIRST[field], **given, **first)
    others = [name for name, word in _CONCERNED.items() if word in new]
    people = [
        workshop.people[name] for name in dict.fromkeys((actor, OWNER, MEMBER, MODERATOR, *others))
    ]
    key = {"key": uuid4().hex, "self": workshop.people[actor].id}
    document = f"mutation {{ {field}{filled(ask.arguments, words | key)} {{ errors {{ code }} }} }}"
    async with AsyncExitStack() as stack:
        devices = []
        for person in [*people, await workshop.world.user()]:
            shown = await _screens(services, person, aims, [*users, *(one.id for one in people)])
            devices.append(await stack.enter_async_context(_listening(person, shown)))
        *_, stranger = devices
        before = [await device.agrees() for device in devices]
        told = dict(stranger.told)

        await workshop.people[actor].client.mutate(document)

        after = [await device.agrees() for device in devices]
        assert after[:-1] != before[:-1], "no screen has changed: the check proves nothing"
        assert {name: stranger.told[name] for name in _OWN & told.keys()} == {
            name: told[name] for name in _OWN & told.keys()
        }


async def _screens(
    services: Services, person: Person, aims: dict[str, str], users: list[str]
) -> dict[str, Screen]:
    """Every screen that somebody may try to open, each to be kept true from now on."""
    own, later = vendor_feed(person.user_id), scheduled_feed(person.user_id)
    shown = {
        "viewer": screens.viewer(),
        "invitations": screens.invitations(),
        "preferences": screens.preferences(),
        "inbox": screens.inbox(),
        "products": screens.products(await _end(services, own)),
        "later": screens.later(await _end(services, later)),
        "people": screens.people(users),
    }
    if person.viewer.is_staff:
        shown["queue"] = screens.queue(await _end(services, FEED))
    if group := aims.get("group"):
        feed = group_feed(uuid_of(group, "Group", field=[]))
        shown["group"] = screens.group(group, await _end(services, feed))
    if product := aims.get("product"):
        vendor = select(Product.vendor_id).where(Product.id == key_of(product, "Product", field=[]))
        async with services.main.begin() as tx:
            feed = vendor_feed((await tx.execute(vendor)).scalar_one())
        shown["product"] = screens.product(product, await _end(services, feed))
    if talk := aims.get("conversation"):
        conversation = uuid_of(talk, "Conversation", field=[])
        seq = (await services.chat.heads([conversation]))[conversation]
        shown["conversation"] = screens.conversation(talk, message_cursor(conversation, seq, 0))
    return shown


async def _end(services: Services, feed: str) -> str:
    return fact_cursor(feed, (await heads(services.main, [feed])).get(feed, 0))


@asynccontextmanager
async def _listening(person: Person, shown: dict[str, Screen]) -> AsyncIterator[Device]:
    """A device that hears everything; of its inbox it is sure once something of it was told."""
    made = await person.client.mutate(START_ASSISTANT, title="Notes", key=uuid4().hex)
    notes = made["conversation"]["id"]
    async with opened(person.client, shown) as device:
        while "inbox" not in device.told:
            await person.client.mutate(_LISTEN, id=notes, key=uuid4().hex)
            with suppress(TimeoutError):
                await device.until(lambda: "inbox" in device.told, seconds=0.5)
        yield device
