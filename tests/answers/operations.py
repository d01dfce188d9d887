"""What service accounts do with answers, and how people look on."""

from typing import Any
from uuid import uuid4

from app.users.models import UserRole
from tests.client import Json, Stream
from tests.factories import Person, World

_ANSWER = "answer { id messageId state length model provider metadata sender { id } }"

START = f"""mutation($id: ID!, $input: AnswerStartInput!) {{
  answerStart(conversationId: $id, input: $input) {{
    {_ANSWER} errors {{ code field message }} }} }}"""
APPEND = """mutation($id: ID!, $offset: Int!, $text: String!, $key: String = "a piece") {
  answerAppend(answerId: $id, input: {offset: $offset, text: $text, clientKey: $key}) {
    answer { state length } errors { code field message } } }"""
FINISH = """mutation($id: ID!, $input: AnswerFinishInput!) {
  answerFinish(answerId: $id, input: $input) {
    answer { id state message { id } }
    message { id text role model provider tokens metadata replyTo { id } sender { id } }
    conversation { messageCount totalTokens } errors { code field message } } }"""
CANCEL = """mutation($id: ID!, $key: String!) {
  answerCancel(answerId: $id, input: {clientKey: $key}) {
    answer { id state message { id } } errors { code field message } } }"""
DELTAS = """subscription($id: ID!) { messageDelta(conversationId: $id) {
  answer { id state length messageId message { id text } } offset text } }"""
SAID = "query($id: ID!) { conversation(id: $id) { messages { nodes { id text } } } }"
START_ASSISTANT = """mutation($assistant: ID!, $key: String!) { conversationStart(input: {
  kind: ASSISTANT, userId: $assistant, clientKey: $key
}) { conversation { id } errors { code } } }"""


async def consulted(world: World) -> tuple[Person, Person, str]:
    """Somebody, a service account, and their conversation."""
    me, assistant = await world.user(), await world.user(UserRole.SERVICE)
    given = {"assistant": assistant.id, "key": uuid4().hex}
    made = await me.client.mutate(START_ASSISTANT, **given)
    return me, assistant, made["conversation"]["id"]


def keyed(**values: Any) -> Json:
    """An input with a new client key."""
    return {"clientKey": uuid4().hex, **values}


async def started(assistant: Person, talk: str, **values: Any) -> str:
    """The id of a new answer."""
    made = await assistant.client.mutate(START, id=talk, input=keyed(**values))
    answer: str = made["answer"]["id"]
    return answer


async def appended(assistant: Person, answer: str, *pieces: str) -> int:
    """How long a new answer is after these pieces."""
    length = 0
    for piece in pieces:
        grown = await assistant.client.mutate(APPEND, id=answer, offset=length, text=piece)
        length = grown["answer"]["length"]
    return length


async def said(person: Person, talk: str) -> list[str | None]:
    """What the messages of a conversation say."""
    found = await person.client.run(SAID, id=talk)
    return [message["text"] for message in found["conversation"]["messages"]["nodes"]]


async def read_to(stream: Stream, length: int, text: str = "") -> tuple[str, list[Json]]:
    """A running answer's text up to a length, after what was read of it, and the pieces."""
    deltas: list[Json] = []
    while len(text) < length or not deltas:
        delta = await stream.next()
        assert delta["offset"] == len(text)
        text += delta["text"]
        assert delta["answer"]["length"] == len(text)
        assert delta["answer"]["state"] == "RUNNING"
        deltas.append(delta)
    return text, deltas


async def read_out(stream: Stream, text: str = "") -> tuple[str, Json]:
    """An answer's text up to its end, after what was read of it, and how it ended."""
    while True:
        delta = await stream.next()
        assert delta["offset"] == len(text)
        text += delta["text"]
        if delta["answer"]["state"] != "RUNNING":
            return text, delta["answer"]
