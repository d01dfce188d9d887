"""The demo world: made once, completed where it is half made, and right in every store."""

from typing import Any

import pytest
from sqlalchemy import func, select, text

from app.chat import commands
from app.chat.log import LogEntry
from app.chat.models import Message
from app.errors import StoreUnavailable
from app.products.models import Cause, Product, PublishingStatus
from app.seeds import seed_demo
from app.seeds.demo_talks import TALKS
from app.seeds.demo_world import PEOPLE, PRODUCTS
from app.services import Services
from app.settings import Settings
from app.users.models import User
from app.users.personal import email_index
from tests.client import Client
from tests.seeds.verifier import broken_invariants

INBOX = """{ viewer { name products { nodes { title publishingStatus } } }
  conversations(first: 20) { nodes { kind title unreadCount messageCount group { name }
    lastMessage { text sender { name } } participants { nodes { name } } } } }"""


async def token_of(services: Services, email: str) -> str:
    async with services.auth.begin() as tx:
        found = await tx.execute(
            select(User.id, User.public_id, User.role).where(
                User.email_index == email_index(services.accounts.keyring, email)
            )
        )
        user_id, public_id, role = found.one()
    return services.tokens.issue(user_id, public_id, role)


async def counts(services: Services) -> list[int]:
    tables = [
        "products",
        "groups",
        "group_members",
        "conversations",
        "conversation_members",
        "messages",
    ]
    async with services.main.begin() as tx:
        return [
            (await tx.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608
            for table in tables
        ]


@pytest.mark.covers("E28")
async def test_a_half_made_world_is_completed_and_a_whole_one_found(
    own_settings: Settings, own_server: tuple[Services, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    services, _ = own_server
    sent = 0
    send = commands.send_message

    async def send_some(*arguments: Any, **named: Any) -> LogEntry:
        nonlocal sent
        sent += 1
        if sent > 10:
            raise StoreUnavailable("mongodb")
        return await send(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(commands, "send_message", send_some)
        with pytest.raises(StoreUnavailable):
            await seed_demo(own_settings)
    half = await counts(services)

    email = await seed_demo(own_settings)
    whole = await counts(services)
    again = await seed_demo(own_settings)

    assert half[-1] < whole[-1]
    assert await counts(services) == whole
    assert email == again == "ada@isthmus.example"
    assert whole[0] == len(PRODUCTS)
    async with services.main.begin() as tx:
        messages = select(func.count()).where(Message.msg_no.is_not(None))
        said = (await tx.execute(messages)).scalar_one()
        causes = (await tx.execute(select(Product.cause).distinct())).scalars().all()
        statuses = (await tx.execute(select(Product.publishing_status).distinct())).scalars().all()
    assert said == sum(len(talk.lines) for talk in TALKS)
    assert set(causes) == set(Cause)
    assert set(statuses) == set(PublishingStatus)
    assert await broken_invariants(services) == []


async def test_the_demo_user_finds_a_lively_inbox(
    own_settings: Settings, own_server: tuple[Services, str]
) -> None:
    services, url = own_server
    email = await seed_demo(own_settings)

    async with Client(url, await token_of(services, email)) as ada:
        found = await ada.run(INBOX)

    assert found["viewer"]["name"] == "Ada Lindqvist"
    assert found["viewer"]["products"]["nodes"] == [
        {"title": "Thursday tea", "publishingStatus": "DRAFT"}
    ]
    inbox = found["conversations"]["nodes"]
    assert {c["kind"] for c in inbox} == {"DIRECT", "GROUP", "ASSISTANT"}
    names = {f"{p.first_name} {p.last_name}" for p in PEOPLE}
    for conversation in inbox:
        assert conversation["lastMessage"] is not None
        assert {p["name"] for p in conversation["participants"]["nodes"]} <= names
    by_group = {c["group"]["name"]: c for c in inbox if c["group"]}
    assert by_group["Between two homes"]["unreadCount"] == 3
    assert by_group["Neighbours who care"]["unreadCount"] == 2
