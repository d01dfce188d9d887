"""Noting who changed what, in the transaction that changes it: both commit or neither."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import insert, null
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.models import MAIN, Trail
from app.ids import new_id
from app.request import request_id
from app.viewer import Viewer

REDACTED = "[redacted]"

# What is stored in clear. Everything else is redacted, so that a new column gives nothing away
# until somebody has decided that it is neither personal nor secret.
CLEAR: Mapping[str, frozenset[str]] = {
    "Product": frozenset(
        {
            "title",
            "description",
            "cause",
            "mrp",
            "selling_price",
            "product_url",
            "media",
            "publishing_status",
            "remark",
            "deleted_at",
        }
    ),
    "ModerationItem": frozenset({"status", "assigned_to", "verdict", "attachment"}),
    "Group": frozenset(
        {
            "name",
            "description",
            "product_id",
            "parent_id",
            "visibility",
            "join_policy",
            "members",
            "invitations",
            "link",
        }
    ),
    "User": frozenset({"role", "status", "is_active", "subscription_tier", "deleted_at", "reason"}),
    "Session": frozenset({"user", "device_type", "started_at", "ended_at", "reason"}),
}


async def record(
    tx: AsyncConnection,
    viewer: Viewer | None,
    action: str,
    entity_type: str,
    entity_id: object,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    trail: Trail = MAIN,
) -> None:
    """Note a change; one that leaves every value as it was is none.

    The change's place in the chain is given while the transaction commits, so that it does not
    matter when in the transaction this is called.

    Args:
        tx: The transaction that makes the change, on the trail's database.
        viewer: Who makes it; None for the system itself.
        action: The mutation's name, or what the system did, in the same style.
        entity_type: The type's name in the API.
        entity_id: The key by which the API finds the object: a user's public id, not the number.
        before: The values by column; None for what did not exist.
        after: The values by column; None for what is gone.
        trail: Where it is noted: `AUTH` for what is in the auth database.
    """
    old, new = _plain(before), _plain(after)
    if old is not None and new is not None:
        changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        if not changed:
            return
        old, new = ({k: v for k, v in side.items() if k in changed} for side in (old, new))
    clear = CLEAR.get(entity_type, frozenset())
    await tx.execute(
        insert(trail.events).values(
            id=new_id(),
            actor_id=None if viewer is None else viewer.user_id,
            action=action,
            entity_type=entity_type,
            entity_id=str(entity_id),
            before=_redact(old, clear),
            after=_redact(new, clear),
            request_id=request_id(),
            ip_address=None if viewer is None else viewer.origin.address,
        )
    )


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The values as JSON has them: decimals, dates and ids as text."""
    if values is None:
        return None
    plain: dict[str, Any] = orjson.loads(orjson.dumps(dict(values), default=str))
    return plain


def _redact(values: dict[str, Any] | None, clear: frozenset[str]) -> Any:
    if values is None:
        return null()
    return {
        name: value if value is None or name in clear else REDACTED
        for name, value in values.items()
    }
