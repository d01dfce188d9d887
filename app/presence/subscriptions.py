"""Streams of who is online and who types: the state first, then whenever it is another one.

Several changes come as one event, which shows the last; a crowd is told of more slowly.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from app.chat.attendance import Attendance
from app.chat.log import ConversationRecord
from app.errors import Invalid, StoreUnavailable
from app.presence.backend import Backend
from app.presence.leases import typing_channel
from app.presence.queries import acquaintances
from app.users.following import profile_channel
from app.viewer import Viewer

MAX_WATCHED = 100  # users of one stream
MAX_SHOWN = 50  # of those online in a conversation
_TOGETHER = 0.25  # seconds in which changes come as one event
_CROWD = 500  # participants for each second that a crowd's changes wait


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """Who of those watched came and who went since the last event; all of them in the first.

    Attributes:
        changed: Whose profile is another one.
    """

    online: list[int]
    offline: list[int]
    changed: list[int]


@dataclass(frozen=True, slots=True)
class ConversationPresence:
    """Who of a conversation is online, of a crowd the first ones, and who types."""

    conversation_id: UUID
    online_count: int
    online: list[int]
    typing: list[int]


async def presence_events(
    backend: Backend, viewer: Viewer, user_ids: Sequence[int]
) -> AsyncGenerator[PresenceChanged, None]:
    """Who of these users is online, as far as the viewer may see it; others are offline.

    Raises:
        Unauthenticated: Nobody is signed in.
        Invalid: They are too many.
        StoreUnavailable: Redis does not answer as the stream begins.
    """
    viewer.require()
    watched = list(dict.fromkeys(user_ids))
    if len(watched) > MAX_WATCHED:
        raise Invalid(f"At most {MAX_WATCHED} users at once.", field=["userIds"])
    changed = asyncio.Event()
    others: set[int] = set()  # whose profile is another one

    def hear(user_id: int, _payload: bytes) -> None:
        others.add(user_id)
        changed.set()

    listeners = {profile_channel(i): partial(hear, i) for i in watched}
    backend.leases.watch(watched, changed.set)
    try:
        await backend.bus.listen(listeners)
        known: set[int] | None = None
        while True:
            changed.clear()
            try:
                visible = await acquaintances(backend.main, viewer, watched)
                online = await backend.leases.online(list(visible))
            except StoreUnavailable:
                if known is None:
                    raise
                online = known  # until Redis is there again
            came = [i for i in watched if i in online and i not in (known or ())]
            went = [i for i in watched if i not in online and (known is None or i in known)]
            new = [i for i in watched if i in others]
            others.clear()
            if came or went or new:
                yield PresenceChanged(came, went, new)
            known = online
            await changed.wait()
            await asyncio.sleep(_TOGETHER)
    finally:
        backend.leases.unwatch(watched, changed.set)
        await backend.bus.ignore(listeners)


async def conversation_presence(
    backend: Backend, viewer: Viewer, conversation_id: UUID
) -> AsyncGenerator[ConversationPresence, None]:
    """Who takes part and is online, and who types; it ends when the viewer no longer takes part.

    Raises:
        Unauthenticated: Nobody is signed in.
        NotFound: There is no such conversation, or the viewer does not take part in it.
        StoreUnavailable: A store does not answer as the stream begins.
    """
    viewer.require()
    room = _Room(backend, viewer, conversation_id)
    try:
        await room.enter()
        shown: ConversationPresence | None = None
        while await room.is_entered():
            try:
                found, until = await room.look()
            except StoreUnavailable:
                if shown is None:
                    raise
                found, until = shown, None
            if found != shown:
                shown = found
                yield found
            await room.change(until)
    finally:
        await room.leave()


class _Room:
    """What one subscriber follows of a conversation: its log, its participants, and who types."""

    def __init__(self, backend: Backend, viewer: Viewer, conversation_id: UUID) -> None:
        self._backend = backend
        self._viewer = viewer
        self._id = conversation_id
        self._changed = asyncio.Event()
        self._attendance = Attendance(
            backend.chat, backend.live, viewer, conversation_id, self._changed.set
        )
        self._conversation: ConversationRecord | None = None
        self._participants: list[int] = []

    async def enter(self) -> None:
        """Begin to follow.

        Raises:
            NotFound: See `conversation_presence`.
        """
        self._take(await self._attendance.begin())
        await self._backend.bus.listen({typing_channel(self._id): self._hear})

    async def leave(self) -> None:
        """Follow no more."""
        self._backend.leases.unwatch(self._participants, self._changed.set)
        await self._backend.bus.ignore({typing_channel(self._id): self._hear})
        await self._attendance.end()

    async def is_entered(self) -> bool:
        """Whether the viewer takes part."""
        conversation = await self._attendance.now()
        if conversation is not None and conversation is not self._conversation:
            self._take(conversation)
        return conversation is not None

    async def look(self) -> tuple[ConversationPresence, float | None]:
        """Who is there, and in how many seconds somebody may have stopped typing."""
        leases, participants = self._backend.leases, self._participants
        online = await leases.online(participants)
        typing, until = await leases.typing(self._id)
        others = set(participants) - {self._viewer.user_id}
        return ConversationPresence(
            self._id,
            len(online),
            [i for i in participants if i in online][:MAX_SHOWN],
            [i for i in typing if i in others][:MAX_SHOWN],
        ), until

    async def change(self, until: float | None) -> None:
        """Wait until something may have changed, and for what changes with it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(until):
                await self._changed.wait()
        await asyncio.sleep(max(_TOGETHER, len(self._participants) / _CROWD))
        self._changed.clear()

    def _take(self, conversation: ConversationRecord) -> None:
        self._backend.leases.unwatch(self._participants, self._changed.set)
        self._conversation = conversation
        self._participants = list(conversation.participant_ids)
        self._backend.leases.watch(self._participants, self._changed.set)

    def _hear(self, _payload: bytes) -> None:
        self._changed.set()
