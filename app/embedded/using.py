"""Sharing a home's stores between commands: the first one starts them, the last one stops them."""

import fcntl
import signal
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.embedded.home import hold_home, open_home
from app.embedded.running import START_SECONDS, RunningStores, start_stores, stop_stores
from app.embedded.store import StoreName

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def use_stores(
    home: Path, purpose: str, *, only: Collection[StoreName] | None = None
) -> Iterator[RunningStores]:
    """Use the stores for the length of a block, together with other processes.

    The last user stops them, whoever started them, unless they were started to be kept. A user
    that was killed no longer counts, so that the next one cleans up after it.

    Raises:
        StoresError: They cannot be started.
    """
    home = open_home(home)
    with hold_home(home, purpose, lock="users", shared=True, wait=START_SECONDS) as users:
        stores = start_stores(home, only=only)
        try:
            yield stores
        finally:
            with _uninterrupted():
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass  # others still use them
                else:
                    stores.stop()


def stop_unused_stores(home: Path, purpose: str) -> list[StoreName]:
    """Stop the stores of a home that nobody uses; returns what was running.

    Raises:
        HomeBusyError: Somebody uses them; the message names the process.
    """
    if not home.is_dir():
        return []
    with hold_home(open_home(home), purpose, lock="users"):
        return stop_stores(home)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let an impatient second Ctrl-C not leave half of the stores running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.signal(number, signal.SIG_IGN) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
