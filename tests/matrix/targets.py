"""What an attempt to write is aimed at, made anew for each: an allowed one changes it."""

from collections.abc import Awaitable, Callable
from string import Template
from uuid import uuid4

from app.users.models import UserRole
from tests.answers.operations import started
from tests.attachments.uploads import png, uploaded
from tests.chat.scheduling import schedule
from tests.domains.marketplace import product_of
from tests.factories import LINK_CREATE, MEMBER_ADD, MEMBER_REMOVE
from tests.matrix.columns import ADMIN, FORMER, MEMBER, MODERATOR, OWNER, SERVICE, STRANGER
from tests.matrix.estate import Estate, hidden_group, invite, open_session
from tests.matrix.operations import ASSIGN, DECIDE, DELETE, PUBLISH, REPORT, SUBMIT

Target = Callable[[Estate], Awaitable[dict[str, str]]]


async def _draft(estate: Estate) -> dict[str, str]:
    return {"draft": await product_of(estate.people[OWNER])}


async def _suggestion(estate: Estate) -> dict[str, str]:
    product = await product_of(estate.people[OWNER])
    await estate.people[OWNER].client.mutate(SUBMIT, id=product, key=uuid4().hex)
    return {"suggestion": product}


async def _shown(estate: Estate) -> dict[str, str]:
    product = (await _suggestion(estate))["suggestion"]
    await estate.people[MODERATOR].client.mutate(PUBLISH, id=product, key=uuid4().hex)
    return {"shown": product}


async def _bin(estate: Estate) -> dict[str, str]:
    product = (await _shown(estate))["shown"]
    await estate.people[OWNER].client.mutate(DELETE, id=product, key=uuid4().hex)
    return {"bin": product}


async def _foreign(estate: Estate) -> dict[str, str]:
    return {"foreign": await product_of(estate.people["confidant"])}


async def _choir(estate: Estate) -> dict[str, str]:
    """A group, and its conversation, in which something was said."""
    owner, former = estate.people[OWNER], estate.people[FORMER]
    choir = await estate.world.group(owner, estate.people[MEMBER], former)
    song = await estate.world.conversation_of(owner, choir)
    _, re = await estate.world.say(former, song, "Do", "Re")
    await owner.client.mutate(MEMBER_REMOVE, group=choir, user=former.id, key=uuid4().hex)
    (mi,) = await estate.world.say(owner, song, "Mi")
    return {"choir": choir, "song": song, "re": re["id"], "mi": mi["id"]}


async def _reported(estate: Estate, subject: str) -> str:
    given = {"id": subject, "reason": "Odd.", "key": uuid4().hex}
    report = await estate.people[MEMBER].client.mutate(REPORT, **given)
    item: str = report["moderationItem"]["id"]
    return item


async def _case(estate: Estate) -> dict[str, str]:
    return {"case": await _reported(estate, (await _shown(estate))["shown"])}


async def _taken(estate: Estate) -> dict[str, str]:
    item = (await _case(estate))["case"]
    await estate.people[MODERATOR].client.mutate(ASSIGN, id=item, key=uuid4().hex)
    return {"taken": item}


async def _another(estate: Estate) -> dict[str, str]:
    item = (await _case(estate))["case"]
    await estate.people[ADMIN].client.mutate(ASSIGN, id=item, key=uuid4().hex)
    return {"another": item}


async def _waiting(estate: Estate) -> dict[str, str]:
    product = (await _suggestion(estate))["suggestion"]
    query = """query($id: ID!) { moderationItems(filter: {subjectId: $id}) { nodes { id } } }"""
    found = await estate.people[MODERATOR].client.run(query, id=product)
    return {"waiting": found["moderationItems"]["nodes"][0]["id"]}


async def _escalated(estate: Estate) -> dict[str, str]:
    item = (await _case(estate))["case"]
    left = {"verdict": "ESCALATED", "note": "Hm.", "key": uuid4().hex}
    await estate.people[MODERATOR].client.mutate(DECIDE, id=item, **left)
    return {"escalated": item}


