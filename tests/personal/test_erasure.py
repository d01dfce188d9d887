"""An erased account is gone from every store; what others need of it stays, and says nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.api.ids import global_id, uuid_of
from app.errors import StoreUnavailable
from app.personal.erased import Stores
from app.personal.erasing import resume
from app.personal.steps import STEPS
from app.services import Services
from app.stores.postgres import Postgres
from tests.accounts.conftest import Desk, SignedIn
from tests.client import Client
from tests.factories import GROUP_CREATE, MEMBER_ADD, SEND, START_DIRECT, Person
from tests.personal.conftest import finish
from tests.subscriptions.streams import is_inbox_open, start

ERASE = """mutation($key: String!) { accountErase(input: {clientKey: $key}) {
  account { closedAt } errors { code message } } }"""
WHO = "{ viewer { id name } }"
GROUP = """query($id: ID!) { group(id: $id) { name owner { id }
  members { nodes { role user { id } } } } }"""
CHAT = """query($id: ID!) { conversation(id: $id) { messageCount
  messages(first: 50) { nodes { text deleted sender { id } } } lastMessage { text } } }"""


async def me(somebody: SignedIn) -> UUID:
    viewer = (await somebody.client.run(WHO))["viewer"]
    return uuid_of(viewer["id"], "User", field=[])


async def erase(services: Services, somebody: SignedIn) -> UUID:
    public_id = await me(somebody)
    await somebody.client.mutate(ERASE, key=uuid4().hex)
    await finish(services, public_id)
    return public_id


async def group_of(client: Client, *members: Person | SignedIn, **roles: str) -> str:
    group: str = (await client.mutate(GROUP_CREATE, name="Readers", key=uuid4().hex))["group"]["id"]
    for member in members:
        whom = member.id if isinstance(member, Person) else await _id(member)
        await client.mutate(MEMBER_ADD, group=group, user=whom, key=uuid4().hex)
    return group


async def _id(somebody: SignedIn) -> str:
    found: str = (await somebody.client.run(WHO))["viewer"]["id"]
    return found


async def talk(client: Client, other: Person, *texts: str) -> str:
    made = await client.mutate(START_DIRECT, user=other.id, key=uuid4().hex)
    conversation: str = made["conversation"]["id"]
    for words in texts:
        await client.mutate(SEND, id=conversation, text=words, key=uuid4().hex)
    return conversation


@pytest.mark.covers("E38")
async def test_an_erased_account_is_signed_out_and_nobody(desk: Desk) -> None:
    ada, ben = await desk.sign_up(), await desk.world.user()
    conversation = await talk(ada.client, ben, "Good morning", "Good night")
    await ben.client.mutate(SEND, id=conversation, text="And to you", key=uuid4().hex)

    public_id = await erase(desk.services, ada)

    refused = await ada.client.send(WHO)
    assert refused["errors"][0]["extensions"]["code"] == "SESSION_REVOKED"
    seen = (await ben.client.run(CHAT, id=conversation))["conversation"]
    assert seen["messageCount"] == 3
    words = [(message["text"], message["sender"]) for message in seen["messages"]["nodes"]]
    assert words == [(None, None), (None, None), ("And to you", {"id": ben.id})]
    query = "query($id: ID!) { user(id: $id) { name } }"
    assert (await ben.client.run(query, id=global_id("User", public_id)))["user"] is None


async def test_whoever_listens_is_told_to_fetch_anew(desk: Desk) -> None:
    ada, ben = await desk.sign_up(), await desk.world.user()
    conversation = await talk(ada.client, ben, "Good morning")
    query = """subscription($id: ID!, $after: String) {
      conversationEvents(conversationId: $id, after: $after) { __typename cursor } }"""
    seen = "subscription { inbox { conversation { lastMessage { text } } } }"
    async with (
        ben.client.subscribe(query, id=conversation, after=start(conversation)) as stream,
        ben.client.subscribe(seen) as inbox,
    ):
        began, sent = await stream.take(2)
        await is_inbox_open(desk.services, ben)
        await erase(desk.services, ada)
        event = await stream.next()
        assert (began["__typename"], sent["__typename"]) == ("MembersChanged", "MessageSent")
        assert event["__typename"] == "RefetchNeeded"
        assert (await inbox.next())["conversation"]["lastMessage"] == {"text": None}
    async with ben.client.subscribe(query, id=conversation, after=sent["cursor"]) as stream:
        assert await stream.next() == event


async def test_the_address_is_free_again(desk: Desk) -> None:
    ada = await desk.sign_up()
    public_id = await erase(desk.services, ada)

    await desk.ask(ada.email)
    made = await desk.use(ada.email, await desk.mailbox.code(ada.email, 2))
    assert made["errors"] == []
    assert uuid_of(made["viewer"]["id"], "User", field=[]) != public_id


async def test_only_a_fresh_sign_in_erases(desk: Desk) -> None:
    ada = await desk.sign_up()
    public_id = await me(ada)
    await desk.sql(
        """UPDATE user_sessions SET started_at = now() - interval '16 minutes'
           FROM users u WHERE u.id = user_id AND u.email_index = :email""",
        email=ada.email,
    )
    without_session = await desk.world.user()

    for client in (ada.client, without_session.client):
        assert await client.refused(ERASE, key="k") == "FORBIDDEN"
    assert (await ada.client.run(WHO))["viewer"]
    rows = await desk.sql("SELECT 1 FROM erasures WHERE public_id = :id", id=public_id)
    events = await desk.sql(
        "SELECT 1 FROM auth_audit_events WHERE entity_id = :id", id=str(public_id)
    )
    assert rows == events == []


async def test_it_is_done_in_the_background_up_to_what_may_be_under_way(desk: Desk) -> None:
    ada, ben = await desk.sign_up(), await desk.world.user()
    conversation = await talk(ada.client, ben, "Good morning")
    public_id = await me(ada)
    await ada.client.mutate(ERASE, key="k")

    steps: list[str] = []
    async with asyncio.timeout(20):
        while steps != [*STEPS][:-1]:
            await asyncio.sleep(0.05)
            ((steps,),) = await desk.sql(
                "SELECT steps FROM erasures WHERE public_id = :id", id=public_id
            )
    seen = (await ben.client.run(CHAT, id=conversation))["conversation"]
    assert seen["lastMessage"]["text"] is None


async def test_groups_go_to_whoever_has_been_there_longest(desk: Desk) -> None:
    ada, (ben, cay, dan) = await desk.sign_up(), await desk.world.users(3)
    to_member = await group_of(ada.client, ben, cay)
    to_admin = await group_of(ada.client, ben, cay, dan)
    role = MEMBER_ADD.replace("clientKey: $key", "clientKey: $key, role: ADMIN")
    await ada.client.mutate(role, group=to_admin, user=dan.id, key=uuid4().hex)
    alone = await group_of(ada.client)
    of_another = await group_of(ben.client, ada, cay)

    await erase(desk.services, ada)

    for group, owner, count in ((to_member, ben, 2), (to_admin, dan, 3), (of_another, ben, 2)):
        found = (await cay.client.run(GROUP, id=group))["group"]
        assert found["owner"] == {"id": owner.id}
        members = found["members"]["nodes"]
        assert len(members) == count
        assert [m["user"]["id"] for m in members if m["role"] == "OWNER"] == [owner.id]
    assert (await cay.client.run(GROUP, id=alone))["group"] is None


async def test_the_last_admin_stays(desk: Desk) -> None:
    """Of two admins who go at once, one stays."""
    admins = [await desk.sign_up() for _ in range(2)]
    others = await desk.sql("UPDATE users SET role = 'moderator' WHERE role = 'admin' RETURNING id")
    try:
        for admin in admins:
            await desk.sql(
                "UPDATE users SET role = 'admin' WHERE email_index = :email", email=admin.email
            )
        again = [await desk.sign_in(admin.email) for admin in admins]
        answers = await asyncio.gather(*(one.client.run(ERASE, key="k") for one in again))
    finally:
        for (user_id,) in others:
            await desk.sql("UPDATE users SET role = 'admin' WHERE id = :id", id=user_id)
    codes = [[e["code"] for e in answer["accountErase"]["errors"]] for answer in answers]
    assert sorted(codes) == [[], ["CONFLICT"]]


class Dying:
    """A database that is gone after some transactions, as for a process that is killed."""

    def __init__(self, database: Postgres, left: list[int]) -> None:
        self._database = database
        self._left = left

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        self._left[0] -= 1
        if self._left[0] < 0:
            raise StoreUnavailable("postgresql")
        async with self._database.begin() as tx:
            yield tx
            if self._left[0] == 0:
                raise StoreUnavailable("postgresql")  # before the commit


@pytest.mark.covers("E38")
async def test_it_goes_on_wherever_it_was_killed(desk: Desk) -> None:
    ada, ben = await desk.sign_up(), await desk.world.user()
    conversation = await talk(ada.client, ben, *("Again and again",) * 3)
    group = await group_of(ada.client, ben)
    public_id = await me(ada)
    await desk.sql(
        """INSERT INTO erasures (user_id, public_id, claimed_until)
           SELECT id, public_id, now() + interval '1 hour' FROM users WHERE public_id = :id""",
        id=public_id,
    )
    ((erasure_id,),) = await desk.sql("SELECT id FROM erasures WHERE public_id = :id", id=public_id)
    stores: Any = desk.services.eraser.stores
    deaths = 0
    for budget in range(1, 200):
        left = [budget]
        dying: Stores = replace(
            stores, main=Dying(stores.main, left), auth=Dying(stores.auth, left)
        )
        try:
            await resume(dying, erasure_id)
        except StoreUnavailable:
            deaths += 1
        else:
            break
    assert deaths > len(STEPS) // 2

    await finish(desk.services, public_id)
    ((steps,),) = await desk.sql("SELECT steps FROM erasures WHERE id = :id", id=erasure_id)
    assert steps == [*STEPS]
    seen = (await ben.client.run(CHAT, id=conversation))["conversation"]
    assert [message["text"] for message in seen["messages"]["nodes"]] == [None] * 3
    assert (await ben.client.run(GROUP, id=group))["group"]["owner"] == {"id": ben.id}
