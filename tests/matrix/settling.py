"""How an estate is made."""

from datetime import UTC, date, datetime
from secrets import randbelow, token_hex
from typing import Any
from uuid import uuid4

from app.api.ids import uuid_of
from app.feeds.live import fact_cursor
from app.groups.facts import group_feed
from app.moderation.queue import FEED
from app.products.rows import vendor_feed
from app.scheduled.streams import scheduled_feed
from app.users.models import UserRole
from tests.domains.marketplace import product_of
from tests.factories import (
    GROUP_CREATE,
    GROUP_DELETE,
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
from tests.matrix.estate import Estate, hidden_group, invite, open_session
from tests.matrix.operations import ASSIGN, DECIDE, DELETE, PREFER, PUBLISH, REJECT, REPORT, SUBMIT
from tests.matrix.talks import CLOSE, group_talk, private_talks, quiz
from tests.matrix.watched import Secrets, WatchedClient

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
            group_talk,
            quiz,
            private_talks,
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
    title = estate.secret("title", *_VENDOR_AND_STAFF)
    address = estate.secret("address", *_VENDOR_AND_STAFF)
    picture = estate.secret("picture", *_VENDOR_AND_STAFF)
    rejected = await product_of(
        estate.people[OWNER],
        title=title,
        description=estate.secret("description", *_VENDOR_AND_STAFF),
        mrp=price,
        sellingPrice=estate.secrets.plant(price, *_VENDOR_AND_STAFF),
        productUrl=f"https://shop.example/{address}",
        media=[{"url": f"https://shop.example/{picture}.png", "type": "IMAGE"}],
    )
    published = await product_of(estate.people[OWNER])
    for product in (rejected, published):
        remark = estate.secret("remark", *STAFF)
        await owner.mutate(SUBMIT, id=product, key=uuid4().hex)
        await moderator.mutate(REJECT, id=product, remark=remark, key=uuid4().hex)
    await owner.mutate(SUBMIT, id=published, key=uuid4().hex)
    await moderator.mutate(PUBLISH, id=published, key=uuid4().hex)
    words = {"published": published, "rejected": rejected, "title": title, "price": price}
    return words | await _deleted(estate)


async def _deleted(estate: Estate) -> dict[str, str]:
    title = estate.secret("deleted", *_VENDOR_AND_STAFF)
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
    den_name = estate.secret("den", *CLOSE, STRANGER, ADMIN)
    den = await hidden_group(estate.world, owner, den_name)
    for name in (MEMBER, FORMER):
        added = {"group": den, "user": people[name].id}
        await owner.client.mutate(MEMBER_ADD, **added, key=uuid4().hex)
    removed = {"group": den, "user": people[FORMER].id}
    await owner.client.mutate(MEMBER_REMOVE, **removed, key=uuid4().hex)
    hall_name = estate.secret("hall", *CLOSE, ADMIN)
    made = await owner.client.mutate(GROUP_CREATE, name=hall_name, parent=den, key=uuid4().hex)
    ruin_name = estate.secret("ruin", *CLOSE, ADMIN)
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
    reason = estate.secret("reason", MEMBER, *STAFF)
    reported = await estate.people[MEMBER].client.mutate(
        REPORT, id=estate.words["published"], reason=reason, key=uuid4().hex
    )
    item: str = reported["moderationItem"]["id"]
    await estate.people[MODERATOR].client.mutate(ASSIGN, id=item, key=uuid4().hex)
    note = estate.secret("verdict", *STAFF)
    decided = await estate.people[ADMIN].client.mutate(
        DECIDE, id=item, verdict="APPROVED", note=note, key=uuid4().hex
    )
    return {"item": item, "decision": decided["moderationItem"]["decisions"]["nodes"][0]["id"]}


async def _session(estate: Estate) -> dict[str, str]:
    return {"session": await open_session(estate)}
