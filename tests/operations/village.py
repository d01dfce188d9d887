"""A world in which every edge leads somewhere, and from twenty parents to twenty places.

Twenty edges that led to one place would prove nothing: a loader asks for it once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import insert

from app.api.ids import global_id
from app.ids import new_id
from app.usage.api_log import ApiCall
from app.users.models import UserRole, UserSession
from tests.chat.operations import EDIT_MENTIONS, PIN, REACT, REPLY
from tests.chat.scheduling import schedule, send_now
from tests.factories import GROUP_CREATE, INVITE, LINK_CREATE, MEMBER_ADD, Person, World
from tests.matrix.operations import ASSIGN, DECIDE, REPORT

SIZE = 20

PRODUCT_CREATE = """mutation($title: String!, $key: String!) {
  productCreate(input: {
    title: $title, description: "It shines.", cause: ELDER_CARE, mrp: "12.50", sellingPrice: "10",
    productUrl: "https://shop.example/lamp", clientKey: $key,
    media: [{url: "https://shop.example/lamp.png", type: IMAGE}]
  }) { product { id } errors { code message } } }"""

SEND_PICTURE = """mutation($id: ID!, $text: String!, $key: String!) {
  messageSend(conversationId: $id, input: {
    text: $text, clientKey: $key, attachments: [{url: "https://shop.example/a.png", type: IMAGE}]
  }) { message { id } errors { code message } } }"""

KEEP = """mutation($id: ID!, $key: String!) {
  conversationSettingsUpdate(conversationId: $id, input: {
    mutedUntil: "2999-01-01T00:00:00Z", clientKey: $key
  }) { errors { code message } } }"""

AUDIT_EVENT = """query($group: ID!) {
  auditEvents(filter: {objectId: $group, action: "groupCreate"}) { nodes { id } } }"""


@dataclass(frozen=True)
class Village:
    """Ids by type; what stands at one place of each list belongs together.

    Attributes:
        viewer: An admin, member of every group, who talks with everybody.
        villagers: Everybody else.
        waiting: What the viewer has still to say, in each place.
    """

    viewer: Person
    villagers: list[Person]
    ids: dict[str, list[str]]
    waiting: list[str]


async def settle(world: World) -> Village:
    """Make the village: each villager sells a product, owns a group around it, and says a word."""
    viewer = await world.user(UserRole.ADMIN, name="The viewer")
    names = [f"Villager {number:02}" for number in range(SIZE)]
    villagers = [await world.user(name=name, profile={"shop": name}) for name in names]
    # One after the other: lists are then in this order, time after time.
    pairs = zip(villagers, villagers[1:] + villagers[:1], strict=True)
    rows = [await _settle_one(world, viewer, *pair) for pair in pairs]
    kinds = tuple(rows[0])
    ids = {kind: [row[kind] for row in rows] for kind in kinds}
    await _called(world)
    ids["User"] = [villager.id for villager in villagers]
    ids["Session"] = await _sessions(world, viewer)
    picture = {"url": "https://shop.example/a.png", "type": "IMAGE"}
    waiting = [await schedule(viewer, talk, links=[picture]) for talk in ids["Conversation"]]
    return Village(viewer, villagers, ids, [later["id"] for later in waiting])


async def _called(world: World) -> None:
    """Twenty operations, and what was used until now."""
    moment = datetime.now(UTC)
    for number in range(SIZE):
        name = f"Operation{number:02}"
        made = ApiCall(new_id(), moment, None, name, "POST", 200, 1.0, None, None, None)
        world.services.calls.note(made)
    await world.settled_usage()


async def _sessions(world: World, viewer: Person) -> list[str]:
    row = {
        "user_id": viewer.user_id,
        "ip_address": "127.0.0.1",
        "user_agent": "a browser",
        "device_type": "desktop",
        "extra": {"device": "A desk", "platform": "dobe"},
    }
    rows = [{**row, "session_id": uuid4().hex} for _ in range(SIZE)]
    async with world.services.auth.begin() as tx:
        made = await tx.scalars(insert(UserSession).values(rows).returning(UserSession.id))
    return [global_id("Session", session_id) for session_id in made]


async def _settle_one(
    world: World, viewer: Person, villager: Person, other: Person
) -> dict[str, str]:
    client = villager.client
    title = f"The lamp of {villager.name}"
    product = (await client.mutate(PRODUCT_CREATE, title=title, key=str(uuid4())))["product"]["id"]
    elders = await _group(villager, "Elders")
    group = await _group(villager, "Friends", parent=elders, product=product)
    await _group(villager, "Children", parent=group)
    made_admin = MEMBER_ADD.replace("userId: $user", "userId: $user, role: ADMIN")
    await client.mutate(made_admin, group=group, user=viewer.id, key=str(uuid4()))
    invited = {"group": group, "user": other.id, "key": str(uuid4())}
    invitation = (await client.mutate(INVITE, **invited))["groupInvitation"]["id"]
    await client.mutate(INVITE, group=elders, user=viewer.id, key=str(uuid4()))
    link = await client.mutate(LINK_CREATE, group=group, uses=3, key=str(uuid4()))
    conversation = await world.conversation_of(villager, group)
    text = f"Hello from {villager.name}"
    await viewer.client.mutate(KEEP, id=conversation, key=str(uuid4()))
    sent = await client.mutate(SEND_PICTURE, id=conversation, text=text, key=str(uuid4()))
    message = sent["message"]["id"]
    await client.mutate(EDIT_MENTIONS, id=message, users=[viewer.id], key=str(uuid4()))
    await client.mutate(REACT, id=message, emoji="🎉", key=str(uuid4()))
    await client.mutate(PIN, id=message, key=str(uuid4()))
    await client.mutate(REPLY, id=conversation, text="Yes?", to=message, key=str(uuid4()))
    await world.direct(villager, viewer)
    later = (await schedule(viewer, conversation, to=message))["id"]
    await send_now(world.services, later)
    founded = await viewer.client.run(AUDIT_EVENT, group=group)
    return {
        "Product": product,
        "Group": group,
        "GroupInvitation": invitation,
        "GroupInvitationLink": link["groupInvitationLink"]["id"],
        "Conversation": conversation,
        "Message": message,
        "ScheduledMessage": later,
        "AuditEvent": founded["auditEvents"]["nodes"][0]["id"],
        **await _moderated(viewer, villager, product),
    }


async def _moderated(viewer: Person, villager: Person, product: str) -> dict[str, str]:
    report = await villager.client.mutate(REPORT, id=product, reason="Look!", key=str(uuid4()))
    item = report["moderationItem"]["id"]
    await viewer.client.mutate(ASSIGN, id=item, key=str(uuid4()))
    ruling = {"verdict": "APPROVED", "note": "It shines.", "key": str(uuid4())}
    decided = await viewer.client.mutate(DECIDE, id=item, **ruling)
    (decision,) = decided["moderationItem"]["decisions"]["nodes"]
    return {"ModerationItem": item, "ModerationDecision": decision["id"]}


async def _group(owner: Person, kind: str, **around: str) -> str:
    name = f"{kind} of {owner.name}"
    made = await owner.client.mutate(GROUP_CREATE, name=name, key=str(uuid4()), **around)
    group_id: str = made["group"]["id"]
    return group_id
