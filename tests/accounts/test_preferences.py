"""Preferences: one's own, the same on all devices, and never an older state after a newer one."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from app.users.models import UserRole
from tests.client import Client, Json
from tests.factories import Person, World
from tests.subscriptions.test_processes import elsewhere  # noqa: F401 - a fixture

FIELDS = """version preferredAiProvider preferredModel temperature chatTheme language
  emailNotifications custom"""
MINE = f"{{ viewer {{ preferences {{ {FIELDS} }} }} }}"
UPDATE = f"""mutation($input: PreferencesUpdateInput!) {{ preferencesUpdate(input: $input) {{
  preferences {{ {FIELDS} }} user {{ id }} errors {{ code field message }} }} }}"""
CHANGED = f"subscription {{ preferencesChanged {{ preferences {{ {FIELDS} }} }} }}"
DEFAULTS = {
    "version": 0,
    "preferredAiProvider": "GEMINI",
    "preferredModel": None,
    "temperature": 0.7,
    "chatTheme": "LIGHT",
    "language": "en",
    "emailNotifications": True,
    "custom": {},
}


async def mine(person: Person) -> Json:
    found: Json = (await person.client.run(MINE))["viewer"]["preferences"]
    return found


def given(**values: Any) -> Json:
    return {"clientKey": uuid4().hex, **values}


async def update(person: Person, **values: Any) -> Json:
    payload = await person.client.mutate(UPDATE, input=given(**values))
    changed: Json = payload["preferences"]
    return changed


@pytest.mark.covers("C5", "B11")
async def test_whoever_said_nothing_has_the_defaults(world: World) -> None:
    person = await world.user()
    assert await mine(person) == DEFAULTS
    changed = await update(person, temperature=1.5, custom={"sounds": [True, None]})
    assert changed == DEFAULTS | {
        "version": 1,
        "temperature": 1.5,
        "custom": {"sounds": [True, None]},
    }
    changed = await update(person, preferredModel="flash", preferredAiProvider="OPENAI")
    assert changed["temperature"] == 1.5
    changed = await update(person, preferredModel=None, custom=None)
    assert (changed["preferredModel"], changed["custom"], changed["version"]) == (None, {}, 3)
    assert await mine(person) == changed


@pytest.mark.parametrize(
    ("argument", "value", "code"),
    [
        ("temperature", 2.1, "INVALID"),
        ("temperature", -1, "INVALID"),
        ("temperature", None, "REQUIRED"),
        ("chatTheme", None, "REQUIRED"),
        ("language", "English, please", "INVALID"),
        ("language", "", "INVALID"),
        ("language", None, "REQUIRED"),
        ("preferredModel", "x" * 101, "TOO_LONG"),
        ("preferredModel", "two\nlines", "INVALID"),
        ("custom", [1], "INVALID"),
        ("custom", {"x": "y" * 9_000}, "TOO_LONG"),
        ("custom", {"x": "\0"}, "INVALID"),
    ],
)
async def test_what_breaks_a_rule_changes_nothing(
    world: World, argument: str, value: Any, code: str
) -> None:
    person = await world.user()
    request = given(**{argument: value, "emailNotifications": False})
    (error,) = (await person.client.run(UPDATE, input=request))["preferencesUpdate"]["errors"]
    assert (error["code"], error["field"]) == (code, ["input", argument])
    assert await mine(person) == DEFAULTS


async def test_they_are_nobody_elses(world: World) -> None:
    person, other, admin = await world.user(), await world.user(), await world.user(UserRole.ADMIN)
    await update(person, chatTheme="DARK")
    query = "query($id: ID!) { user(id: $id) { preferences { chatTheme } } }"
    for somebody in (other, admin):
        found = await somebody.client.run(query, id=person.id)
        assert found["user"]["preferences"] is None


@pytest.mark.covers("C5")
async def test_all_devices_are_told(world: World, elsewhere: str) -> None:  # noqa: F811
    person, other = await world.users(2)
    async with (
        Client(elsewhere, person.token) as far,
        person.client.subscribe(CHANGED) as near_stream,
        far.subscribe(CHANGED) as far_stream,
        other.client.subscribe(CHANGED) as others,
    ):
        for stream in (near_stream, far_stream, others):
            assert (await stream.next())["preferences"] == DEFAULTS
        changed = await update(person, chatTheme="DARK")
        for stream in (near_stream, far_stream):
            assert (await stream.next())["preferences"] == changed
        assert await others.is_silent()


async def test_two_devices_change_at_once_and_lose_nothing(world: World) -> None:
    person = await world.user()
    async with person.client.subscribe(CHANGED) as stream:
        await stream.next()
        await asyncio.gather(
            *(update(person, temperature=number / 10) for number in range(10)),
            *(update(person, language=language) for language in ("de", "fr", "nl")),
            update(person, chatTheme="DARK"),
        )
        last = await mine(person)
        assert (last["version"], last["chatTheme"]) == (14, "DARK")
        versions = [0]
        while versions[-1] < last["version"]:
            event = (await stream.next())["preferences"]
            assert event["version"] > versions[-1]
            versions.append(event["version"])
        assert event == last


async def test_a_retry_is_one_change(world: World) -> None:
    person = await world.user()
    request = given(language="pt-BR")
    first = await person.client.mutate(UPDATE, input=request)
    assert await person.client.mutate(UPDATE, input=request) == first
    refused = await person.client.refused(UPDATE, input=request | {"language": "de"})
    assert refused == "CLIENT_KEY_REUSED"
