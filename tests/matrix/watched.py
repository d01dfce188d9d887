"""Clients that read along: whatever one of them is told, it may be told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.client import Client, Json, Stream
from tests.matrix.columns import ROLES


@dataclass
class Secrets:
    """Words that were planted, and who may read each."""

    audiences: dict[str, frozenset[str]] = field(default_factory=dict)

    def plant(self, word: str, *audience: str) -> str:
        """The word, which from now on nobody else may be told."""
        assert set(audience) <= set(ROLES)
        self.audiences[word] = frozenset(audience)
        return word

    def check(self, role: str, told: Any) -> None:
        """Fail if a role is told what it may not be."""
        text = orjson.dumps(told).decode()
        leaked = [w for w, who in self.audiences.items() if role not in who and w in text]
        assert not leaked, f"{role} is told {leaked} in {text}"


class WatchedClient(Client):
    """Somebody in a role."""

    def __init__(self, url: str, token: str | None, role: str, secrets: Secrets) -> None:
        super().__init__(url, token)
        self._role = role
        self._secrets = secrets

    async def send(self, query: str, /, **variables: Any) -> Json:
        """As a client does, and watch."""
        answer = await super().send(query, **variables)
        self._secrets.check(self._role, answer)
        return answer

    @asynccontextmanager
    async def subscribe(self, query: str, /, **variables: Any) -> AsyncIterator[Stream]:
        """As a client does, and watch."""
        async with super().subscribe(query, **variables) as stream:
            yield _WatchedStream(stream, self._role, self._secrets)


class _WatchedStream(Stream):
    def __init__(self, stream: Stream, role: str, secrets: Secrets) -> None:
        super().__init__(stream.socket)
        self._role = role
        self._secrets = secrets

    async def _message(self, seconds: float) -> Json:
        message = await super()._message(seconds)
        self._secrets.check(self._role, message)
        return message
