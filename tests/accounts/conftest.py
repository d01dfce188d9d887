"""A server whose mail can be read, and which lets a whole suite sign in from one address."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.services import Services
from app.settings import Settings
from app.users.personal import email_index
from tests.accounts.mailbox import Mailbox, open_mailbox
from tests.accounts.operations import REQUEST, VERIFY
from tests.client import Client, Json
from tests.factories import World
from tests.server import serve
from tests.subscriptions.test_processes import elsewhere  # noqa: F401 - a fixture

MANY = 1_000_000


@dataclass(frozen=True)
class SignedIn:
    """What somebody holds after they have signed in."""

    email: str
    access_token: str
    refresh_token: str
    client: Client


@dataclass
class Desk:
    """Where people sign up and in."""

    services: Services
    url: str
    mailbox: Mailbox
    anonymous: Client
    world: World
    opened: list[Client]

    async def ask(self, email: str, action: str = "REGISTER", **values: Any) -> Json:
        """Ask for a code."""
        given = {"platform": "DEED_O", "key": uuid4().hex, **values}
        return await self.anonymous.run(REQUEST, email=email, action=action, **given)

    async def use(self, email: str, code: str, action: str = "REGISTER", **values: Any) -> Json:
        """Use a code; the payload."""
        given = {"platform": "DEED_O", "key": uuid4().hex, "name": "Somebody", **values}
        data = await self.anonymous.run(VERIFY, email=email, code=code, action=action, **given)
        payload: Json = data["authCodeVerify"]
        return payload

    def client(self, token: str) -> Client:
        """A client with that access token."""
        client = Client(self.url, token)
        self.opened.append(client)
        return client

    async def sign_up(self) -> SignedIn:
        """A new account, signed in."""
        email = f"{uuid4().hex}@example.org"
        await self.ask(email)
        return self._signed_in(email, await self.use(email, await self.mailbox.code(email)))

    async def sign_in(self, email: str, **values: Any) -> SignedIn:
        """One more session of an account."""
        number = len(self.mailbox.mail.get(email, ())) + 1
        await self.ask(email, "LOGIN")
        code = await self.mailbox.code(email, number)
        return self._signed_in(email, await self.use(email, code, "LOGIN", **values))

    def _signed_in(self, email: str, payload: Json) -> SignedIn:
        assert payload["errors"] == [], payload
        token = payload["token"]
        access_token = token["accessToken"]
        return SignedIn(email, access_token, token["refreshToken"], self.client(access_token))

    async def sql(self, statement: str, **values: Any) -> Any:
        """Do something in the accounts' database; its rows, if it gives any.

        An `email` stands for what finds its account.
        """
        if "email" in values:
            values["email"] = email_index(self.services.accounts.keyring, values["email"])
        async with self.services.auth.begin() as tx:
            result = await tx.execute(text(statement), values)
            return result.all() if result.returns_rows else None


@pytest.fixture(scope="module")
async def mailbox() -> AsyncIterator[Mailbox]:
    async with open_mailbox() as mailbox:
        yield mailbox


@pytest.fixture(scope="module")
def desk_settings(settings: Settings, mailbox: Mailbox) -> Settings:
    limits = dict.fromkeys(("code_limit_account", "code_limit_address", "code_limit_total"), MANY)
    return settings.model_copy(update={"smtp_url": SecretStr(mailbox.url), **limits})


@pytest.fixture(scope="module")
async def desk_server(desk_settings: Settings, mailbox: Mailbox) -> AsyncIterator[Desk]:
    async with serve(desk_settings) as (app, url), Client(url) as anonymous:
        services: Services = app.state.services
        desk = Desk(services, url, mailbox, anonymous, World(services, url), [])
        yield desk
        await desk.world.close()


@pytest.fixture
async def desk(desk_server: Desk) -> AsyncIterator[Desk]:
    yield desk_server
    for client in desk_server.opened:
        await client.http.aclose()
    desk_server.opened.clear()
