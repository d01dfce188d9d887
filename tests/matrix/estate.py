"""The world of the matrix: somebody in each role, an object of each kind, and planted secrets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from secrets import randbelow, token_hex
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, update

from app.api.ids import global_id, uuid_of
from app.chat.models import Message
from app.feeds.live import fact_cursor
from app.groups.facts import group_feed
from app.moderation.queue import FEED
from app.products.rows import vendor_feed
from app.scheduled.streams import scheduled_feed
from app.users.models import UserRole, UserSession
from tests.answers.operations import CANCEL, appended, started
from tests.chat import operations as chat
from tests.chat.scheduling import schedule
from tests.client import Client
from tests.domains.marketplace import product_of
from tests.factories import (
    GROUP_CREATE,
    GROUP_DELETE,
    INVITE,
    LINK_CREATE,
    MEMBER_ADD,
    MEMBER_REMOVE,
    Person,
    World,
)
from tests.matrix.columns import (
    ADMIN,
    ANONYMOUS,
    FORMER,
    MEMBER,
    MODERATOR,
    OWNER,
    ROLES,
    SERVICE,
    STAFF,
    STRANGER,
)
from tests.matrix.watched import Secrets, WatchedClient
from tests.subscriptions.streams import EVENTS, INBOX, is_followed, start

_CLOSE = (OWNER, MEMBER)
_NAMED = ("outsider", "confidant", "scribe")
_VENDOR_AND_STAFF = (OWNER, *STAFF)
_OTHERS = (*(role for role in ROLES if role not in (ANONYMOUS, OWNER)), *_NAMED)
_DETAILS = [
    "contact_country_code",
    "city",
    "state",
    "country",
    "gender",
    "purpose_code",
    "nationality",
    "ethnicity",
    "qualification",
    "profession",
    "external_subject",
]

SUBMIT = """mutation($id: ID!, $key: String!) {
  productSubmit(productId: $id, input: {clientKey: $key}) { errors { code } } }"""
PUBLISH = """mutation($id: ID!, $key: String!) {
  productPublish(productId: $id, input: {clientKey: $key}) { errors { code } } }"""
DELETE = """mutation($id: ID!, $key: String!) {
  productDelete(productId: $id, input: {clientKey: $key}) { errors { code } } }"""
REJECT = """mutation($id: ID!, $key: String!, $remark: String!) {
  productReject(productId: $id, input: {clientKey: $key, remark: $remark}) { errors { code } } }"""
REPORT = """mutation($id: ID!, $reason: String!, $key: String!) {
  moderationItemReport(subjectId: $id, input: {reason: $reason, clientKey: $key}) {
    moderationItem { id } errors { code } } }"""
ASSIGN = """mutation($id: ID!, $key: String!) {
  moderationItemAssign(moderationItemId: $id, input: {clientKey: $key}) {
    moderationItem { id } errors { code } } }"""
DECIDE = """mutation($id: ID!, $verdict: ModerationVerdict!, $note: String, $key: String!) {
  moderationItemDecide(moderationItemId: $id, input: {
    verdict: $verdict, note: $note, clientKey: $key
  }) {
    moderationItem { decisions { nodes { id } } } errors { code } } }"""
SEND_FILE = """mutation($id: ID!, $text: String, $url: String!, $note: JSON, $key: String!) {
  messageSend(conversationId: $id, input: {
    text: $text, attachments: [{url: $url, type: FILE}], metadata: $note, clientKey: $key
  }) { message { id } errors { code } } }"""
KEEP = """mutation($id: ID!, $key: String!) {
  conversationSettingsUpdate(conversationId: $id, input: {
    mutedUntil: "2999-01-01T00:00:00Z", isPinned: true, clientKey: $key
  }) { errors { code } } }"""
DESCRIBE = """mutation(
  $id: ID!, $summary: String, $tags: [String!], $context: JSON, $key: String!
) {
  conversationUpdate(conversationId: $id, input: {
    summary: $summary, tags: $tags, context: $context, clientKey: $key
  }) { errors { code } } }"""
PREFER = """mutation($key: String!) { preferencesUpdate(input: {
  preferredModel: "a model", clientKey: $key}) { errors { code } } }"""
START_ASSISTANT = """mutation($title: String!, $key: String!) {
  conversationStart(input: {kind: ASSISTANT, title: $title, clientKey: $key}) {
    conversation { id } errors { code } } }"""


@dataclass(frozen=True, repr=False)
class Estate:
    """Who is there, and what.

    Attributes:
        people: By role, and some without one.
        clients: By role, each watched.
        words: What the rules' `$name` stand for: ids, cursors, and what to search for.
    """

    world: World
    people: dict[str, Person]
    clients: dict[str, WatchedClient]
    words: dict[str, str]
    secrets: Secrets

    async def close(self) -> None:
        """Close every client."""
        for client in self.clients.values():
            await client.http.aclose()
        await self.world.close()


async def settle(world: World) -> Estate:
    """Make an estate that no other test knows."""
    secrets = Secrets()
    people = await _people(world, secrets)
    clients = {
        role: WatchedClient(
            world.server_url, people[role].token if role in people else None, role, secrets
        )
        for role in ROLES
    }
    owner = people[OWNER]
    feeds = {
        "queue": FEED,
        "origin": vendor_feed(owner.user_id),
        "plans": scheduled_feed(owner.user_id),
    }
    words = {name: fact_cursor(feed, 0) for name, feed in feeds.items()}
    words |= {name: person.id for name, person in people.items()}
    address = next(iter(secrets.audiences))
    words |= {"name": owner.name, "address": address, "email": address.split("@")[0]}
    estate = Estate(world, people, clients, words, secrets)
    try:
        await owner.client.mutate(PREFER, key=uuid4().hex)
        for make in (
            _products,
            _groups,
            _ways_in,
            _talk,
            _quiz,
            _private,
            _audited,
            _moderated,
            _session,
        ):
            words |= await make(estate)
        for page, group in {"page": "group", "denPage": "den", "ruinPage": "ruin"}.items():
            feed = group_feed(uuid_of(words[group], "Group", field=[]))
            words[page] = fact_cursor(feed, 0)
        await world.settled_usage()
    except BaseException:
        await estate.close()
        raise
    return estate


def _secret(estate: Estate, what: str, *audience: str) -> str:
    return estate.secrets.plant(f"secret-{what}-{token_hex(6)}", *audience)


async def _people(world: World, secrets: Secrets) -> dict[str, Person]:
    # Far from the accounts that other tests make, so that whatever names one is of this estate.
    first = 10**8 + randbelow(8 * 10**8)

    def personal(what: str) -> str:
        return secrets.plant(f"secret-{what}-{token_hex(6)}", *_VENDOR_AND_STAFF)

    email = secrets.plant(f"secret-{token_hex(6)}@example.org", *_VENDOR_AND_STAFF)
    details: dict[str, Any] = {name: personal(name) for name in _DETAILS}
    number, pincode = 88 * 10**9 + randbelow(10**9), 71 * 10**6 + randbelow(10**6)
    for digits in (number, pincode):
        secrets.plant(str(digits), *_VENDOR_AND_STAFF)
    for dated in ("1899-03-17", "1998-07-06"):
        secrets.plant(dated, *_VENDOR_AND_STAFF)
    owner = await world.user(
        id=first,
        name=f"Owner {token_hex(4)}",
        username=f"owner-{token_hex(4)}",
        first_name="Olga",
        last_name="Owner",
        profile_image_url="https://people.example/olga.png",
        profile={"shop": "Olga's"},
        email=email,
        contact_number=number,
        pincode=pincode,
        dob=date(1899, 3, 17),
        last_login_at=datetime(1998, 7, 6, tzinfo=UTC),
        last_seen_at=datetime(1997, 5, 4, tzinfo=UTC),
        **details,
    )
    roles = {
        MODERATOR: UserRole.MODERATOR,
        ADMIN: UserRole.ADMIN,
        SERVICE: UserRole.SERVICE,
        "scribe": UserRole.SERVICE,
    }
    people = {OWNER: owner}
    for place, name in enumerate(_OTHERS, start=1):
        people[name] = await world.user(roles.get(name, UserRole.USER), id=first + place, name=name)
    return people


async def _products(estate: Estate) -> dict[str, str]:
    owner, moderator = estate.people[OWNER].client, estate.people[MODERATOR].client
    price = f"{10**8 + randbelow(10**8)}.25"
    title = _secret(estate, "title", *_VENDOR_AND_STAFF)
    address = _secret(estate, "address", *_VENDOR_AND_STAFF)
    picture = _secret(estate, "picture", *_VENDOR_AND_STAFF)
    rejected = await product_of(
        estate.people[OWNER],
        title=title,
        description=_secret(estate, "description", *_VENDOR_AND_STAFF),
        mrp=price,
        sellingPrice=estate.secrets.plant(price, *_VENDOR_AND_STAFF),
        productUrl=f"https://shop.example/{address}",
        media=[{"url": f"https://shop.example/{picture}.png", "type": "IMAGE"}],
    )
    published = await product_of(estate.people[OWNER])
    for product in (rejected, published):
        remark = _secret(estate, "remark", *STAFF)
        await owner.mutate(SUBMIT, id=product, key=uuid4().hex)
        await moderator.mutate(REJECT, id=product, remark=remark, key=uuid4().hex)
    await owner.mutate(SUBMIT, id=published, key=uuid4().hex)
    await moderator.mutate(PUBLISH, id=published, key=uuid4().hex)
    words = {"published": published, "rejected": rejected, "title": title, "price": price}
    return words | await _deleted(estate)


async def _deleted(estate: Estate) -> dict[str, str]:
    title = _secret(estate, "deleted", *_VENDOR_AND_STAFF)
    product = await product_of(estate.people[OWNER], title=title)
    await estate.people[OWNER].client.mutate(DELETE, id=product, key=uuid4().hex)
    return {"deleted": product, "deletedTitle": title}


async def _groups(estate: Estate) -> dict[str, str]:
    async def group(name: str, **around: str) -> str:
        made = await estate.people[OWNER].client.mutate(
            GROUP_CREATE, name=name, key=uuid4().hex, **around
        )
        group_id: str = made["group"]["id"]
        return group_id

    elders = await group("Elders")
    friends = await group("Friends", parent=elders, product=estate.words["published"])
    await group("Children", parent=friends)
    circle = await group("Circle", product=estate.words["rejected"])
    describe = """mutation($id: ID!, $key: String!) { groupUpdate(groupId: $id, input: {
      clientKey: $key, description: "We meet."}) { group { id } errors { code } } }"""
    for described in (friends, circle):
        await estate.people[OWNER].client.mutate(describe, id=described, key=uuid4().hex)
    return {"group": friends, "circle": circle}


async def _ways_in(estate: Estate) -> dict[str, str]:
    """Private groups and one that was deleted; whom the owner invites, and who invites them."""
    people, owner = estate.people, estate.people[OWNER]
    den_name = _secret(estate, "den", *_CLOSE, STRANGER, ADMIN)
    den = await hidden_group(estate.world, owner, den_name)
    for name in (MEMBER, FORMER):
        added = {"group": den, "user": people[name].id}
        await owner.client.mutate(MEMBER_ADD, **added, key=uuid4().hex)
    removed = {"group": den, "user": people[FORMER].id}
    await owner.client.mutate(MEMBER_REMOVE, **removed, key=uuid4().hex)
    hall_name = _secret(estate, "hall", *_CLOSE, ADMIN)
    made = await owner.client.mutate(GROUP_CREATE, name=hall_name, parent=den, key=uuid4().hex)
    ruin_name = _secret(estate, "ruin", *_CLOSE, ADMIN)
    ruin = await estate.world.group(owner, people[MEMBER], name=ruin_name)
    await owner.client.mutate(GROUP_DELETE, id=ruin, key=uuid4().hex)
    nook = await hidden_group(estate.world, people["confidant"], "Nook")
    await invite(people["confidant"], nook, owner)
    linked = await owner.client.mutate(
        LINK_CREATE, group=estate.words["group"], uses=5, key=uuid4().hex
    )
    return {
        "den": den,
        "denName": den_name,
        "hall": made["group"]["id"],
        "ruin": ruin,
        "invitation": await invite(owner, estate.words["group"], people["outsider"]),
        "bidden": await invite(owner, den, people[STRANGER]),
        "link": linked["groupInvitationLink"]["id"],
    }


async def hidden_group(world: World, owner: Person, name: str) -> str:
    """The id of a new private group."""
    group = await world.group(owner, name="Hidden")
    hide = """mutation($id: ID!, $name: String!, $key: String!) { groupUpdate(groupId: $id, input: {
      name: $name, visibility: PRIVATE, clientKey: $key}) { group { id } errors { code } } }"""
    await owner.client.mutate(hide, id=group, name=name, key=uuid4().hex)
    return group


async def invite(owner: Person, group: str, invited: Person) -> str:
    """The id of an invitation."""
    made = await owner.client.mutate(INVITE, group=group, user=invited.id, key=uuid4().hex)
    invitation: str = made["groupInvitation"]["id"]
    return invitation


async def _talk(estate: Estate) -> dict[str, str]:
    """The group's conversation; the former member is removed in the middle of it."""
    world, people = estate.world, estate.people
    group = estate.words["group"]
    add = """mutation($group: ID!, $user: ID!, $key: String!) { groupMemberAdd(groupId: $group,
      input: {userId: $user, clientKey: $key}) { group { id } errors { code } } }"""
    for name in (MEMBER, FORMER):
        await people[OWNER].client.mutate(add, group=group, user=people[name].id, key=uuid4().hex)
    talk = await world.conversation_of(people[OWNER], group)
    await world.say(people[OWNER], talk, _secret(estate, "early", *_CLOSE))
    await world.say(people[FORMER], talk, _secret(estate, "own", *_CLOSE))
    before, inbox = await _cursors(estate, people[FORMER].client, talk)
    await people[OWNER].client.mutate(
        MEMBER_REMOVE, group=group, user=people[FORMER].id, key=uuid4().hex
    )
    said = _secret(estate, "late", *_CLOSE)
    sent = await people[OWNER].client.mutate(
        SEND_FILE,
        id=talk,
        text=said,
        url=f"https://files.example/{_secret(estate, 'file', *_CLOSE)}",
        note={"note": _secret(estate, "metadata", *_CLOSE)},
        key=uuid4().hex,
    )
    message: str = sent["message"]["id"]
    for name in (OWNER, MEMBER):
        await people[name].client.mutate(KEEP, id=talk, key=uuid4().hex)
    tag = await _describe(estate, talk, message)
    answer = await _change(estate, talk, message, said)
    planned = _secret(estate, "planned", OWNER)
    link = f"https://files.example/{_secret(estate, 'later', OWNER)}"
    later = await schedule(
        people[OWNER],
        talk,
        planned,
        to=message,
        links=[{"url": link, "type": "FILE"}],
        metadata={"note": _secret(estate, "kept", OWNER)},
    )
    words = {
        "start": start(talk),
        "later": later["id"],
        "tomorrow": later["sendAt"],
        "before": before,
        "inbox": inbox,
        "tag": tag,
        "said": said,
        "answer": answer,
    }
    return {"talk": talk, "message": message, **words}


