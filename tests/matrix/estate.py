"""The world of the matrix: somebody in each role, an object of each kind, and planted secrets."""

from dataclasses import dataclass
from secrets import token_hex
from uuid import uuid4

from sqlalchemy import insert

from app.api.ids import global_id
from app.users.models import UserSession
from tests.factories import INVITE, Person, World
from tests.matrix.columns import OWNER
from tests.matrix.watched import Secrets, WatchedClient


@dataclass(frozen=True, repr=False)
class Estate:
    """Who is there, and what.

    Attributes:
        people: By role, and some without one.
        clients: By role, each watched.
        words: What the rules' `$name` stand for: ids, cursors, and what to search for.
    """

    world: World
    people: dict[str, Person]
    clients: dict[str, WatchedClient]
    words: dict[str, str]
    secrets: Secrets

    def secret(self, what: str, *audience: str) -> str:
        """A new word that nobody else may be told."""
        return self.secrets.plant(f"secret-{what}-{token_hex(6)}", *audience)

    async def close(self) -> None:
        """Close every client."""
        for client in self.clients.values():
            await client.http.aclose()
        await self.world.close()


async def hidden_group(world: World, owner: Person, name: str) -> str:
    """The id of a new private group."""
    group = await world.group(owner, name="Hidden")
    hide = """mutation($id: ID!, $name: String!, $key: String!) { groupUpdate(groupId: $id, input: {
      name: $name, visibility: PRIVATE, clientKey: $key}) { group { id } errors { code } } }"""
    await owner.client.mutate(hide, id=group, name=name, key=uuid4().hex)
    return group


async def invite(owner: Person, group: str, invited: Person) -> str:
    """The id of an invitation."""
    made = await owner.client.mutate(INVITE, group=group, user=invited.id, key=uuid4().hex)
    invitation: str = made["groupInvitation"]["id"]
    return invitation


async def open_session(estate: Estate) -> str:
    """The id of one more session of the owner's."""
    values = {
        "user_id": estate.people[OWNER].user_id,
        "session_id": uuid4().hex,
        "ip_address": estate.secrets.plant(f"2001:db8::{token_hex(2).lstrip('0')}:1", OWNER),
        "user_agent": estate.secret("agent", OWNER),
        "device_type": "phone",
        "extra": {"device": estate.secret("device", OWNER), "platform": "deed-o"},
    }
    async with estate.world.services.auth.begin() as tx:
        made = insert(UserSession).values(values).returning(UserSession.id)
        return global_id("Session", (await tx.execute(made)).scalar_one())
