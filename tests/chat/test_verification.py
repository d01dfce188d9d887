"""Comparing the two copies of the log, and mending MongoDB's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from app.api.ids import uuid_of
from app.chat.verification import Fault, LogVerifier
from app.cli import run
from app.services import Services
from app.settings import Settings
from tests.chat.operations import EDIT
from tests.factories import Person, World
from tests.seeds.conftest import own_server, own_settings  # noqa: F401 - fixtures

PAGE = """query($id: ID!) { conversation(id: $id) { messageCount lastMessage { text }
  messages(last: 10) { nodes { text } } } }"""

Damage = Callable[[Services, UUID], Awaitable[None]]


@pytest.fixture
async def own_world(own_server: tuple[Services, str]) -> AsyncIterator[World]:  # noqa: F811
    """People in databases of this test's own."""
    world = World(*own_server)
    yield world
    await world.close()


async def lose(services: Services, key: UUID) -> None:
    await services.mongo.database["messages"].delete_one({"conversation_id": key, "seq": 3})


async def go_back(services: Services, key: UUID) -> None:
    """An edit's entry is there, and its effect is not."""
    change = {"$set": {"text": "two", "version": 3}}
    await services.mongo.database["messages"].update_one({"conversation_id": key, "seq": 3}, change)


async def alter(services: Services, key: UUID) -> None:
    change = {"$set": {"text": "forged"}}
    await services.mongo.database["messages"].update_one({"conversation_id": key, "seq": 3}, change)


async def forget_the_head(services: Services, key: UUID) -> None:
    await services.mongo.database["conversations"].update_one(
        {"_id": key}, {"$set": {"last_seq": 2, "message_count": 1}}
    )


async def lose_everything(services: Services, key: UUID) -> None:
    await services.mongo.database["messages"].delete_many({"conversation_id": key})
    await services.mongo.database["conversations"].delete_one({"_id": key})


async def exchange(services: Services, key: UUID) -> None:
    messages = services.mongo.database["messages"]
    held = await messages.find_one({"conversation_id": key, "seq": 3})
    assert held is not None
    await messages.delete_one({"_id": held["_id"]})
    await messages.insert_one({**held, "_id": uuid4()})


async def invent(services: Services, key: UUID) -> None:
    messages = services.mongo.database["messages"]
    held = await messages.find_one({"conversation_id": key, "seq": 4})
    assert held is not None
    await messages.insert_one({**held, "_id": uuid4(), "seq": 9, "slot": None})


async def told(world: World) -> tuple[Person, str, UUID]:
    """Two messages, the second of which was edited."""
    one, other = await world.users(2)
    conversation = await world.direct(one, other)
    await world.say(one, conversation, "one")
    (second,) = await world.say(one, conversation, "two")
    await one.client.mutate(EDIT, id=second["id"], text="zwei", key=str(uuid4()))
    return other, conversation, uuid_of(conversation, "Conversation", field=[])


async def differences(services: Services, *, full: bool = False) -> dict[UUID, dict[int, Fault]]:
    found: dict[UUID, dict[int, Fault]] = {}
    async for difference in LogVerifier(services.main, services.mongo).differences(full=full):
        found.setdefault(difference.conversation_id, {})[difference.seq] = difference.fault
    return found


async def mend(services: Services) -> set[bool]:
    verifier = LogVerifier(services.main, services.mongo)
    return {await verifier.mend(d) async for d in verifier.differences(full=True)}


@pytest.mark.covers("B2", "B37")
async def test_what_mongodb_has_lost_is_found_and_mended(own_world: World) -> None:
    services = own_world.services
    expected: dict[Damage, dict[int, Fault]] = {
        lose: {3: Fault.MISSING},
        go_back: {3: Fault.STALE},
        alter: {3: Fault.ALTERED},
        forget_the_head: {4: Fault.HEAD},
        lose_everything: dict.fromkeys(range(1, 5), Fault.MISSING),
    }
    talks = {damage: await told(own_world) for damage in expected}
    whole = [await reader.client.run(PAGE, id=id_) for reader, id_, _ in talks.values()]
    assert await differences(services, full=True) == {}

    for damage, (*_, key) in talks.items():
        await damage(services, key)

    faults = {talks[damage][2]: places for damage, places in expected.items()}
    assert await differences(services, full=True) == faults
    del faults[talks[alter][2]]  # words add up to nothing
    assert await differences(services) == faults
    assert await mend(services) == {True}
    assert await differences(services, full=True) == {}
    assert [await reader.client.run(PAGE, id=id_) for reader, id_, _ in talks.values()] == whole


async def test_what_postgresql_never_had_is_left_to_people(own_world: World) -> None:
    services = own_world.services
    talks = {damage: await told(own_world) for damage in (exchange, invent)}
    for damage, (*_, key) in talks.items():
        await damage(services, key)

    faults = {talks[exchange][2]: {3: Fault.OTHER}, talks[invent][2]: {9: Fault.UNKNOWN}}
    assert await differences(services, full=True) == faults
    assert await mend(services) == {False}
    assert await differences(services, full=True) == faults

    for *_, key in talks.values():
        await lose_everything(services, key)
    assert await mend(services) == {True}


async def test_sends_under_way_are_no_differences(own_world: World) -> None:
    one, other = await own_world.users(2)
    conversation = await own_world.direct(one, other)

    async def speak() -> None:
        for number in range(40):
            await own_world.say(one, conversation, f"{number}")

    speaking = asyncio.create_task(speak())
    while not speaking.done():
        assert await differences(own_world.services, full=True) == {}
    await speaking


@pytest.mark.covers("B37")
async def test_the_command_names_what_differs_and_mends_it(
    own_world: World,
    own_settings: Settings,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("database_url", "auth_database_url", "mongo_url", "redis_url"):
        monkeypatch.setenv(name.upper(), getattr(own_settings, name))

    async def verify(*options: str) -> tuple[int, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(run, ["log", "verify", *options])
        return int(ended.value.code or 0), "".join(capfd.readouterr())

    *_, key = await told(own_world)
    assert await verify() == (0, "Both stores hold the same log.\n")
    await lose(own_world.services, key)
    code, printed = await verify()
    assert (code, f"{key} at 3 is missing" in printed) == (1, True)
    code, printed = await verify("--mend")
    assert (code, printed.splitlines()[:2]) == (0, ["Mended:", f"{key} at 3 is missing"])
    assert await verify("--full") == (0, "Both stores hold the same log.\n")
