"""Messages for later, and their time, which a test need not wait for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, update

from app.api.ids import uuid_of
from app.scheduled.models import ScheduledMessage
from app.scheduled.sending import send_due
from app.services import Services
from tests.chat.operations import SCHEDULE
from tests.factories import Person


async def schedule(
    sender: Person, talk: str, text: str | None = "Later", *, to: str | None = None, **carried: Any
) -> dict[str, Any]:
    """A new message for tomorrow, with the `links`, `files` and `metadata` that it carries."""
    given = {"id": talk, "text": text, "to": to, "key": uuid4().hex, **carried}
    made = await sender.client.mutate(SCHEDULE, at=tomorrow(), **given)
    scheduled: dict[str, Any] = made["scheduledMessage"]
    return scheduled


def tomorrow() -> str:
    """This time of tomorrow."""
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def make_due(services: Services, scheduled: str) -> None:
    """Let its time have come; and let nobody be sending it."""
    key = uuid_of(scheduled, "ScheduledMessage", field=[])
    row = ScheduledMessage
    past = func.now() - timedelta(seconds=1)
    async with services.main.begin() as tx:
        changed = update(row).where(row.id == key, row.state.in_(["waiting", "sending"]))
        await tx.execute(changed.values(send_at=past, claimed_until=past))


async def send_now(services: Services, scheduled: str) -> None:
    """Let its time have come, and send it."""
    await make_due(services, scheduled)
    await send_due(services)
