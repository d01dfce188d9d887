"""A file that was reported: how staff come to it, what the audit has, and what is left of it."""

import time
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import func, select, update

from app.api.ids import global_id, uuid_of
from app.attachments.commands import collect
from app.attachments.links import Purpose, sign
from app.audit.models import AuditEvent
from app.moderation.models import ModerationItem
from app.users.models import UserRole
from tests.attachments.test_uploads import is_known, kept
from tests.attachments.uploads import png, sent, uploaded
from tests.factories import Person, World
from tests.moderation.operations import items, report

EDIT_FILES = """mutation($id: ID!, $text: String, $files: [MediumInput!], $key: String!) {
  messageEdit(messageId: $id, input: {text: $text, attachments: $files, clientKey: $key}) {
    message { id attachments { url } } errors { code field message } } }"""


def address(town: World, person: Person, file: str, lifetime: int = 900) -> str:
    """A link to a file, as `Medium.url` gives it to somebody."""
    file_id = uuid_of(file, "Attachment", field=[])
    until = int(time.time()) + lifetime
    token = sign(town.services.tokens, Purpose.VIEW, file_id, person.user_id, until)
    return f"/attachments/{file_id}?token={token}"


async def shown(staff: Person, message: dict[str, Any]) -> str:
    """Where the first file of a report's snapshot is for somebody of the staff."""
    (item,) = await items(staff, message["id"])
    url: str = item["snapshot"]["media"][0]["url"]
    return url


async def opened(town: World, file: str) -> list[tuple[int, str, str]]:
    """Who opened a file by which item and from where, as the audit has it, in order."""
    event = AuditEvent
    named = event.after["attachment"].astext == str(uuid_of(file, "Attachment", field=[]))
    columns = event.actor_id, event.entity_id, func.host(event.ip_address)
    rows = select(*columns).where(event.action == "attachmentView", named).order_by(event.id)
    async with town.services.main.begin() as tx:
        found = (await tx.execute(rows)).all()
    return [(actor, global_id("ModerationItem", item), host) for actor, item, host in found]


async def age(town: World, item: str, by: timedelta) -> None:
    """Let an item have been resolved earlier."""
    row = ModerationItem
    mine = row.id == uuid_of(item, "ModerationItem", field=[])
    async with town.services.main.begin() as tx:
        earlier = update(row).where(mine).values(resolved_at=row.resolved_at - by)
        await tx.execute(earlier)


async def gone(town: World, file: str) -> bool:
    """Whether nothing is left of a file once what nobody needs has been deleted."""
    await collect(town.services.main, town.services.files)
    known, names = await is_known(town, file), await kept(town, file)
    assert known is bool(names)
    return not known


class Case:
    """A picture between two, which one of them has reported, and a moderator."""

    def __init__(self, town: World) -> None:
        self.town = town
        self.data = png(100_000)

    async def begin(self, *, is_reported: bool = True) -> "Case":
        self.ada, self.ben, self.eve = await self.town.users(3)
        self.moderator = await self.town.user(UserRole.MODERATOR)
        self.admin = await self.town.user(UserRole.ADMIN)
        self.room = await self.town.direct(self.ada, self.ben)
        self.file = await uploaded(self.ada, self.room, self.data)
        self.message = await sent(self.ada, self.room, self.file)
        if is_reported:
            self.item = await report(self.ben, self.message["id"])
        return self

    async def get(self, url: str, **headers: str) -> httpx.Response:
        """What anybody gets at an address."""
        async with httpx.AsyncClient(base_url=self.town.server_url) as browser:
            return await browser.get(url, headers=headers)
