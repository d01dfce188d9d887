"""The home directory of the embedded stores: who holds it, their ports and their password.

A kill -9 at any line does no harm: files are replaced whole, locks die with their owner.
"""

import errno
import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from app.errors import OperatorError

# Three empty stores take about 60 MB; with less than this the first migration would fill the disk.
MIN_FREE_BYTES = 256 * 1024 * 1024

Lock = Literal["server", "users", "starting"]


class StoresError(OperatorError):
    """The embedded stores cannot do what was asked; the message says why and what to do."""


class HomeBusyError(StoresError):
    """Another process holds the home directory."""


@dataclass
class HomeState:
    """What a home remembers between runs.

    Attributes:
        ports: The last port of each store by its name.
        keep: Whether the stores were started to outlive the process that started them.
    """

    ports: dict[str, int] = field(default_factory=dict)
    keep: bool = False


def resolve_home(home: Path) -> Path:
    """One spelling for each home, because its servers are known by their paths."""
    return home.expanduser().resolve()


def open_home(home: Path) -> Path:
    """Make the home directory where it is missing; returns its absolute path.

    Raises:
        StoresError: It belongs to somebody else, cannot be written, or its disk is full.
    """
    home = resolve_home(home)
    try:
        if not home.exists():
            home.mkdir(parents=True)
            # Root's PostgreSQL runs as another user, who must get through; the rest is closed.
            home.chmod(0o711 if os.geteuid() == 0 else 0o700)
        owner = home.stat().st_uid
        if owner != os.geteuid():
            raise StoresError(
                f"{home} belongs to uid {owner} and this is uid {os.geteuid()}: run as that user, "
                "or set ISTHMUS_HOME to another directory."
            )
    except OSError as error:
        raise StoresError(f"{home} cannot be used: {error.strerror}. Set ISTHMUS_HOME.") from error
    free = shutil.disk_usage(home).free
    if free < MIN_FREE_BYTES:
        raise StoresError(
            f"The disk of {home} is full: {free // 2**20} MB free, {MIN_FREE_BYTES // 2**20} MB "
            "needed. Make room, or set ISTHMUS_HOME to another disk."
        )
    return home


@contextmanager
def hold_home(
    home: Path, purpose: str, *, lock: Lock = "server", shared: bool = False, wait: float = 0
) -> Iterator[int]:
    """Hold a lock of the home until the block ends; the kernel drops it when the process dies.

    Args:
        home: An existing home directory.
        purpose: What the holder does; others are told.
        lock: `server` for the one that serves, `users` for all that use the stores, `starting`
            around starts and stops.
        shared: Hold it together with others.
        wait: How many seconds to wait for another holder.

    Yields:
        The lock's file descriptor.

    Raises:
        HomeBusyError: Somebody else holds it; the message names the process.
    """
    path = home / f"{lock}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(descriptor, how | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
                    raise HomeBusyError(
                        f"{home} is in use by {holder or 'another process'}: stop it first, or set "
                        "ISTHMUS_HOME to another directory."
                    ) from None
                time.sleep(0.05)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"`{purpose}` (process {os.getpid()})".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def read_state(home: Path) -> HomeState:
    """The remembered state; an empty one where there is none or it cannot be understood."""
    try:
        stored = json.loads((home / "state.json").read_bytes())
        return HomeState(
            ports={str(name): int(port) for name, port in stored["ports"].items()},
            keep=bool(stored["keep"]),
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        # Only preferences are in it: what runs is found among the processes.
        return HomeState()


def write_state(home: Path, state: HomeState) -> None:
    """Replace the remembered state whole."""
    replace_file(home / "state.json", json.dumps(asdict(state)))


def read_password(home: Path) -> str:
    """The password of this home's PostgreSQL and Valkey, made on first use."""
    path = home / "password"
    try:
        password = path.read_text().strip()
    except FileNotFoundError:
        password = ""
    if not password:
        password = secrets.token_urlsafe(24)
        replace_file(path, password)
    return password


def replace_file(path: Path, text: str) -> None:
    """Write a file that only its owner reads, so that old or new text survives a power cut."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def explain(error: OSError, home: Path) -> StoresError:
    """An operating system's error as one that says what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoresError(
            f"The disk of {home} is full. Make room, or set ISTHMUS_HOME to another disk."
        )
    return StoresError(f"{error.filename or home}: {error.strerror}.")
