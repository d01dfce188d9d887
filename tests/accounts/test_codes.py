"""Signing up and in: what a code permits, how often, and that nobody learns who has an account."""

import asyncio
import statistics
import time
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette

from app.settings import Settings
from tests.accounts.conftest import Desk
from tests.accounts.mailbox import Mailbox
from tests.accounts.operations import REQUEST, SESSIONS, VERIFY, WHO
from tests.client import Client, Json
from tests.server import serve

WRONG = "00000000"
COUNT = """SELECT count(*) FROM user_sessions s JOIN users u ON u.id = s.user_id
  WHERE u.email_index = :email"""
ATTEMPTS = """SELECT max(attempts) FROM user_verifications v JOIN users u ON u.id = v.user_id
  WHERE u.email_index = :email"""


def code_of(payload: Json) -> str | None:
    return payload["errors"][0]["code"] if payload["errors"] else None


def someone() -> str:
    return f"{uuid4().hex}@example.org"


def elsewhere() -> httpx.AsyncHTTPTransport:
    return httpx.AsyncHTTPTransport(local_address="127.0.0.2")


@pytest.mark.covers("A1")
async def test_somebody_registers_and_is_signed_in(desk: Desk) -> None:
    email = someone()
    await desk.ask(email)
    code = await desk.mailbox.code(email)

    made = await desk.use(
        email, f"{code[:4]} {code[4:]}", name="Ada", device="My telephone", type="PHONE"
    )

    assert made["viewer"]["name"] == "Ada"
    me = desk.client(made["token"]["accessToken"])
    assert (await me.run(WHO))["viewer"] == made["viewer"]
    (session,) = (await me.run(SESSIONS))["viewer"]["sessions"]["nodes"]
    assert (session["deviceName"], session["deviceType"]) == ("My telephone", "PHONE")
    assert (session["platform"], session["address"]) == ("DEED_O", "127.0.0.1")
    assert session["isCurrent"]


@pytest.mark.covers("A19")
async def test_an_address_signs_in_again_whatever_its_case(desk: Desk) -> None:
    first = await desk.sign_up()
    await desk.ask(first.email, "LOGIN")
    code = await desk.mailbox.code(first.email, 2)

    again = await desk.use(first.email.upper(), code, "LOGIN")

    assert again["viewer"]["id"] == (await first.client.run(WHO))["viewer"]["id"]


async def test_a_hundred_guesses_at_once_are_five(desk: Desk) -> None:
    somebody = await desk.sign_up()
    await desk.ask(somebody.email, "LOGIN")
    code = await desk.mailbox.code(somebody.email, 2)
    wrong = WRONG if code != WRONG else "11111111"

    guesses = await asyncio.gather(*(desk.use(somebody.email, wrong, "LOGIN") for _ in range(100)))

    assert {code_of(guess) for guess in guesses} == {"INVALID"}
    ((attempts,),) = await desk.sql(ATTEMPTS, email=somebody.email)
    assert attempts == 5
    assert code_of(await desk.use(somebody.email, code, "LOGIN")) == "INVALID"
    assert await desk.sql(COUNT, email=somebody.email) == [(1,)]


async def test_a_code_that_is_used_fifty_times_at_once_makes_one_session(desk: Desk) -> None:
    email = someone()
    await desk.ask(email)
    code = await desk.mailbox.code(email)

    uses = await asyncio.gather(*(desk.use(email, code) for _ in range(50)))

    assert sorted(code_of(use) or "" for use in uses) == ["", *["INVALID"] * 49]
    assert await desk.sql(COUNT, email=email) == [(1,)]


async def test_a_lost_reply_is_given_again_for_the_same_key(desk: Desk) -> None:
    email = someone()
    await desk.ask(email)
    code = await desk.mailbox.code(email)

    uses = await asyncio.gather(*(desk.use(email, code, key="mine") for _ in range(4)))

    assert [code_of(use) for use in uses] == [None] * 4
    assert len({use["token"]["refreshToken"] for use in uses}) == 1
    assert await desk.sql(COUNT, email=email) == [(1,)]
    assert code_of(await desk.use(email, code, key="another's")) == "INVALID"


