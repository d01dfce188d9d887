"""What is logged of a call while it is answered: who, what, how long, and what went wrong."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.api.failures import FormattedError, Refusal
from app.ids import new_id
from app.usage.api_log import ApiCall
from app.viewer import Origin

WEBSOCKET = "WEBSOCKET"
CLIENT_GONE = 499  # as nginx has it
# An operation without a name, and a request that got no operation.
_UNNAMED = "anonymous"
# Characters kept of what a client may make as long as its request.
_MAX_ENDPOINT = 100
_MAX_METHOD = 20
_MAX_AGENT = 300


@dataclass(frozen=True, slots=True)
class CallLogging:
    """How calls are logged.

    Attributes:
        note: Takes a call that has ended; must not fail or wait.
        user_of: The number of a viewer's user; None for nobody.
    """

    note: Callable[[ApiCall], None]
    user_of: Callable[[Any], int | None]


@dataclass(slots=True)
class Call:
    """One call under way.

    Args:
        logging: How it is logged; None for not at all.
        method: HTTP's, or `WEBSOCKET`.
        origin: From where it comes.
    """

    logging: CallLogging | None
    method: str
    origin: Origin
    endpoint: str = _UNNAMED
    status: int = 200
    error: str | None = None
    viewer: Any = None
    _started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _started: float = field(default_factory=time.perf_counter)

    def named(self, name: str | None) -> None:
        """Say which operation it is."""
        self.endpoint = name or _UNNAMED

    def failed(self, errors: Sequence[FormattedError]) -> None:
        """Keep the code of the first of its errors; its own words may quote what was sent."""
        if self.error is None:
            self.error = str(errors[0]["extensions"]["code"])

    def refused(self, refusal: Refusal) -> None:
        """Keep why it was refused."""
        self.status = refusal.status
        self.failed(refusal.errors)

    def end(self) -> None:
        """Log it."""
        if self.logging is None:
            return
        elapsed = time.perf_counter() - self._started
        agent = self.origin.user_agent
        self.logging.note(
            ApiCall(
                id=new_id(),
                created_at=self._started_at,
                user_id=None if self.viewer is None else self.logging.user_of(self.viewer),
                endpoint=self.endpoint[:_MAX_ENDPOINT],
                method=self.method[:_MAX_METHOD],
                status_code=self.status,
                response_time_ms=elapsed * 1000,
                ip_address=self.origin.address,
                # No column takes a zero byte, which one batch has for all its calls.
                user_agent=None if agent is None else agent.replace("\0", "")[:_MAX_AGENT],
                error_message=self.error,
            )
        )
