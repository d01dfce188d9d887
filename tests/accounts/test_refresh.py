"""Refresh tokens: each is used once, a lost reply is given again, and a theft ends the session."""

import asyncio

from tests.accounts.conftest import Desk, SignedIn
from tests.accounts.operations import REFRESH, WHO
from tests.client import Json

AGE = """UPDATE tokens SET used_at = used_at - interval '11 seconds' FROM users u
  WHERE u.id = user_id AND u.email_index = :email"""
COUNT = (
    "SELECT count(*) FROM tokens t JOIN users u ON u.id = t.user_id WHERE u.email_index = :email"
)
END = """SELECT s.metadata->>'end' FROM user_sessions s JOIN users u ON u.id = s.user_id
  WHERE u.email_index = :email"""


async def refresh(desk: Desk, token: str) -> Json:
    payload: Json = (await desk.anonymous.run(REFRESH, token=token))["authTokenRefresh"]
    return payload


async def successor(desk: Desk, token: str) -> str:
    payload = await refresh(desk, token)
    assert payload["errors"] == []
    found: str = payload["token"]["refreshToken"]
    return found


async def refusal(desk: Desk, token: str) -> str:
    payload = await refresh(desk, token)
    assert payload["token"] is payload["viewer"] is None
    code: str = payload["errors"][0]["code"]
    return code


async def is_signed_in(somebody: SignedIn) -> bool:
    return "errors" not in await somebody.client.send(WHO)


async def test_a_token_gives_the_next_ones_of_its_session(desk: Desk) -> None:
    somebody = await desk.sign_up()

    payload = await refresh(desk, somebody.refresh_token)

    assert payload["token"]["refreshToken"] != somebody.refresh_token
    renewed = desk.client(payload["token"]["accessToken"])
    assert (await renewed.run(WHO))["viewer"] == payload["viewer"]
    assert await desk.sql(
        "SELECT 1 FROM user_sessions s, users u WHERE u.id = s.user_id AND u.email_index = :email",
        email=somebody.email,
    ) == [(1,)]
    assert await successor(desk, payload["token"]["refreshToken"])


async def test_a_lost_reply_is_given_again(desk: Desk) -> None:
    somebody = await desk.sign_up()

    given = await asyncio.gather(*(successor(desk, somebody.refresh_token) for _ in range(20)))

    assert len(set(given)) == 1
    assert await desk.sql(COUNT, email=somebody.email) == [(2,)]
    assert await is_signed_in(somebody)


async def test_a_token_that_comes_back_later_ends_the_session(desk: Desk) -> None:
    somebody = await desk.sign_up()
    theirs = await successor(desk, somebody.refresh_token)
    await desk.sql(AGE, email=somebody.email)

    assert await refusal(desk, somebody.refresh_token) == "SESSION_REVOKED"

    assert await refusal(desk, theirs) == "SESSION_REVOKED"
    assert not await is_signed_in(somebody)
    assert await desk.sql(END, email=somebody.email) == [("TOKEN_REUSED",)]


async def test_a_delayed_duplicate_gets_nothing_and_harms_nobody(desk: Desk) -> None:
    somebody = await desk.sign_up()
    second = await successor(desk, somebody.refresh_token)
    third = await successor(desk, second)

    assert await refusal(desk, somebody.refresh_token) == "UNAUTHENTICATED"

    assert await is_signed_in(somebody)
    assert await successor(desk, third)


async def test_what_does_not_hold_is_refused(desk: Desk) -> None:
    somebody = await desk.sign_up()
    await desk.sql(
        """UPDATE tokens SET expire_at = now() FROM users u
           WHERE u.id = user_id AND u.email_index = :email""",
        email=somebody.email,
    )

    for token in (somebody.refresh_token, somebody.access_token, "", "x" * 1_000, "\0"):
        assert await refusal(desk, token) == "UNAUTHENTICATED"


async def test_no_token_is_stored(desk: Desk) -> None:
    somebody = await desk.sign_up()

    rows = await desk.sql("SELECT t::text FROM tokens t")

    assert rows
    hexadecimal = somebody.refresh_token.encode().hex()
    assert not [1 for (row,) in rows if somebody.refresh_token in row or hexadecimal in row]


async def test_who_is_signed_out_everywhere_refreshes_nothing(desk: Desk) -> None:
    somebody = await desk.sign_up()
    await desk.sql(
        "UPDATE users SET role = 'moderator' WHERE email_index = :email", email=somebody.email
    )

    assert await refusal(desk, somebody.refresh_token) == "SESSION_REVOKED"