async def test_a_code_holds_for_nothing_else(desk: Desk) -> None:
    somebody = await desk.sign_up()
    await desk.ask(somebody.email, "LOGIN")
    code = await desk.mailbox.code(somebody.email, 2)

    for values in (
        {"action": "LOGIN", "platform": "DOBE"},
        {"action": "REGISTER"},
    ):
        assert code_of(await desk.use(somebody.email, code, **values)) == "INVALID"
    assert code_of(await desk.use(someone(), code, "LOGIN")) == "INVALID"

    assert code_of(await desk.use(somebody.email, code, "LOGIN")) is None


async def test_an_old_code_holds_no_longer(desk: Desk) -> None:
    somebody = await desk.sign_up()
    await desk.ask(somebody.email, "LOGIN")
    superseded = await desk.mailbox.code(somebody.email, 2)
    await desk.ask(somebody.email, "LOGIN")
    expired = await desk.mailbox.code(somebody.email, 3)
    assert code_of(await desk.use(somebody.email, superseded, "LOGIN")) == "INVALID"
    await desk.sql(
        """UPDATE user_verifications SET expire_at = now() FROM users u
           WHERE u.id = user_id AND u.email_index = :email""",
        email=somebody.email,
    )

    assert code_of(await desk.use(somebody.email, expired, "LOGIN")) == "INVALID"


async def test_the_same_key_sends_one_mail(desk: Desk) -> None:
    email, last = someone(), someone()
    first, again = [await desk.ask(email, key="once") for _ in range(2)]
    assert first == again
    await desk.ask(last)
    await desk.mailbox.code(last)
    assert len(desk.mailbox.mail[email]) == 1


async def test_known_and_unknown_addresses_answer_alike(desk: Desk) -> None:
    known = (await desk.sign_up()).email
    unknown = someone()

    for action in ("LOGIN", "REGISTER"):
        answers = [await desk.ask(email, action) for email in (known, unknown)]
        assert answers[0] == answers[1]
        guesses = [await desk.use(email, WRONG, action) for email in (known, unknown)]
        assert guesses[0] == guesses[1]

    login, notice = [await desk.mailbox.code(known, 2), desk.mailbox.mail[known][2]]
    assert login not in notice.get_content()
    assert "sign in instead" in notice.get_content()
    # To the other went what registers, and nothing else.
    (sent,) = desk.mailbox.mail[unknown]
    assert "register" in sent.get_content()
    assert await desk.sql("SELECT 1 FROM users WHERE email_index = :email", email=unknown) == []


async def test_known_and_unknown_addresses_take_the_same_time(desk: Desk) -> None:
    known = (await desk.sign_up()).email
    taken: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(40):
        for is_known, times in taken.items():
            email = known if is_known else someone()
            began = time.perf_counter()
            await desk.ask(email, "LOGIN")
            times.append(time.perf_counter() - began)
            await asyncio.sleep(0.005)  # until the mail that went is out of the way

    ratio = statistics.median(taken[True]) / statistics.median(taken[False])
    assert 0.6 < ratio < 1.6, ratio


async def test_a_closed_account_gets_no_code_and_uses_none(desk: Desk) -> None:
    somebody = await desk.sign_up()
    await desk.ask(somebody.email, "LOGIN")
    code = await desk.mailbox.code(somebody.email, 2)
    await desk.sql(
        "UPDATE users SET is_active = false WHERE email_index = :email", email=somebody.email
    )

    assert code_of(await desk.use(somebody.email, code, "LOGIN")) == "INVALID"
    await desk.ask(somebody.email, "LOGIN")
    await desk.ask(somebody.email, "REGISTER")
    await desk.sign_up()
    assert len(desk.mailbox.mail[somebody.email]) == 2