async def _quiz(estate: Estate) -> dict[str, str]:
    """A conversation in which a program answers piece by piece."""
    owner, member, scribe = (estate.people[name] for name in (OWNER, MEMBER, "scribe"))
    group = await estate.world.group(owner, member, scribe)
    return {"quiz": await estate.world.conversation_of(owner, group)}


@asynccontextmanager
async def growing(estate: Estate) -> AsyncIterator[None]:
    """Let an answer grow in the quiz within the block."""
    scribe = estate.people["scribe"]
    answer = await started(scribe, estate.words["quiz"])
    await appended(scribe, answer, _secret(estate, "piece", *_CLOSE))
    try:
        yield
    finally:
        await scribe.client.mutate(CANCEL, id=answer, key=uuid4().hex)


async def _change(estate: Estate, talk: str, message: str, said: str) -> str:
    """Do all to a message that can be done; the id of a reply."""
    owner, member = estate.people[OWNER], estate.people[MEMBER]
    await owner.client.mutate(chat.EDIT, id=message, text=f"{said}!", key=uuid4().hex)
    mentioned = {"users": [member.id], "key": uuid4().hex}
    await owner.client.mutate(chat.EDIT_MENTIONS, id=message, **mentioned)
    await member.client.mutate(chat.REACT, id=message, emoji="🎉", key=uuid4().hex)
    await owner.client.mutate(chat.PIN, id=message, key=uuid4().hex)
    called = {"users": [], "all": True, "key": uuid4().hex}
    text = _secret(estate, "called", *_CLOSE)
    await owner.client.mutate(chat.MENTION, id=talk, text=text, **called)
    (slip,) = await estate.world.say(owner, talk, "A slip")
    await owner.client.mutate(chat.DELETE, id=slip["id"], key=uuid4().hex)
    reply = {"text": _secret(estate, "answer", *_CLOSE), "to": message, "key": uuid4().hex}
    sent = await member.client.mutate(chat.REPLY, id=talk, **reply)
    answer: str = sent["message"]["id"]
    return answer


