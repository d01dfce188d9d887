"""The demo world, made once and through the doors that users take, so that every store agrees."""

from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app.chat import commands as chat
from app.chat import membership
from app.chat.content import NewMessage
from app.chat.log import LogEntry, group_conversation_id, message_id
from app.chat.models import EntryKind, MessageRole
from app.groups.models import GroupRole
from app.products import commands as products
from app.products.models import PublishingStatus
from app.sealing import Keyring
from app.seeds.demo_talks import TALKS, Between, DemoTalk, InGroup, Line, WithAssistant
from app.seeds.demo_world import (
    DEMO_USER,
    DOMAIN,
    GROUPS,
    MODERATOR,
    PEOPLE,
    PRODUCTS,
    DemoGroup,
    DemoPerson,
    DemoProduct,
)
from app.services import Services, open_services
from app.settings import Settings
from app.stores.postgres import Postgres
from app.users.accounts import Accounts
from app.users.models import User, UserStatus
from app.users.personal import email_index, sealed
from app.viewer import Viewer

_EMAILS = {person.key: person.email for person in PEOPLE}
# On the demo user, once the world is whole.
_WHOLE = {"demo_world": "whole"}
_NO_USER = 0  # whose messages an assistant's ids are derived from


@dataclass(frozen=True, slots=True)
class _Person:
    viewer: Viewer
    user_id: int
    public_id: UUID


async def seed_demo(settings: Settings) -> str:
    """Make the demo world, complete a half-made one, or find it whole.

    Every step carries a client key of its own, so that a repeated one does nothing.

    Args:
        settings: With the address of every store, which are migrated.

    Returns:
        The demo user's email address.

    Raises:
        StoreUnavailable: A store does not answer; a later call goes on from here.
    """
    async with open_services(settings) as services:
        if not await _is_whole(services.accounts):
            people = await _people(services.accounts)
            product_ids = {p.key: await _product(services.main, people, p) for p in PRODUCTS}
            groups = await _groups(services, people, product_ids)
            for talk in TALKS:
                await _talk(services, people, groups, talk)
            async with services.auth.begin() as tx:
                demo_user = User.id == people[DEMO_USER].user_id
                await tx.execute(update(User).where(demo_user).values(extra=_WHOLE))
    return _EMAILS[DEMO_USER]


async def _is_whole(accounts: Accounts) -> bool:
    statement = select(User.extra.contains(_WHOLE)).where(
        User.email_index == email_index(accounts.keyring, _EMAILS[DEMO_USER])
    )
    async with accounts.auth.begin() as tx:
        return bool((await tx.execute(statement)).scalar())


async def _people(accounts: Accounts) -> dict[str, _Person]:
    keys = {email_index(accounts.keyring, email): key for key, email in _EMAILS.items()}
    known = select(User.id, User.public_id, User.role, User.email_index).where(
        User.email_index.in_(keys)
    )
    rows = [_account(accounts.keyring, person) for person in PEOPLE]
    async with accounts.auth.begin() as tx:
        await tx.execute(insert(User).on_conflict_do_nothing(), rows)
        found = (await tx.execute(known)).all()
    return {
        keys[index]: _Person(Viewer(user_id, public_id, role.value), user_id, public_id)
        for user_id, public_id, role, index in found
    }


def _account(keyring: Keyring, person: DemoPerson) -> dict[str, object]:
    public_id = uuid4()
    return {
        "public_id": public_id,
        "name": f"{person.first_name} {person.last_name}",
        "username": person.key,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "status": UserStatus.VERIFIED,
        "role": person.role,
        "registration_platform": person.platform,
        "profile": None if person.shop is None else {"about": person.shop, "city": person.city},
        **sealed(keyring, public_id, {"email": person.email, "city": person.city}),
    }


async def _product(main: Postgres, people: dict[str, _Person], product: DemoProduct) -> str:
    vendor, moderator = people[product.vendor].viewer, people[MODERATOR].viewer
    key = f"demo:{product.key}"
    new = products.NewProduct(
        product.title,
        product.description,
        product.cause,
        Decimal(product.mrp),
        Decimal(product.selling_price),
        f"https://shop.{DOMAIN}/{product.key}",
    )
    product_id = (await products.create_product(main, vendor, new, client_key=key)).id
    if product.status is not PublishingStatus.DRAFT:
        await products.submit_product(main, vendor, product_id, client_key=key)
    if product.status is PublishingStatus.PUBLISHED:
        await products.publish_product(main, moderator, product_id, client_key=key)
    elif product.status is PublishingStatus.REJECTED:
        remark = product.remark or ""
        await products.reject_product(main, moderator, product_id, remark, client_key=key)
    return product_id


async def _groups(
    services: Services, people: dict[str, _Person], product_ids: dict[str, str]
) -> dict[str, UUID]:
    groups: dict[str, UUID] = {}
    for group in GROUPS:  # one after the other: a parent comes before what is below it
        groups[group.key] = await _group(services, people, group, product_ids, groups)
    return groups


async def _group(
    services: Services,
    people: dict[str, _Person],
    group: DemoGroup,
    product_ids: dict[str, str],
    groups: dict[str, UUID],
) -> UUID:
    owner, key = people[group.owner].viewer, f"demo:{group.key}"
    new = replace(
        group.new(product_ids[group.product] if group.product else None),
        parent_id=groups[group.parent] if group.parent else None,
    )
    group_id = (await membership.create_group(services, owner, new, client_key=key)).id
    roles = [(name, GroupRole.ADMIN) for name in group.admins]
    roles += [(name, GroupRole.MEMBER) for name in group.members]
    for name, role in roles:
        user = people[name].public_id
        await membership.add_group_member(
            services, owner, group_id, user, role, client_key=f"{key}:{name}"
        )
    return group_id


async def _talk(
    services: Services, people: dict[str, _Person], groups: dict[str, UUID], talk: DemoTalk
) -> None:
    conversation_id = await _conversation(services, people, groups, talk)
    for number, line in enumerate(talk.lines, start=1):
        key, speaker = f"demo:{talk.key}:{number}", people[line.speaker]
        if line.is_answer:
            answer = _answer(conversation_id, line, key)
            await services.chat.send(answer, member=speaker.user_id)
        else:
            new = NewMessage(line.text, line.attachments)
            await chat.send_message(services, speaker.viewer, conversation_id, new, client_key=key)
    for name, number in talk.read:
        await chat.mark_read(services, people[name].viewer, conversation_id, number)


def _answer(conversation_id: UUID, line: Line, key: str) -> LogEntry:
    return LogEntry(
        message_id(conversation_id, _NO_USER, key),
        conversation_id,
        EntryKind.MESSAGE,
        None,
        client_key=key,
        role=MessageRole.ASSISTANT,
        text=line.text,
        model="gemini-2.5-flash",
        provider="gemini",
        tokens=len(line.text or "") // 4,  # about four characters a token
    )


async def _conversation(
    services: Services, people: dict[str, _Person], groups: dict[str, UUID], talk: DemoTalk
) -> UUID:
    match talk.where:
        case InGroup(group):
            return group_conversation_id(groups[group])
        case Between(one, other):
            viewer, other_id = people[one].viewer, people[other].public_id
            return (await chat.start_direct(services, viewer, other_id)).id
        case WithAssistant(owner, title):
            key = f"demo:{talk.key}"
            viewer = people[owner].viewer
            new = chat.NewAssistantConversation(title)
            return (await chat.start_assistant(services, viewer, new, client_key=key)).id