@pytest.mark.covers("E21")
async def test_what_is_stored_gives_no_code_away(desk: Desk) -> None:
    email = someone()
    await desk.ask(email)
    code = await desk.mailbox.code(email)

    rows = await desk.sql("SELECT v::text FROM user_verifications v")

    assert rows
    assert not [row for (row,) in rows if code in row or email in row]
    assert not [row for (row,) in rows if code.encode().hex() in row]


@pytest.mark.parametrize(
    ("email", "code"), [("nobody", WRONG), ("a@b", WRONG), ("a@example.org", "1234")]
)
async def test_what_is_no_address_or_no_code_is_refused(desk: Desk, email: str, code: str) -> None:
    assert code_of(await desk.use(email, code)) == "INVALID"


async def test_a_registration_needs_a_name(desk: Desk) -> None:
    assert code_of(await desk.use(someone(), WRONG, name=None)) == "REQUIRED"


@pytest.mark.parametrize(
    ("limit", "same_account"),
    [("code_limit_account", True), ("code_limit_address", False), ("code_limit_total", False)],
)
async def test_codes_are_limited(desk_settings: Settings, limit: str, same_account: bool) -> None:
    email = someone()
    # A Redis database of its own: what the others have used must not count.
    url = desk_settings.redis_url.rpartition("/")[0] + "/15" if desk_settings.redis_url else None
    limited = desk_settings.model_copy(update={limit: 3, "redis_url": url})
    app: Starlette
    async with serve(limited) as (app, url), Client(url) as client:
        await app.state.services.redis.client.flushdb()

        async def ask() -> Json:
            to = email if same_account else someone()
            values = {"action": "LOGIN", "platform": "DOBE", "key": uuid4().hex}
            payload: Json = (await client.run(REQUEST, email=to, **values))["authCodeRequest"]
            return payload

        codes = [code_of(await ask()) for _ in range(5)]

    assert codes == [None, None, None, "RATE_LIMITED", "RATE_LIMITED"]


async def test_a_stranger_uses_up_nothing_of_the_owners(
    desk_settings: Settings, mailbox: Mailbox
) -> None:
    email = someone()
    url = desk_settings.redis_url.rpartition("/")[0] + "/15" if desk_settings.redis_url else None
    limited = desk_settings.model_copy(update={"code_limit_account": 3, "redis_url": url})
    app: Starlette
    async with (
        serve(limited) as (app, url),
        Client(url) as owner,
        Client(url, transport=elsewhere()) as stranger,
    ):
        await app.state.services.redis.client.flushdb()

        async def ask(client: Client) -> str | None:
            values = {"action": "REGISTER", "platform": "DEED_O", "key": uuid4().hex}
            return code_of((await client.run(REQUEST, email=email, **values))["authCodeRequest"])

        async def use(client: Client, code: str) -> str | None:
            values = {"action": "REGISTER", "platform": "DEED_O", "key": uuid4().hex, "name": "A"}
            data = await client.run(VERIFY, email=email, code=code, **values)
            return code_of(data["authCodeVerify"])

        assert [await ask(stranger) for _ in range(4)] == [None, None, None, "RATE_LIMITED"]
        assert await ask(owner) is None
        code = await mailbox.code(email, 4)
        wrong = WRONG if code != WRONG else "11111111"
        guesses = [await use(stranger, wrong) for _ in range(16)]
        assert guesses == ["INVALID"] * 15 + ["RATE_LIMITED"]
        assert await use(owner, code) is None


async def test_a_code_holds_on_another_network_for_as_many_guesses(desk: Desk) -> None:
    async with Client(desk.url, transport=elsewhere()) as client:
        abroad = replace(desk, anonymous=client)
        email = someone()
        await desk.ask(email)
        code = await desk.mailbox.code(email)
        wrong = WRONG if code != WRONG else "11111111"
        assert code_of(await abroad.use(email, code)) is None

        await desk.ask(email, "LOGIN")
        code = await desk.mailbox.code(email, 2)
        guesses = [*[wrong] * 5, code]
        found = [code_of(await abroad.use(email, guess, "LOGIN")) for guess in guesses]
        assert found == ["INVALID"] * 6
        assert code_of(await desk.use(email, code, "LOGIN")) is None
