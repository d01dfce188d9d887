"""No operator of a client's reaches MongoDB: each argument is tried, each command watched."""

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import monitoring
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from app.settings import Settings
from tests.client import Client
from tests.factories import World
from tests.security.arguments import Place, places, request
from tests.server import serve

# Where this code itself puts an operator: the command, its collection, and the way to it.
KNOWN = {
    "find messages filter.slot.$gte",
    "find messages filter.slot.$lte",
    "find messages filter.slot.$in",
    "find messages filter._id.$in",
    "find conversations filter._id.$in",
    "find conversations filter.activity.$gt",
    "find conversations filter.activity.$lt",
    "find conversations filter.inbox_ids.$in",
    "find conversations filter.inbox_ids.$size",
    "find conversations filter.participant_ids.$all",
    "find crowds filter.changed_at.$gt",
    "find crowds filter.participant_ids.$in",
    "find receipts filter._id.$in",
    "find receipts filter.conversation_id.$in",
    "update conversations updates.q.details_version.$lt",
    "update conversations updates.q.last_seq.$lt",
    "update conversations updates.q.members_seq.$lt",
    "update conversations updates.u.$max",
    "update conversations updates.u.$set",
    "update conversations updates.u.$setOnInsert",
    "update crowds updates.q.members_seq.$lt",
    "update crowds updates.u.$set",
    "update mentions updates.q.version.$lt",
    "update mentions updates.u.$set",
    "update messages updates.q.edit_slot.$gte",
    "update messages updates.q.edit_slot.$lte",
    "update messages updates.q.version.$lt",
    "update messages updates.u.$max",
    "update messages updates.u.$set",
    "update messages updates.u.$unset",
    "update pins updates.q.seq.$lt",
    "update pins updates.u.$set",
    "update pins updates.u.$setOnInsert",
    "find receipts filter.pinned_at.$gt",
    "update receipts updates.q.read_msg_no.$lt",
    "update receipts updates.q.settings_version.$lt",
    "update receipts updates.u.$max",
    "update receipts updates.u.$set",
    "update receipts updates.u.$setOnInsert",
}
# The driver's own, at the top of a command.
DRIVER = {"$db", "$clusterTime", "$readPreference"}

OPERATORS = ("$gt", "$ne", "$where", "$regex", "$expr", "$in", "$or", "$set", "$function", "$ref")
json = st.recursive(
    st.dictionaries(
        st.sampled_from(OPERATORS), st.sampled_from(["", None, 1, "1 == 1"]), min_size=1
    ),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2)
        | st.dictionaries(st.sampled_from([*OPERATORS, "a", "a.$b", "_id"]), inner, min_size=1)
    ),
    max_leaves=3,
)
TYPES = ("User", "Product", "Group", "Conversation", "Message", "Session")


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def disguises(value: Any) -> Iterator[Any]:
    """A value as JSON, as text, and as what a cursor or an id could hold."""
    text = orjson.dumps(value).decode()
    yield value
    yield text
    for cursor in ([value], [value, value], [value, "a"], ["a", value]):
        yield encoded(orjson.dumps(cursor).decode())
    for name in TYPES:
        yield base64.b64encode(f"{name}:{text}".encode()).decode()


class Monitor(CommandListener):
    """Where operators stand in commands while it listens."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.commands = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.commands += 1
        collection = event.command[event.command_name]
        for name, value in event.command.items():
            if name not in DRIVER:
                where = f"{event.command_name} {collection}"
                self.seen |= {f"{where} {path}" for path in operators(value, name)}

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass

    @contextmanager
    def listening(self) -> Iterator[None]:
        self.seen.clear()
        yield


def operators(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from operators(item, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            if str(key).startswith("$"):
                yield f"{path}.{key}"
            yield from operators(item, f"{path}.{key}")


@pytest.fixture(scope="module")
async def monitored(settings: Settings) -> AsyncIterator[tuple[Monitor, Client, dict[str, str]]]:
    """The application with its commands watched, somebody in it, and what is theirs."""
    monitor = Monitor()
    monitoring.register(monitor)
    async with serve(settings) as (app, url):
        world = World(app.state.services, url)
        person, other = await world.users(2)
        group = await world.group(person, other)
        talk = await world.conversation_of(person, group)
        (message,) = await world.say(person, talk, "Good morning")
        ids = {
            "conversationId": talk,
            "messageId": message["id"],
            "userId": other.id,
            "groupId": group,
            "user": other.id,
            "group": group,
            "conversation": talk,
            "groupUpdate": group,
            "node": message["id"],
        }
        yield monitor, person.client, ids
        await world.close()


async def attempt(client: Client, place: Place, value: Any, ids: dict[str, str]) -> None:
    query, variables = request(place, value, ids)
    if "input" in variables and place.path[-1] != "clientKey":
        variables["input"]["clientKey"] = uuid4().hex
    if place.kind != "subscription":
        answer = await client.send(query, **variables)
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        assert "INTERNAL" not in codes, answer
        return
    async with client.subscribe(query, **variables) as stream:
        with suppress(TimeoutError, AssertionError):
            await stream.next(0.05)


@pytest.mark.parametrize("place", places(), ids=str)
@settings(
    max_examples=2,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(value=json)
async def test_no_operator_of_a_clients_reaches_mongodb(
    place: Place, value: Any, monitored: tuple[Monitor, Client, dict[str, str]]
) -> None:
    monitor, client, ids = monitored
    with monitor.listening():
        for disguise in disguises(value):
            await attempt(client, place, disguise, ids)
    assert monitor.seen <= KNOWN, (place, value)


async def test_the_monitor_hears_what_it_should(
    monitored: tuple[Monitor, Client, dict[str, str]],
) -> None:
    monitor, client, ids = monitored
    with monitor.listening():
        await client.run(
            "query($id: ID!) { conversation(id: $id) { messages(last: 5) { nodes { text } } } }",
            id=ids["conversation"],
        )
    assert monitor.seen
    assert set(operators([{"a": {"$gt": {"b": [{"$in": []}]}}}], "f")) == {
        "f.a.$gt",
        "f.a.$gt.b.$in",
    }
