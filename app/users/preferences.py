"""How a user wants clients to behave: theirs alone, and the same on all of their devices.

It is neither personal nor privileged, so that the audit does not note it.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

import orjson
from sqlalchemy import ARRAY, Integer, any_, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from app.audit.models import AuthClientRequest
from app.bus import Bus
from app.errors import Invalid, StoreUnavailable, TooLong
from app.once import once, remember
from app.stores.postgres import Postgres, Read
from app.text import clean_text
from app.users.models import AiProvider, ChatTheme, UserPreferences
from app.viewer import Viewer

MAX_MODEL = 100  # characters
MAX_CUSTOM = 8_192  # bytes, as JSON

# A hint that is lost costs no more than this.
_LOOK = 30.0  # seconds
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_P = UserPreferences.__table__.c


@dataclass(slots=True)
class PreferencesRecord:
    """A user's preferences; the defaults where they have said nothing.

    Attributes:
        version: Greater after each change, 0 before the first one.
        preferences: What clients keep for themselves.
    """

    user_id: int
    version: int = 0
    preferred_ai_provider: str = AiProvider.GEMINI
    preferred_model: str | None = None
    temperature: float = 0.7
    chat_theme: str = ChatTheme.LIGHT
    language: str = "en"
    email_notifications: bool = True
    preferences: dict[str, Any] = field(default_factory=dict)


_COLUMNS = [_P[f.name] for f in fields(PreferencesRecord)]
_BY_USERS = Read(
    select(*_COLUMNS).where(_P.user_id == any_(bindparam("ids", type_=ARRAY(Integer))))
)


async def preferences_by_users(
    auth: Postgres, viewer: Viewer, ids: Sequence[int]
) -> list[PreferencesRecord | None]:
    """The viewer's own preferences; None for everybody else."""
    me = viewer.user_id
    if me is None or me not in ids:
        return [None] * len(ids)
    mine = (await preferences_of(auth, [me]))[me]
    return [mine if i == me else None for i in ids]


async def preferences_of(auth: Postgres, ids: Sequence[int]) -> dict[int, PreferencesRecord]:
    """Anybody's preferences by user, for callers who know who may see them."""
    rows = await auth.fetch(_BY_USERS, ids=list(ids))
    found = {row["user_id"]: PreferencesRecord(*row) for row in rows}
    return {i: found.get(i, PreferencesRecord(i)) for i in ids}


async def update_preferences(
    auth: Postgres, bus: Bus, viewer: Viewer, changes: Mapping[str, Any], *, client_key: str
) -> PreferencesRecord:
    """Change the viewer's preferences, and tell all of their devices.

    Args:
        auth: Where they are.
        bus: Who hears of it.
        viewer: Whose they are.
        changes: Only what changes, by the names in `RULES`.
        client_key: The client's.

    Raises:
        Unauthenticated: Nobody is signed in.
        Invalid, Required, TooLong: A value breaks its rule.
        ClientKeyReused: The key came before with other changes.
    """
    me = viewer.require()
    values = {name: RULES[name](value) for name, value in changes.items()}
    key, operation = client_key, "preferencesUpdate"
    is_new = False
    async with auth.begin() as tx:
        if await once(tx, viewer, operation, key, values, requests=AuthClientRequest) is None:
            if values:
                # One statement: of two devices at once each changes its own values.
                made = insert(UserPreferences).values(user_id=me, **values)
                await tx.execute(
                    made.on_conflict_do_update(
                        index_elements=[_P.user_id],
                        set_={**values, "version": _P.version + 1},
                    )
                )
                is_new = True
            await remember(tx, viewer, operation, key, me, requests=AuthClientRequest)
    if is_new:
        await bus.publish(_channel(me), b"")
    return await _mine(auth, viewer)


async def preferences_events(
    auth: Postgres, bus: Bus, viewer: Viewer
) -> AsyncGenerator[PreferencesRecord, None]:
    """The viewer's preferences: as they are, then whenever they change; never an older state.

    Raises:
        Unauthenticated: Nobody is signed in.
        StoreUnavailable: They cannot be read as the stream begins.
    """
    me = viewer.require()
    changed = asyncio.Event()

    def hear(_payload: bytes) -> None:
        changed.set()

    listeners = {_channel(me): hear}
    await bus.listen(listeners)
    try:
        shown: PreferencesRecord | None = None
        while True:
            changed.clear()
            try:
                found = await _mine(auth, viewer)
            except StoreUnavailable:
                if shown is None:
                    raise
                found = shown  # until the store is there again
            if shown is None or found.version > shown.version:
                shown = found
                yield found
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await changed.wait()
    finally:
        await bus.ignore(listeners)


async def _mine(auth: Postgres, viewer: Viewer) -> PreferencesRecord:
    me = viewer.require()
    (found,) = await preferences_by_users(auth, viewer, [me])
    return found or PreferencesRecord(me)


def _channel(user_id: int) -> str:
    return f"preferences:{user_id}"


def _model(value: str | None) -> str | None:
    if value is None:
        return None
    return clean_text(value, field=["input", "preferredModel"], max_length=MAX_MODEL)


def _temperature(value: float) -> float:
    if not 0 <= value <= 2:
        raise Invalid("A temperature is from 0 to 2.", field=["input", "temperature"])
    return value


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        words = "A language is a tag such as en or pt-BR (BCP 47)."
        raise Invalid(words, field=["input", "language"])
    return value


def clean_object(value: Any, *, field: list[str]) -> dict[str, Any]:
    """A JSON object of the client's own, if it can be kept as it was given.

    Raises:
        Invalid: It is no object, nests too deeply, or holds a text that no JSON column holds.
        TooLong: It has over `MAX_CUSTOM` bytes.
    """
    if not isinstance(value, dict):
        raise Invalid("This must be an object.", field=field)
    try:
        encoded = orjson.dumps(value)
    except (TypeError, ValueError) as error:  # too deep, or half a character
        raise Invalid("This cannot be kept as JSON.", field=field) from error
    if len(encoded) > MAX_CUSTOM:
        raise TooLong(f"This is at most {MAX_CUSTOM:,} bytes of JSON.", field=field)
    if b"\\u0000" in encoded:
        raise Invalid("A text must not hold the character U+0000.", field=field)
    return value


# What may change, and what makes a value clean or refuses it.
RULES: Mapping[str, Callable[[Any], Any]] = {
    "preferred_ai_provider": AiProvider,
    "preferred_model": _model,
    "temperature": _temperature,
    "chat_theme": ChatTheme,
    "language": _language,
    "email_notifications": bool,
    "preferences": partial(clean_object, field=["input", "custom"]),
}
