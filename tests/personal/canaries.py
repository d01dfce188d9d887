"""Words that nobody else has, in everything that somebody can leave in a store."""

from dataclasses import dataclass, field
from ipaddress import IPv6Address
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Table, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB

from app.chat.log import LogEntry
from app.chat.models import EntryKind
from app.chat.postgres_changes import apply_change
from app.migrations.postgres import Database, metadata_of
from app.personal.erased import Erased
from app.personal.inventory import AUTH, MAIN, MONGO, Fate, Holding
from app.personal.steps import owned_by
from app.services import Services
from app.users.personal import SEALED, sealed

MESSAGES = metadata_of("main").tables["messages"]
INVENTORIES: dict[Database, Any] = {"auth": AUTH, "main": MAIN}


@dataclass
class Canaries:
    """What was planted.

    Attributes:
        word: In everything that lies in clear.
        secret: What must never lie in clear.
        planted: The columns and fields that have it.
    """

    user: Erased
    word: str = field(default_factory=lambda: f"canary{token_hex(6)}")
    secret: list[str] = field(default_factory=list)
    planted: set[str] = field(default_factory=set)

    @property
    def address(self) -> str:
        """A network address that nobody else has."""
        return str(IPv6Address(f"2001:db8::{self.word[-4:]}:{self.word[-8:-4]}"))

    @property
    def everything(self) -> list[str]:
        """Each as a dump would show it, bytes in hexadecimal."""
        words = [self.word, *self.secret]
        return [*words, *(word.encode().hex() for word in words), self.address]


def expected() -> set[str]:
    """What has to be planted: all that is personal and all that somebody wrote, and goes."""
    return {
        f"{store}.{name}.{column}"
        for store, inventory in (("auth", AUTH), ("main", MAIN), ("mongo", MONGO))
        for name, holding in inventory.items()
        if holding.erased in {Fate.BLANKED, Fate.APART, Fate.DELETED}
        for column in f"{holding.personal} {holding.content}".split()
    }


async def plant(services: Services, canaries: Canaries, message_id: UUID) -> None:
    """Write it into every column; each of the user's tables gets a row if it has none."""
    await _add_rows(services, canaries, message_id)
    for database in INVENTORIES:
        await _write(services, database, canaries)
    await _write_documents(services, canaries, message_id)


async def _add_rows(services: Services, canaries: Canaries, message_id: UUID) -> None:
    me = canaries.user.user_id
    values = {"me": me, "message": message_id, "word": canaries.word}
    async with services.auth.begin() as tx:
        await tx.execute(text("INSERT INTO user_preferences (user_id) VALUES (:me)"), {"me": me})
    async with services.main.begin() as tx:
        for statement in (
            """INSERT INTO products (title, description, product_url, cause, mrp, selling_price,
                 vendor_id, images) VALUES ('', '', '', 'elder care', 1, 1, :me, '[]')""",
            """INSERT INTO moderation_queue (subject_kind, subject_id, reason, reported_by)
                 VALUES ('user', 'x', '', :me)""",
            """INSERT INTO moderation_queue (subject_kind, subject_id, reason, snapshot)
                 VALUES ('message', CAST(CAST(:message AS uuid) AS text), '',
                   jsonb_build_object('author', CAST(:me AS int), 'text', CAST(:word AS text)))""",
            """INSERT INTO attachments (id, owner_id, conversation_id, name, content_type, size)
                 VALUES (:message, :me, :message, '', 'image/png', 1)""",
            """INSERT INTO scheduled_messages (id, conversation_id, sender_id, text, send_at)
                 SELECT id, conversation_id, :me, 'x', now() + interval '1 day' FROM messages
                 WHERE id = :message""",
            """INSERT INTO answers (id, conversation_id, sender_id)
                 SELECT id, conversation_id, :me FROM messages WHERE id = :message""",
            """INSERT INTO api_logs (user_id, endpoint, method, status_code, response_time_ms)
                 VALUES (:me, 'x', 'POST', 200, 1)""",
            """INSERT INTO message_quarantine (message_id, conversation_id, seq, epoch, reason,
                 entry) VALUES (:message, :message, 1, 1, 'x', '{}')""",
        ):
            await tx.execute(text(statement), values)
    found = (await services.chat.entries_by_ids([message_id]))[message_id]
    entry = LogEntry(
        uuid4(),
        found.conversation_id,
        EntryKind.REACTION,
        me,
        target_id=message_id,
        metadata={"emoji": "\N{BEATING HEART}", "removed": False},
    )
    async with services.main.begin() as tx:
        placed = await services.chat.append(tx, entry)
        await apply_change(tx, placed)
    await services.chat.publish([placed])


