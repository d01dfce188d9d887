"""The steps of an erasure, by name and in order. Each may be repeated, and goes on where it was."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachments.commands import delete_files_of
from app.chat.erasure import (
    erase_conversations,
    erase_messages,
    erase_reactions,
    talks_with_assistants,
)
from app.errors import OperatorError
from app.feeds.log import append
from app.moderation.models import ModerationItem
from app.personal.erased import Erased, Stores
from app.personal.inventory import AUTH, MAIN, Fate, Holding
from app.personal.leaving import leave_groups, tell_conversations
from app.products.models import Product, PublishingStatus
from app.products.rows import vendor_feed
from app.stores.tables import AuthBase, MainBase
from app.users.following import profile_channel
from app.users.models import User, UserRole, UserStatus
from app.users.personal import sealed

_USERS = AuthBase.metadata.tables[User.__tablename__]
_U = _USERS.c

# What an erased account is called.
NOBODY = "Deleted user"

# The step that waits until nothing can be under way any more.
LATE = "late messages"


async def _account(stores: Stores, erased: Erased) -> None:
    users = AUTH["users"]
    gone = dict.fromkeys((*users.personal.split(), *users.content.split()), null())
    # Another address may take the account's place in the index, never its own again.
    nowhere = {"email": f"{erased.public_id}@erased.invalid"}
    values: dict[str, Any] = {
        **gone,
        **sealed(stores.keyring, erased.public_id, nowhere),
        "contact_index": null(),
        "name": NOBODY,
        "metadata": {},
        "is_active": False,
        "is_online": False,
        "status": UserStatus.INACTIVE,
        "role": UserRole.USER,
        "last_login_at": null(),
        "last_seen_at": null(),
        "deleted_at": func.coalesce(_U.deleted_at, func.now()),
    }
    async with stores.auth.begin() as tx:
        known = select(_U.public_id).where(_U.id == erased.user_id).with_for_update()
        public_id = await tx.scalar(known)
        if public_id not in (None, erased.public_id):
            raise OperatorError(
                f"The number {erased.user_id} is another user's now, not {erased.public_id}'s."
            )
        await tx.execute(update(_USERS).where(_U.id == erased.user_id).values(values))
        await _follow(tx, AUTH, AuthBase.metadata.tables, erased)
    await stores.bus.publish(profile_channel(erased.user_id), b"")


async def _messages(stores: Stores, erased: Erased) -> None:
    await erase_messages(stores.main, stores.mongo, erased.user_id)


async def _reactions(stores: Stores, erased: Erased) -> None:
    await erase_reactions(stores.main, stores.mongo, erased.user_id)


async def _conversations(stores: Stores, erased: Erased) -> None:
    await erase_conversations(stores.main, stores.mongo, erased.user_id)


async def _products(stores: Stores, erased: Erased) -> None:
    async with stores.main.begin() as tx:
        emptied = await tx.scalars(
            update(Product)
            .where(Product.vendor_id == erased.user_id)
            .values(
                title="Deleted product",
                description="",
                product_url="",
                media=[],
                remark=None,
                publishing_status=PublishingStatus.DRAFT,
                deleted_at=func.coalesce(Product.deleted_at, func.now()),
            )
            .returning(Product.id)
        )
        for product_id in emptied.all():
            await append(tx, vendor_feed(erased.user_id), "changed", product_id, None)


async def _files(stores: Stores, erased: Erased) -> None:
    async with stores.main.begin() as tx:
        await delete_files_of(tx, erased.user_id)


async def _reports(stores: Stores, erased: Erased) -> None:
    """What was reported of theirs or of answers to them alone: that it was stays, not what."""
    item = ModerationItem
    theirs = item.snapshot["author"].as_integer() == erased.user_id
    answered = item.conversation_id.in_(talks_with_assistants(erased.user_id))
    async with stores.main.begin() as tx:
        await tx.execute(update(item).where(theirs | answered).values(snapshot=null()))


async def _rest(stores: Stores, erased: Erased) -> None:
    async with stores.main.begin() as tx:
        await _follow(tx, MAIN, MainBase.metadata.tables, erased)


STEPS: Mapping[str, Callable[[Stores, Erased], Awaitable[None]]] = {
    "account": _account,
    "messages": _messages,
    "reactions": _reactions,
    "groups": leave_groups,
    "conversations": _conversations,
    "told": tell_conversations,
    "products": _products,
    "files": _files,
    "reports": _reports,
    "rest": _rest,
    # What was under way to MongoDB when the account was closed.
    LATE: _messages,
}


async def _follow(
    tx: AsyncConnection,
    holdings: Mapping[str, Holding],
    tables: Mapping[str, Table],
    erased: Erased,
) -> None:
    """Do with a database's tables as the inventory says."""
    for name, holding in holdings.items():
        table = tables[name]
        if holding.erased is Fate.DELETED:
            await tx.execute(delete(table).where(owned_by(table, holding, erased)))
        elif holding.erased is Fate.BLANKED:
            words = f"{holding.personal} {holding.content}".split()
            blank = {column: _blank(table, column) for column in words}
            await tx.execute(update(table).where(owned_by(table, holding, erased)).values(blank))


def owned_by(table: Table, holding: Holding, user: Erased) -> ColumnElement[bool]:
    """The condition that a row is this user's."""
    return or_(
        *(table.c[column] == user.user_id for column in holding.owners.split()),
        *(table.c[column] == str(user.public_id) for column in holding.public.split()),
    )


def _blank(table: Table, column: str) -> Any:
    of = table.c[column]
    if of.nullable:
        return null()
    if isinstance(of.type, JSONB):
        return {}
    return [] if isinstance(of.type, ARRAY) else ""
