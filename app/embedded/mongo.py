"""SecantusDB, which speaks MongoDB's protocol, as a process of its own.

It is GPL-2.0 and a beta: for development and tests only, and never imported into this process.
"""

import signal
import sys

import psutil
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from app.embedded.home import replace_file
from app.embedded.process import RunAs
from app.embedded.store import Place, Store

DATABASE = "isthmus"


def url(place: Place) -> str:
    """The address of the database; retryable writes make this server ten times slower."""
    return f"mongodb://127.0.0.1:{place.port}/{DATABASE}?retryWrites=false&directConnection=true"


def _prepare(place: Place, _run_as: RunAs) -> None:
    place.data.mkdir(mode=0o700)


def _command(place: Place) -> list[str]:
    # A file named here is the only one it reads; otherwise it would look for one around itself.
    config = place.directory / "secantusd.toml"
    replace_file(config, '[storage]\ncache_size = "512M"\n')
    python = [sys.executable, "-I", "-m", "secantus", "--config", str(config)]
    where = ["--host", "127.0.0.1", "--port", str(place.port), "--storage-path", str(place.data)]
    return [*python, *where, "--log-level", "WARNING"]


def _ready(place: Place, _process: psutil.Process) -> bool:
    client: MongoClient[dict[str, object]] = MongoClient(
        url(place), serverSelectionTimeoutMS=250, connectTimeoutMS=250, socketTimeoutMS=2000
    )
    try:
        client.admin.command("ping")
    except PyMongoError:
        return False
    finally:
        client.close()
    return True


MONGO = Store(
    name="mongo",
    program="secantusdb",
    run_as=lambda _place: RunAs(),
    leftovers=lambda _place: [],
    prepare=_prepare,
    repair=lambda _place: None,
    command=_command,
    marks=lambda place: ("--storage-path", str(place.data), "--port"),
    port_argument="--port",
    ready=_ready,
    stop=signal.SIGTERM,
)