async def _write(services: Services, database: Database, canaries: Canaries) -> None:
    store = services.auth if database == "auth" else services.main
    for name, holding in INVENTORIES[database].items():
        columns = f"{holding.personal} {holding.content}".split()
        if holding.erased is Fate.KEPT or not columns:
            continue
        table = metadata_of(database).tables[name]
        values = {column: _value(table, column, canaries) for column in columns}
        if name == "users":
            del values["email"]  # the account's own is one
            values |= _sealed(services, canaries)
        async with store.begin() as tx:
            written = await tx.execute(
                update(table).where(_mine(table, holding, canaries)).values(values)
            )
        assert written.rowcount > 0, name
        canaries.planted |= {f"{database}.{name}.{column}" for column in columns}


def _mine(table: Table, holding: Holding, canaries: Canaries) -> Any:
    me = canaries.user.user_id
    if table.name == "conversations":
        return table.c.created_by == me
    if table.name == "message_quarantine":
        said = select(MESSAGES.c.id).where(MESSAGES.c.sender_id == me)
        return table.c.message_id.in_(said)
    if table.name == "messages":
        return (table.c.sender_id == me) & table.c.kind.in_(["message", "edit", "details"])
    return owned_by(table, holding, canaries.user)


def _value(table: Table, column: str, canaries: Canaries) -> Any:
    of = table.c[column].type
    if isinstance(of, INET):
        return canaries.address
    if isinstance(of, JSONB):
        is_list = column in {"images", "attachments"}
        return [{"url": canaries.word, "type": "file"}] if is_list else {"word": canaries.word}
    if isinstance(of, ARRAY):
        return [canaries.word]
    # A part of several keys.
    unique = func.concat(canaries.word, table.c[next(iter(table.primary_key)).name])
    return unique if column == "client_key" else canaries.word


def _sealed(services: Services, canaries: Canaries) -> dict[str, Any]:
    words = {name: f"sealed-{name}-{token_hex(6)}" for name in SEALED if name != "email"}
    canaries.secret += words.values()
    return sealed(services.accounts.keyring, canaries.user.public_id, words)


async def _write_documents(services: Services, canaries: Canaries, message_id: UUID) -> None:
    me, word = canaries.user.user_id, canaries.word
    database = services.mongo.database
    told: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
        "conversations": ({"user_id": me}, ("title", "summary", "tags", "context", "metadata")),
        "messages": ({"_id": message_id}, ("text", "attachments", "metadata", "client_key")),
        "reactions": ({"user_id": me}, ("emoji",)),
    }
    for name, (query, fields) in told.items():
        values: dict[str, Any] = dict.fromkeys(fields, word)
        shapes = {
            "tags": [word],
            "context": {"word": word},
            "metadata": {"word": word},
            "attachments": [{"url": word, "type": "file"}],
        }
        values |= {field: shape for field, shape in shapes.items() if field in values}
        written = await database[name].update_many(query, {"$set": values})
        assert written.matched_count > 0, name
        canaries.planted |= {f"mongo.{name}.{field}" for field in fields}
    await database["conversations"].update_many(
        {"last_message.sender_id": me, "user_id": me}, {"$set": {"last_message.text": word}}
    )
