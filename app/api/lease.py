"""How long a socket's viewer stays signed in: until the token expires, or the session ends.

A client renews a token on the open socket by a `ping` whose payload holds `Authorization`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.errors import Unauthenticated

Stop = Callable[[], None]
SignOut = Callable[[Unauthenticated, str], None]

RESUME = "resume with cursor"


@dataclass(frozen=True, slots=True)
class Presence:
    """What the application knows of its viewers, at whom nothing here looks.

    Attributes:
        expires_at: When a viewer's token expires; None if it does not.
        watch: Calls back when a viewer's session ends, and holds the viewer online; returns what
            stops both.
        is_same: Whether two viewers are one user.
    """

    expires_at: Callable[[Any], datetime | None]
    watch: Callable[[Any, Callable[[Unauthenticated], None]], Stop]
    is_same: Callable[[Any, Any], bool]


class Lease:
    """One socket's right to go on.

    Args:
        presence: Knows of viewers; None where nobody is ever signed out.
        warning: Seconds before the expiry at which the client is warned.
        warn: Called then.
        sign_out: Called when it has ended, with the error and the reason for the close.
    """

    def __init__(
        self,
        presence: Presence | None,
        warning: float,
        *,
        warn: Callable[[datetime], None],
        sign_out: SignOut,
    ) -> None:
        self._presence = presence
        self._warning = warning
        self._warn = warn
        self._sign_out = sign_out
        self._stops: list[Stop] = []

    def renew(self, viewer: Any) -> datetime | None:
        """Go by this viewer from now on; returns when their token expires."""
        self.end()
        if self._presence is None:
            return None
        self._stops.append(self._presence.watch(viewer, self._session_ended))
        expires_at = self._presence.expires_at(viewer)
        if expires_at is not None:
            loop = asyncio.get_running_loop()
            left = (expires_at - datetime.now(UTC)).total_seconds()
            warning = loop.call_later(max(0.0, left - self._warning), self._warn, expires_at)
            expiry = loop.call_later(left, self._expired)
            self._stops += [warning.cancel, expiry.cancel]
        return expires_at

    def end(self) -> None:
        """Watch no more."""
        for stop in self._stops:
            stop()
        self._stops.clear()

    def may_renew(self, viewer: Any, renewed: Any) -> bool:
        """Whether a socket that was opened for one may go on for the other: it is the same user."""
        return self._presence is not None and self._presence.is_same(viewer, renewed)

    def _session_ended(self, error: Unauthenticated) -> None:
        self._sign_out(error, "session revoked")

    def _expired(self) -> None:
        error = Unauthenticated("The access token has expired; send a new one.")
        self._sign_out(error, f"token expired: {RESUME}")
