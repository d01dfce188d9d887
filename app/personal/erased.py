"""Who is erased, and what the steps of it work on."""

from dataclasses import dataclass
from uuid import UUID

from app.bus import Bus
from app.chat.store import MessageStore
from app.sealing import Keyring
from app.stores.mongo import Mongo
from app.stores.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Stores:
    """Every store that knows somebody."""

    main: Postgres
    auth: Postgres
    mongo: Mongo
    chat: MessageStore
    bus: Bus
    keyring: Keyring


@dataclass(frozen=True, slots=True)
class Erased:
    """Whom an erasure is of."""

    user_id: int
    public_id: UUID
