"""Starting, finding and ending the store servers.

A server is known by its command line, which names its data directory: there is no pid file to go
stale, and a process that merely got an old pid is never mistaken for a store.
"""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.embedded.home import StoresError

# The uid and gid that own nothing; PostgreSQL refuses to run as root.
NOBODY = 65534
MAX_LOG_BYTES = 8 * 1024 * 1024

# Processes that this one started, kept so that they are reaped when they end.
_children: dict[int, subprocess.Popen[bytes]] = {}


@atexit.register
def _leave_children() -> None:
    """A server may outlive the process that started it: nothing to warn of at its exit."""
    for child in _children.values():
        child.returncode = child.poll() or 0


@dataclass(frozen=True)
class RunAs:
    """How to start a program as the user that a server needs.

    Attributes:
        uid: The user to become; None to stay who we are.
        prefix: A program that becomes the user and then runs the rest of its arguments.
    """

    uid: int | None = None
    prefix: tuple[str, ...] = field(default=())

    def options(self) -> dict[str, int | list[int]]:
        """The keyword arguments of `subprocess.Popen` that change the user."""
        if self.uid is None or self.prefix:
            return {}
        return {"user": self.uid, "group": self.uid, "extra_groups": []}


def spawn(
    command: Sequence[str], log: Path, *, run_as: RunAs, env: Mapping[str, str] | None = None
) -> psutil.Process:
    """Start a server in a session of its own, so that the terminal's Ctrl-C passes it by."""
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - the command is ours
            [*run_as.prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={**os.environ, **(env or {})},
            start_new_session=True,
            **run_as.options(),  # type: ignore[call-overload]
        )
    _children[child.pid] = child
    return psutil.Process(child.pid)


def find_server(*marks: str) -> psutil.Process | None:
    """The oldest process of ours whose arguments contain all the marks; None if there is none."""
    owners = {os.geteuid(), NOBODY} if os.geteuid() == 0 else {os.geteuid()}
    found = []
    for process in psutil.process_iter():
        try:
            arguments = process.cmdline()
            if all(mark in arguments for mark in marks) and process.uids().effective in owners:
                found.append(process)
        except psutil.Error:
            continue  # gone meanwhile, or nothing that we may look at
    return min(found, key=lambda process: process.create_time(), default=None)


def argument_after(process: psutil.Process, name: str) -> str | None:
    """The argument that follows `name` in the command line of a process."""
    try:
        arguments = process.cmdline()
    except psutil.Error:
        return None
    return arguments[arguments.index(name) + 1] if name in arguments[:-1] else None


def is_running(process: psutil.Process) -> bool:
    """Whether the process lives; one that ended and waits for its parent does not."""
    child = _children.get(process.pid)
    if child is not None and child.poll() is not None:
        return False
    try:
        status: str = process.status()
        return process.is_running() and status != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end(processes: Sequence[tuple[psutil.Process, signal.Signals]], *, seconds: float) -> None:
    """Signal all at once, wait for all, and kill what has not ended after `seconds`."""
    deadline = time.monotonic() + seconds
    for process, how in processes:
        _signal(process, how)
    while any(is_running(process) for process, _ in processes) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process, _ in processes:
        if is_running(process):
            _signal(process, signal.SIGKILL)
            process.wait()
        child = _children.pop(process.pid, None)
        if child is not None:
            child.wait()


def _signal(process: psutil.Process, how: signal.Signals) -> None:
    try:
        process.send_signal(how)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise StoresError(f"Process {process.pid} belongs to another user.") from error


def choose_port(preferred: int | None) -> int:
    """`preferred` where it is free on 127.0.0.1, otherwise a port that the system picks."""
    for candidate in (preferred, 0):
        if candidate is None:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As the servers do: connections in TIME_WAIT from the last run don't count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
                probe.listen(1)
            except OSError:
                continue
            port: int = probe.getsockname()[1]
            return port
    raise StoresError("No port is free on 127.0.0.1.")


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


def unprivileged_user(*directories: Path) -> RunAs:
    """How to run a server that refuses root, such that it reaches the directories.

    An ordinary user stays who they are. Root becomes uid 65534; where a parent, such as root's
    own home, is closed to that uid, it takes along the single capability that opens directories.

    Raises:
        StoresError: Nothing opens the directories; the message names the closed one and the fix.
    """
    if os.geteuid() != 0:
        return RunAs()
    ways = [RunAs(uid=NOBODY)]
    setpriv = shutil.which("setpriv")
    if setpriv is not None:
        ids = f"--reuid={NOBODY} --regid={NOBODY} --clear-groups".split()
        ways += [
            RunAs(NOBODY, (setpriv, *ids, f"--inh-caps=+{name}", f"--ambient-caps=+{name}", "--"))
            for name in ("dac_read_search", "dac_override")
        ]
    for way in ways:
        check = [*way.prefix, "/bin/sh", "-c", 'for d; do cd "$d" || exit 1; done', "sh"]
        result = subprocess.run(  # noqa: S603 - the command is ours
            [*check, *map(str, directories)],
            capture_output=True,
            check=False,
            cwd="/",
            **way.options(),  # type: ignore[call-overload]
        )
        if result.returncode == 0:
            return way
    closed = [
        parent
        for directory in directories
        for parent in (*reversed(directory.parents), directory)
        if not parent.stat().st_mode & 0o001 and parent.stat().st_uid != NOBODY
    ]
    name = closed[0] if closed else directories[0]
    raise StoresError(
        f"PostgreSQL does not run as root, and uid {NOBODY}, as which it runs instead, cannot "
        f"enter {name}. Open it (chmod o+x {name}), run as an ordinary user, or move the "
        "project and ISTHMUS_HOME elsewhere, such as under /srv."
    )