async def _cursors(estate: Estate, client: Client, talk: str) -> tuple[str, str]:
    """Where somebody's streams stand, to come back with later."""
    async with client.subscribe(EVENTS, id=talk, after=start(talk)) as stream:
        before: str = (await stream.next())["cursor"]
    async with client.subscribe(INBOX) as stream:
        await is_followed(estate.world.services, talk)
        await estate.world.say(estate.people[OWNER], talk, _secret(estate, "news", *_CLOSE))
        inbox: str = (await stream.next())["cursor"]
    return before, inbox


async def _describe(estate: Estate, talk: str, message: str) -> str:
    """What the conversation says of itself, and, as no mutation writes it, what an answer cost."""
    tag = _secret(estate, "tag", *_CLOSE)
    await estate.people[OWNER].client.mutate(
        DESCRIBE,
        id=talk,
        summary=_secret(estate, "summary", *_CLOSE),
        tags=[tag],
        context={"told": _secret(estate, "context", *_CLOSE)},
        key=uuid4().hex,
    )
    answered = {
        "model": _secret(estate, "model", *_CLOSE),
        "provider": _secret(estate, "provider", *_CLOSE),
        "tokens": 7,
    }
    message_key = uuid_of(message, "Message", field=[])
    services = estate.world.services
    async with services.main.begin() as tx:
        await tx.execute(update(Message).filter_by(id=message_key).values(answered))
    messages = services.mongo.database["messages"]
    await messages.update_one({"_id": message_key}, {"$set": answered})
    return tag


