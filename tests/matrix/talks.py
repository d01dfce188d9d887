"""What is said in an estate, by whom and where, and what is done to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from sqlalchemy import update

from app.api.ids import uuid_of
from app.chat.models import Message
from tests.answers.operations import CANCEL, appended, started
from tests.chat import operations as chat
from tests.chat.scheduling import schedule
from tests.client import Client
from tests.factories import MEMBER_REMOVE
from tests.matrix.columns import FORMER, MEMBER, OWNER
from tests.matrix.estate import Estate
from tests.matrix.operations import DESCRIBE, KEEP, SEND_FILE, START_ASSISTANT
from tests.subscriptions.streams import EVENTS, INBOX, is_followed, start

CLOSE = (OWNER, MEMBER)  # who take part in what is said


async def group_talk(estate: Estate) -> dict[str, str]:
    """The group's conversation; the former member is removed in the middle of it."""
    world, people = estate.world, estate.people
    group = estate.words["group"]
    add = """mutation($group: ID!, $user: ID!, $key: String!) { groupMemberAdd(groupId: $group,
      input: {userId: $user, clientKey: $key}) { group { id } errors { code } } }"""
    for name in (MEMBER, FORMER):
        await people[OWNER].client.mutate(add, group=group, user=people[name].id, key=uuid4().hex)
    talk = await world.conversation_of(people[OWNER], group)
    await world.say(people[OWNER], talk, estate.secret("early", *CLOSE))
    await world.say(people[FORMER], talk, estate.secret("own", *CLOSE))
    before, inbox = await _cursors(estate, people[FORMER].client, talk)
    await people[OWNER].client.mutate(
        MEMBER_REMOVE, group=group, user=people[FORMER].id, key=uuid4().hex
    )
    said = estate.secret("late", *CLOSE)
    sent = await people[OWNER].client.mutate(
        SEND_FILE,
        id=talk,
        text=said,
        url=f"https://files.example/{estate.secret('file', *CLOSE)}",
        note={"note": estate.secret("metadata", *CLOSE)},
        key=uuid4().hex,
    )
    message: str = sent["message"]["id"]
    for name in (OWNER, MEMBER):
        await people[name].client.mutate(KEEP, id=talk, key=uuid4().hex)
    tag = await _describe(estate, talk, message)
    answer = await _change(estate, talk, message, said)
    planned = estate.secret("planned", OWNER)
    link = f"https://files.example/{estate.secret('later', OWNER)}"
    later = await schedule(
        people[OWNER],
        talk,
        planned,
        to=message,
        links=[{"url": link, "type": "FILE"}],
        metadata={"note": estate.secret("kept", OWNER)},
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


async def quiz(estate: Estate) -> dict[str, str]:
    """A conversation in which a program answers piece by piece."""
    owner, member, scribe = (estate.people[name] for name in (OWNER, MEMBER, "scribe"))
    group = await estate.world.group(owner, member, scribe)
    return {"quiz": await estate.world.conversation_of(owner, group)}


@asynccontextmanager
async def growing(estate: Estate) -> AsyncIterator[None]:
    """Let an answer grow in the quiz within the block."""
    scribe = estate.people["scribe"]
    answer = await started(scribe, estate.words["quiz"])
    await appended(scribe, answer, estate.secret("piece", *CLOSE))
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
    text = estate.secret("called", *CLOSE)
    await owner.client.mutate(chat.MENTION, id=talk, text=text, **called)
    (slip,) = await estate.world.say(owner, talk, "A slip")
    await owner.client.mutate(chat.DELETE, id=slip["id"], key=uuid4().hex)
    reply = {"text": estate.secret("answer", *CLOSE), "to": message, "key": uuid4().hex}
    sent = await member.client.mutate(chat.REPLY, id=talk, **reply)
    answer: str = sent["message"]["id"]
    return answer


async def _cursors(estate: Estate, client: Client, talk: str) -> tuple[str, str]:
    """Where somebody's streams stand, to come back with later."""
    async with client.subscribe(EVENTS, id=talk, after=start(talk)) as stream:
        before: str = (await stream.next())["cursor"]
    async with client.subscribe(INBOX) as stream:
        await is_followed(estate.world.services, talk)
        await estate.world.say(estate.people[OWNER], talk, estate.secret("news", *CLOSE))
        inbox: str = (await stream.next())["cursor"]
    return before, inbox


async def _describe(estate: Estate, talk: str, message: str) -> str:
    """What the conversation says of itself, and, as no mutation writes it, what an answer cost."""
    tag = estate.secret("tag", *CLOSE)
    await estate.people[OWNER].client.mutate(
        DESCRIBE,
        id=talk,
        summary=estate.secret("summary", *CLOSE),
        tags=[tag],
        context={"told": estate.secret("context", *CLOSE)},
        key=uuid4().hex,
    )
    answered = {
        "model": estate.secret("model", *CLOSE),
        "provider": estate.secret("provider", *CLOSE),
        "tokens": 7,
    }
    message_key = uuid_of(message, "Message", field=[])
    services = estate.world.services
    async with services.main.begin() as tx:
        await tx.execute(update(Message).filter_by(id=message_key).values(answered))
    messages = services.mongo.database["messages"]
    await messages.update_one({"_id": message_key}, {"$set": answered})
    return tag


async def private_talks(estate: Estate) -> dict[str, str]:
    """What two people, or one and an assistant, say to each other."""
    owner = estate.people[OWNER]
    direct = await estate.world.direct(owner, estate.people[MEMBER])
    (letter,) = await estate.world.say(owner, direct, estate.secret("direct", *CLOSE))
    title = estate.secret("title", OWNER)
    made = await owner.client.mutate(START_ASSISTANT, title=title, key=uuid4().hex)
    assistant: str = made["conversation"]["id"]
    (note,) = await estate.world.say(owner, assistant, estate.secret("note", OWNER))
    duet = await estate.world.direct(owner, estate.people["confidant"])
    await estate.world.say(owner, duet, estate.secret("duet", OWNER))
    ids = {"direct": direct, "assistant": assistant, "duet": duet}
    return ids | {"letter": letter["id"], "note": note["id"]}
