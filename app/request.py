"""Which request is being answered: an id that its answer, its logs and its changes have in common.

It is kept in the context of the task that answers, so that no function has to pass it on.
"""

import re
from contextvars import ContextVar

from app.ids import new_id

# What others may put into our logs: no spaces, no line ends, and not much of it.
_WELL_FORMED = re.compile(r"[A-Za-z0-9._:/+=-]{8,100}")

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def begin_request(given: str | None = None) -> str:
    """Give this task's request an id: the one that it came with, if it is well formed."""
    made = given if given is not None and _WELL_FORMED.fullmatch(given) else str(new_id())
    _current.set(made)
    return made


def request_id() -> str | None:
    """The id of the request that this task answers; None where it answers none."""
    return _current.get()