async def _private(estate: Estate) -> dict[str, str]:
    """What two people, or one and an assistant, say to each other."""
    owner = estate.people[OWNER]
    direct = await estate.world.direct(owner, estate.people[MEMBER])
    (letter,) = await estate.world.say(owner, direct, _secret(estate, "direct", *_CLOSE))
    title = _secret(estate, "title", OWNER)
    made = await owner.client.mutate(START_ASSISTANT, title=title, key=uuid4().hex)
    assistant: str = made["conversation"]["id"]
    (note,) = await estate.world.say(owner, assistant, _secret(estate, "note", OWNER))
    duet = await estate.world.direct(owner, estate.people["confidant"])
    await estate.world.say(owner, duet, _secret(estate, "duet", OWNER))
    ids = {"direct": direct, "assistant": assistant, "duet": duet}
    return ids | {"letter": letter["id"], "note": note["id"]}


async def _audited(estate: Estate) -> dict[str, str]:
    """That a moderator rejected a product."""
    query = """query($id: ID!) {
      auditEvents(filter: {objectId: $id, action: "productReject"}) { nodes { id } } }"""
    found = await estate.people[ADMIN].client.run(query, id=estate.words["rejected"])
    return {"audited": found["auditEvents"]["nodes"][0]["id"]}


async def _moderated(estate: Estate) -> dict[str, str]:
    """That a member reported a product, which one moderator looked at, and another found good.

    And that the product's vendor reported the member, for which nobody has had time.
    """
    member = estate.people[MEMBER].id
    given = {"id": member, "reason": "Envy.", "key": uuid4().hex}
    await estate.people[OWNER].client.mutate(REPORT, **given)
    reason = _secret(estate, "reason", MEMBER, *STAFF)
    reported = await estate.people[MEMBER].client.mutate(
        REPORT, id=estate.words["published"], reason=reason, key=uuid4().hex
    )
    item: str = reported["moderationItem"]["id"]
    await estate.people[MODERATOR].client.mutate(ASSIGN, id=item, key=uuid4().hex)
    note = _secret(estate, "verdict", *STAFF)
    decided = await estate.people[ADMIN].client.mutate(
        DECIDE, id=item, verdict="APPROVED", note=note, key=uuid4().hex
    )
    return {"item": item, "decision": decided["moderationItem"]["decisions"]["nodes"][0]["id"]}


async def _session(estate: Estate) -> dict[str, str]:
    return {"session": await open_session(estate)}


async def open_session(estate: Estate) -> str:
    """The id of one more session of the owner's."""
    values = {
        "user_id": estate.people[OWNER].user_id,
        "session_id": uuid4().hex,
        "ip_address": estate.secrets.plant(f"2001:db8::{token_hex(2).lstrip('0')}:1", OWNER),
        "user_agent": _secret(estate, "agent", OWNER),
        "device_type": "phone",
        "extra": {"device": _secret(estate, "device", OWNER), "platform": "deed-o"},
    }
    async with estate.world.services.auth.begin() as tx:
        made = insert(UserSession).values(values).returning(UserSession.id)
        return global_id("Session", (await tx.execute(made)).scalar_one())
