"""Another address to sign in with: proved by its own mail, told to the former one, once."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.users.email_change import FRESH
from tests.accounts.conftest import Desk, SignedIn
from tests.accounts.operations import ERRORS, WHO
from tests.accounts.test_codes import WRONG, code_of, someone
from tests.client import Json
from tests.factories import Person

ASK = f"""mutation($email: String!, $key: String!) {{
  userEmailChangeRequest(input: {{email: $email, clientKey: $key}}) {{
    user {{ id }} code {{ digits expiresAt }} {ERRORS} }} }}"""
CHANGE = f"""mutation($email: String!, $code: String!, $key: String!) {{
  userEmailChange(input: {{email: $email, code: $code, clientKey: $key}}) {{
    user {{ personal {{ email }} }} {ERRORS} }} }}"""
AUDIT = """SELECT action, before, after FROM auth_audit_events
  WHERE entity_id = (SELECT public_id::text FROM users WHERE email_index = :email)
  ORDER BY created_at"""
OLDER = """UPDATE user_sessions SET started_at = now() - CAST(:ago AS interval)
  WHERE user_id = (SELECT id FROM users WHERE email_index = :email)"""


async def ask(whose: SignedIn | Person, email: str, key: str | None = None) -> Json:
    answer = await whose.client.run(ASK, email=email, key=key or uuid4().hex)
    payload: Json = answer["userEmailChangeRequest"]
    return payload


async def change(whose: SignedIn, email: str, code: str, key: str | None = None) -> Json:
    answer = await whose.client.run(CHANGE, email=email, code=code, key=key or uuid4().hex)
    payload: Json = answer["userEmailChange"]
    return payload


@pytest.mark.covers("A1", "E21")
async def test_an_address_changes_by_the_code_it_was_sent(desk: Desk) -> None:
    ada, new = await desk.sign_up(), someone()
    elsewhere = await desk.sign_in(ada.email)
    asked = await ask(ada, new)
    assert (asked["errors"], asked["code"]["digits"]) == ([], 8)

    changed = await change(ada, new.upper(), await desk.mailbox.code(new), key="once")

    assert changed["user"]["personal"]["email"].lower() == new
    assert (await desk.sign_in(new)).email == new
    # The former address is told, signs in no longer, and may be anybody's.
    assert "no longer" in await told(desk, ada.email, 3)
    await desk.ask(ada.email, "LOGIN")
    assert code_of(await desk.use(ada.email, WRONG, "LOGIN")) == "INVALID"
    # This session goes on, the others have ended.
    assert (await ada.client.run(WHO))["viewer"]
    answer = await elsewhere.client.send(WHO)
    assert answer["errors"][0]["extensions"]["code"] == "SESSION_REVOKED"
    events = await desk.sql(AUDIT, email=new)
    assert [(event.action, event.before, event.after) for event in events] == [
        ("userEmailChange", {"email": "[redacted]"}, {"email": "[redacted]"})
    ]


async def test_whoever_looks_at_their_account_is_told(desk: Desk) -> None:
    ada, new = await desk.sign_up(), someone()
    query = "subscription { viewerChanged { viewer { personal { email } } } }"
    async with ada.client.subscribe(query) as account:
        assert (await account.next())["viewer"]["personal"]["email"] == ada.email
        await ask(ada, new)
        await change(ada, new, await desk.mailbox.code(new))
        assert (await account.next())["viewer"]["personal"]["email"] == new


async def told(desk: Desk, email: str, number: int) -> str:
    async with asyncio.timeout(20):
        while len(desk.mailbox.mail.get(email, ())) < number:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    text: str = desk.mailbox.mail[email][number - 1].get_content()
    return text


async def test_a_retry_sends_nothing_and_changes_nothing_twice(desk: Desk) -> None:
    ada, new = await desk.sign_up(), someone()
    asked = await asyncio.gather(*(ask(ada, new, key="ask") for _ in range(5)))
    assert len({one["code"]["expiresAt"] for one in asked}) == 1
    assert (await ask(ada, someone(), key="ask"))["errors"][0]["code"] == "CLIENT_KEY_REUSED"
    code = await desk.mailbox.code(new)

    changed = await asyncio.gather(*(change(ada, new, code, key="change") for _ in range(5)))

    assert [one["errors"] for one in changed] == [[]] * 5
    assert len(desk.mailbox.mail[new]) == 1
    assert code_of(await change(ada, new, code)) == "INVALID"
    assert len(await desk.sql(AUDIT, email=new)) == 1


async def test_an_address_with_an_account_is_told_and_nobody_else(desk: Desk) -> None:
    ada, ben = await desk.sign_up(), await desk.sign_up()
    to_a_stranger, to_ben = await ask(ada, someone()), await ask(ada, ben.email)

    assert to_ben.keys() == to_a_stranger.keys()
    assert (to_ben["errors"], to_ben["code"]["digits"]) == ([], 8)
    assert "already" in await told(desk, ben.email, 2)
    assert code_of(await change(ada, ben.email, WRONG)) == "INVALID"
    assert code_of(await ask(ada, ada.email.upper())) == "INVALID"


async def test_of_two_who_prove_one_address_one_has_it(desk: Desk) -> None:
    people = [await desk.sign_up() for _ in range(3)]
    new = someone()
    codes = []
    for number, person in enumerate(people, 1):
        await ask(person, new)
        codes.append(await desk.mailbox.code(new, number))

    changed = await asyncio.gather(
        *(change(person, new, code) for person, code in zip(people, codes, strict=True))
    )

    found = sorted(code_of(one) or "" for one in changed)
    assert found == ["", "CONFLICT", "CONFLICT"]
    assert len(await desk.sql("SELECT id FROM users WHERE email_index = :email", email=new)) == 1


async def test_guesses_are_counted_and_keys_of_wrong_ones_forgotten(desk: Desk) -> None:
    ada, ben, new = await desk.sign_up(), await desk.sign_up(), someone()
    await ask(ada, new)
    code = await desk.mailbox.code(new)
    wrong = WRONG if code != WRONG else "11111111"
    # Somebody else's code is none.
    assert code_of(await change(ben, new, code)) == "INVALID"
    assert code_of(await change(ada, new, wrong, key="k")) == "INVALID"
    assert code_of(await change(ada, new, "123", key="k")) == "INVALID"
    await asyncio.gather(*(change(ada, new, wrong) for _ in range(4)))

    assert code_of(await change(ada, new, code, key="k")) == "INVALID"
    assert await desk.sql(AUDIT, email=ada.email) == []


async def test_a_code_to_the_former_address_holds_no_longer(desk: Desk) -> None:
    ada, new = await desk.sign_up(), someone()
    await desk.ask(ada.email, "LOGIN")
    stale = await desk.mailbox.code(ada.email, 2)
    await ask(ada, new)
    await change(ada, new, await desk.mailbox.code(new))

    assert code_of(await desk.use(ada.email, stale, "LOGIN")) == "INVALID"


async def test_an_old_session_changes_no_address(desk: Desk) -> None:
    ada, new = await desk.sign_up(), someone()
    await ask(ada, new)
    code = await desk.mailbox.code(new)
    await desk.sql(OLDER, email=ada.email, ago=FRESH + timedelta(seconds=1))

    assert code_of(await ask(ada, new)) == "FORBIDDEN"
    assert code_of(await change(ada, new, code)) == "FORBIDDEN"
    assert code_of(await ask(await desk.world.user(), new)) == "FORBIDDEN"
    assert await desk.sql(AUDIT, email=ada.email) == []
