"""People and what is theirs, made for one test through the same doors that users take."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, text

from app.api.ids import global_id
from app.services import Services
from app.usage.counting import count_entries
from app.users.models import Platform, User, UserRole, UserStatus
from app.users.personal import SEALED, sealed
from app.viewer import Viewer
from tests.client import Client

_numbers = count(1)


@dataclass(frozen=True)
class Person:
    """Somebody with an account and a client."""

    user_id: int
    public_id: UUID
    name: str
    token: str
    viewer: Viewer
    client: Client

    @property
    def id(self) -> str:
        """The global id."""
        return global_id("User", self.public_id)


class World:
    """Makes what a test needs."""

    def __init__(self, services: Services, server_url: str) -> None:
        self.services = services
        self.server_url = server_url
        self._people: list[Person] = []

    async def close(self) -> None:
        """Close everybody's client."""
        for person in self._people:
            await person.client.http.aclose()

    async def user(self, role: UserRole = UserRole.USER, **columns: Any) -> Person:
        """A new account, signed in."""
        number = next(_numbers)
        values: dict[str, Any] = {
            "email": f"{uuid4().hex}@example.org",
            "name": f"Person {number}",
            "registration_platform": Platform.DEED_O,
            "status": UserStatus.VERIFIED,
            "role": role,
            "public_id": uuid4(),
            **columns,
        }
        personal = {name: str(values.pop(name)) for name in SEALED if name in values}
        values |= sealed(self.services.accounts.keyring, values["public_id"], personal)
        async with self.services.auth.begin() as tx:
            made = insert(User).values(values).returning(User.id, User.public_id, User.name)
            user_id, public_id, name = (await tx.execute(made)).one()
        # Some make an estate for a whole run.
        lifetime = timedelta(hours=2)
        token = self.services.tokens.issue(user_id, public_id, role, lifetime=lifetime)
        viewer = Viewer(user_id, public_id, role)
        client = Client(self.server_url, token)
        person = Person(user_id, public_id, name, token, viewer, client)
        self._people.append(person)
        return person

    async def users(self, how_many: int) -> list[Person]:
        """New accounts."""
        return [await self.user() for _ in range(how_many)]

    async def group(self, owner: Person, *members: Person, name: str = "Readers") -> str:
        """The id of a new group with these members."""
        made = await owner.client.mutate(GROUP_CREATE, name=name, key=uuid4().hex)
        group_id: str = made["group"]["id"]
        for member in members:
            await owner.client.mutate(MEMBER_ADD, group=group_id, user=member.id, key=uuid4().hex)
        return group_id

    async def direct(self, one: Person, other: Person) -> str:
        """The id of the conversation of two."""
        made = await one.client.mutate(START_DIRECT, user=other.id, key=uuid4().hex)
        found: str = made["conversation"]["id"]
        return found

    async def conversation_of(self, member: Person, group_id: str) -> str:
        """The id of a group's conversation."""
        query = "query($id: ID!) { group(id: $id) { conversation { id } } }"
        found: str = (await member.client.run(query, id=group_id))["group"]["conversation"]["id"]
        return found

    async def say(self, sender: Person, conversation_id: str, *texts: str) -> list[dict[str, Any]]:
        """Send messages, one after the other."""
        return [
            (await sender.client.mutate(SEND, id=conversation_id, text=text, key=uuid4().hex))[
                "message"
            ]
            for text in texts
        ]

    async def settled_usage(self) -> None:
        """Count what was used and log what was called until now, without waiting for a second."""
        await self.services.calls.write()
        await count_entries(self.services.main)
        async with self.services.main.begin() as tx:
            # Once the counter that took the rest, if there is one, has committed.
            await tx.execute(text("LOCK TABLE user_usage_stats IN SHARE ROW EXCLUSIVE MODE"))


GROUP_CREATE = """mutation($name: String!, $key: String!, $product: ID, $parent: ID) {
  groupCreate(input: {name: $name, clientKey: $key, productId: $product, parentId: $parent}) {
    group { id name } errors { code field message } } }"""

MEMBER_ADD = """mutation($group: ID!, $user: ID!, $key: String!) {
  groupMemberAdd(groupId: $group, input: {userId: $user, clientKey: $key}) {
    group { id memberCount } user { id } errors { code field message } } }"""

MEMBER_REMOVE = """mutation($group: ID!, $user: ID!, $key: String!) {
  groupMemberRemove(groupId: $group, input: {userId: $user, clientKey: $key}) {
    group { id memberCount } user { id } errors { code field message } } }"""

GROUP_DELETE = """mutation($id: ID!, $key: String!) {
  groupDelete(groupId: $id, input: {clientKey: $key}) {
    group { id deletedAt } errors { code field message } } }"""

GROUP_JOIN = """mutation($group: ID!, $key: String!) {
  groupJoin(groupId: $group, input: {clientKey: $key}) {
    group { id memberCount } user { id } errors { code field message } } }"""

GROUP_LEAVE = GROUP_JOIN.replace("groupJoin", "groupLeave")

INVITE = """mutation($group: ID!, $user: ID!, $key: String!) {
  groupInvite(groupId: $group, input: {userId: $user, clientKey: $key}) {
    groupInvitation { id state } errors { code field message } } }"""

ACCEPT = """mutation($id: ID!, $key: String!) {
  groupInvitationAccept(groupInvitationId: $id, input: {clientKey: $key}) {
    groupInvitation { id state } group { id memberCount } errors { code field message } } }"""

LINK_CREATE = """mutation($group: ID!, $uses: Int, $key: String!) {
  groupInvitationLinkCreate(groupId: $group, input: {maxUses: $uses, clientKey: $key}) {
    groupInvitationLink { id uses maxUses } token { token } errors { code field message } } }"""

LINK_USE = """mutation($token: String!, $key: String!) {
  groupInvitationLinkUse(input: {token: $token, clientKey: $key}) {
    group { id memberCount } errors { code field message } } }"""

START_DIRECT = """mutation($user: ID!, $key: String!) {
  conversationStart(input: {kind: DIRECT, userId: $user, clientKey: $key}) {
    conversation { id kind messageCount } errors { code field message } } }"""

SEND = """mutation($id: ID!, $text: String, $key: String!) {
  messageSend(conversationId: $id, input: {text: $text, clientKey: $key}) {
    message { id seq text sender { name } }
    conversation { id messageCount unreadCount }
    errors { code field message } } }"""