async def _accused(estate: Estate) -> dict[str, str]:
    return {"accused": await _reported(estate, (await estate.world.user()).id)}


async def _open(estate: Estate) -> dict[str, str]:
    return {"open": await open_session(estate)}


async def _account(estate: Estate) -> dict[str, str]:
    return {"account": (await estate.world.user()).id}


async def _locked(estate: Estate) -> dict[str, str]:
    return {"locked": (await estate.world.user(is_active=False)).id}


async def _program(estate: Estate) -> dict[str, str]:
    return {"program": (await estate.world.user(UserRole.SERVICE)).id}


async def _commons(estate: Estate) -> dict[str, str]:
    """A group that is open to all."""
    commons = await estate.world.group(estate.people[OWNER], estate.people[MEMBER])
    opened = """mutation($id: ID!, $key: String!) { groupUpdate(groupId: $id, input: {
      joinPolicy: OPEN, clientKey: $key}) { group { id } errors { code } } }"""
    await estate.people[OWNER].client.mutate(opened, id=commons, key=uuid4().hex)
    return {"commons": commons}


async def _lair(estate: Estate) -> dict[str, str]:
    """A private group, and a link into it."""
    owner = estate.people[OWNER]
    lair = await hidden_group(estate.world, owner, "Lair")
    added = {"group": lair, "user": estate.people[MEMBER].id}
    await owner.client.mutate(MEMBER_ADD, **added, key=uuid4().hex)
    made = await owner.client.mutate(LINK_CREATE, group=lair, uses=None, key=uuid4().hex)
    return {
        "lair": lair,
        "pass": made["groupInvitationLink"]["id"],
        "token": made["token"]["token"],
    }


async def _bid(estate: Estate) -> dict[str, str]:
    """An invitation of the stranger."""
    lair = (await _lair(estate))["lair"]
    return {"bid": await invite(estate.people[OWNER], lair, estate.people[STRANGER])}


async def _plan(estate: Estate) -> dict[str, str]:
    """What the owner is to say tomorrow, and a file of theirs for the same conversation."""
    owner, talk = estate.people[OWNER], estate.words["talk"]
    planned = await schedule(owner, talk)
    return {"plan": planned["id"], "scan": await uploaded(owner, talk, png())}


async def _stage(estate: Estate) -> dict[str, str]:
    """A group's conversation in which a program takes part, and its answer."""
    owner, former, service = (estate.people[name] for name in (OWNER, FORMER, SERVICE))
    group = await estate.world.group(owner, estate.people[MEMBER], former, service)
    talk = await estate.world.conversation_of(owner, group)
    removed = {"group": group, "user": former.id}
    await owner.client.mutate(MEMBER_REMOVE, **removed, key=uuid4().hex)
    return {"stage": talk}


async def _growing(estate: Estate) -> dict[str, str]:
    talk = (await _stage(estate))["stage"]
    return {"stage": talk, "growing": await started(estate.people[SERVICE], talk)}


_TARGETS: dict[str, Target] = {
    "draft": _draft,
    "suggestion": _suggestion,
    "shown": _shown,
    "bin": _bin,
    "foreign": _foreign,
    "choir": _choir,
    "song": _choir,
    "commons": _commons,
    "lair": _lair,
    "pass": _lair,
    "token": _lair,
    "bid": _bid,
    "case": _case,
    "taken": _taken,
    "another": _another,
    "waiting": _waiting,
    "escalated": _escalated,
    "accused": _accused,
    "plan": _plan,
    "scan": _plan,
    "stage": _stage,
    "growing": _growing,
    "re": _choir,
    "mi": _choir,
    "open": _open,
    "account": _account,
    "locked": _locked,
    "program": _program,
}


async def aimed(estate: Estate, arguments: str) -> dict[str, str]:
    """The estate's words, and those of a rule's arguments that name what is made anew."""
    words = dict(estate.words)
    for name in Template(arguments).get_identifiers():
        if name in _TARGETS and name not in words:
            words |= await _TARGETS[name](estate)
    return words
