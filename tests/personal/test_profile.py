"""Changing a profile and personal data: what is taken, what is kept of it, and who is told."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.services import Services
from app.users.models import UserRole
from tests.client import Json
from tests.factories import Person, World

UPDATE = """mutation($id: ID!, $input: UserUpdateInput!) {
  userUpdate(userId: $id, input: $input) { user { name username personal {
    contactCountryCode contactNumber city state country pincode gender dob purposeCode
    nationality ethnicity qualification profession } } errors { code field message } } }"""
LOOK_UP = "query($contact: String!) { userByContact(contact: $contact) { id } }"

WHOLE = {
    "contactCountryCode": "+47",
    "contactNumber": "22 33-44 55",
    "city": "Bergen",
    "state": "Vestland",
    "country": "Norway",
    "pincode": "N-5003",
    "gender": "woman",
    "dob": "1906-12-09",
    "purposeCode": "P7",
    "nationality": "Norwegian",
    "ethnicity": "Sami",
    "qualification": "PhD",
    "profession": "Admiral",
}


async def update(person: Person, **changes: Any) -> Json:
    given = {"clientKey": uuid4().hex, **changes}
    data = await person.client.run(UPDATE, id=person.id, input=given)
    payload: Json = data["userUpdate"]
    return payload


@pytest.mark.covers("A2")
async def test_a_vendor_tells_of_themselves(world: World, services: Services) -> None:
    ada, ben = await world.users(2)
    shown = "query($id: ID!) { user(id: $id) { profile } }"
    told = {"shop": "Clay & Co", "since": 1906, "hours": {"mon": ["9-12", None]}}

    assert (await update(ada, profile=told))["errors"] == []
    assert (await ben.client.run(shown, id=ada.id))["user"] == {"profile": told}
    for refused, code in (
        (["a list"], "INVALID"),
        ({"x": "\0"}, "INVALID"),
        ({"x": "a" * 9_000}, "TOO_LONG"),
    ):
        assert (await update(ada, profile=refused))["errors"][0]["code"] == code
    assert (await ben.client.run(shown, id=ada.id))["user"] == {"profile": told}
    ((_, _, before, after),) = await events_about(services, ada)
    assert (before, after) == ({"profile": None}, {"profile": "[redacted]"})

    assert (await update(ada, profile=None))["errors"] == []
    assert (await row_of(services, ada))["profile"] is None


async def row_of(services: Services, person: Person) -> dict[str, Any]:
    async with services.auth.begin() as tx:
        found = await tx.execute(text("SELECT * FROM users WHERE id = :id"), {"id": person.user_id})
        return dict(found.mappings().one())


async def events_about(services: Services, person: Person) -> list[Any]:
    async with services.auth.begin() as tx:
        found = await tx.execute(
            text(
                "SELECT action, actor_id, before, after FROM auth_audit_events"
                " WHERE entity_id = :id ORDER BY created_at"
            ),
            {"id": str(person.public_id)},
        )
        return list(found.all())


@pytest.mark.covers("E15", "E16", "E38")
async def test_personal_data_is_kept_sealed_and_read_in_clear(
    world: World, services: Services
) -> None:
    ada = await world.user()
    changed = await update(ada, **WHOLE)

    assert changed["errors"] == []
    assert changed["user"]["personal"] == WHOLE | {"contactNumber": "22334455"}
    stored = str(await row_of(services, ada))
    assert not [value for value in WHOLE.values() if value in stored]


@pytest.mark.covers("E39")
async def test_the_audit_says_what_changed_and_not_to_what(
    world: World, services: Services
) -> None:
    ada = await world.user()
    await update(ada, city="Bergen", name="Ada")
    await update(ada, city="Bergen", name="Ada L.")
    await update(ada, city=None)

    (first, second, third) = await events_about(services, ada)
    redacted = "[redacted]"
    assert first == (
        "userUpdate",
        ada.user_id,
        {"name": redacted, "city": None},
        {"name": redacted, "city": redacted},
    )
    assert second.after == {"name": redacted}
    assert (third.before, third.after) == ({"city": redacted}, {"city": None})


async def test_what_is_left_out_stays_and_null_takes_away(world: World) -> None:
    ada = await world.user()
    await update(ada, city="Bergen", gender="woman", username=f"ada-{uuid4().hex[:8]}")
    changed = await update(ada, city=None, username=None)

    assert changed["user"]["personal"]["city"] is None
    assert changed["user"]["personal"]["gender"] == "woman"
    assert changed["user"]["username"] is None


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": None}, "REQUIRED", "name"),
        ({"name": " "}, "REQUIRED", "name"),
        ({"name": "a" * 121}, "TOO_LONG", "name"),
        ({"username": "ab"}, "INVALID", "username"),
        ({"username": "a b c"}, "INVALID", "username"),
        ({"profileImageUrl": "javascript:alert(1)"}, "INVALID", "profileImageUrl"),
        ({"contactNumber": "22334455"}, "INVALID", "contactNumber"),
        ({"contactCountryCode": "+47"}, "INVALID", "contactNumber"),
        (
            {"contactCountryCode": "47", "contactNumber": "22334455"},
            "INVALID",
            "contactCountryCode",
        ),
        ({"contactCountryCode": "+47", "contactNumber": "٢٢٣٣٤٤"}, "INVALID", "contactNumber"),
        ({"contactCountryCode": "+471", "contactNumber": "1" * 13}, "INVALID", "contactNumber"),
        ({"contactCountryCode": "+47", "contactNumber": "123"}, "INVALID", "contactNumber"),
        ({"dob": "1899-12-31"}, "INVALID", "dob"),
        ({"dob": "2999-01-01"}, "INVALID", "dob"),
        ({"pincode": "5003; --"}, "INVALID", "pincode"),
        ({"city": "a" * 101}, "TOO_LONG", "city"),
        ({"city": "a\u202eb"}, "INVALID", "city"),
        ({"ethnicity": "\n"}, "REQUIRED", "ethnicity"),
    ],
)
async def test_bad_values_are_refused_and_nothing_changes(
    world: World, services: Services, changes: dict[str, Any], code: str, field: str
) -> None:
    ada = await world.user()
    before = await row_of(services, ada)
    refused = await update(ada, gender="woman", **changes)

    (error,) = refused["errors"]
    assert (error["code"], error["field"]) == (code, ["input", field])
    assert await row_of(services, ada) == before
    assert await events_about(services, ada) == []


async def test_a_date_that_is_none_is_refused(world: World) -> None:
    ada = await world.user()
    given = {"clientKey": "k", "dob": "2001-02-29"}
    answer = await ada.client.send(UPDATE, id=ada.id, input=given)
    assert "2001-02-29" in answer["errors"][0]["message"]


async def test_a_retry_changes_nothing_twice_and_tells_nothing(
    world: World, services: Services
) -> None:
    ada = await world.user()
    first = await update(ada, clientKey="k", dob="1906-12-09")
    await update(ada, dob="1907-12-09")
    again = await update(ada, clientKey="k", dob="1906-12-09")
    other = await update(ada, clientKey="k", dob="1906-12-10")

    assert first["errors"] == again["errors"] == []
    assert again["user"]["personal"]["dob"] == "1907-12-09"
    assert other["errors"][0]["code"] == "CLIENT_KEY_REUSED"
    assert len(await events_about(services, ada)) == 2


async def test_a_username_is_one_persons_whatever_its_case(world: World) -> None:
    ada, ben = await world.users(2)
    handle = f"Ada-{uuid4().hex[:8]}"
    changes = await asyncio.gather(
        update(ada, username=handle), update(ben, username=handle.upper())
    )
    codes = sorted(error["code"] for change in changes for error in change["errors"])
    assert codes == ["CONFLICT"]


async def test_changes_of_different_values_at_once_all_stay(world: World) -> None:
    ada = await world.user()
    names = [name for name in WHOLE if not name.startswith("contact")]
    await asyncio.gather(*(update(ada, **{name: WHOLE[name]}) for name in names))
    changed = await update(ada)
    assert {name: changed["user"]["personal"][name] for name in names} == {
        name: WHOLE[name] for name in names
    }


async def test_support_finds_somebody_and_the_audit_knows(world: World, services: Services) -> None:
    ada, admin = await world.user(), await world.user(UserRole.ADMIN)
    number = str(uuid4().int)[:8]
    await update(ada, contactCountryCode="+47", contactNumber=number)
    email = f"{uuid4().hex}@example.org"
    ben = await world.user(email=email)

    for contact, whom in ((f"+47 {number[:4]} {number[4:]}", ada), (email.upper(), ben)):
        found = await admin.client.run(LOOK_UP, contact=contact)
        assert found["userByContact"] == {"id": whom.id}
        event = (await events_about(services, whom))[-1]
        assert tuple(event) == (
            "userByContact",
            admin.user_id,
            None,
            {"contact": "[redacted]"},
        )
    await update(ada, contactCountryCode=None, contactNumber=None)
    for contact in (f"47{number}", "nobody@example.org"):
        assert (await admin.client.run(LOOK_UP, contact=contact))["userByContact"] is None
