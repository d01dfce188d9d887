"""Starting, adopting and stopping a home's stores as a set."""

import shutil
import signal
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import psutil

from app.embedded import mongo, postgres, valkey
from app.embedded.home import (
    HomeState,
    explain,
    hold_home,
    open_home,
    read_password,
    read_state,
    replace_file,
    resolve_home,
    write_state,
)
from app.embedded.process import (
    argument_after,
    choose_port,
    end,
    find_server,
    is_running,
    spawn,
)
from app.embedded.store import Place, Store, StoreName

STORES: dict[StoreName, Store] = {
    "postgres": postgres.POSTGRES,
    "mongo": mongo.MONGO,
    "redis": valkey.VALKEY,
}
START_SECONDS = 60.0
STOP_SECONDS = 20.0
STARTS = 3


class Ports(TypedDict, total=False):
    """Ports to prefer, by store; one that is taken is replaced by a free one."""

    postgres: int
    mongo: int
    redis: int


@dataclass(frozen=True)
class StoreUrls:
    """Addresses with their passwords; None for a store that was not asked for."""

    database_url: str | None = None
    auth_database_url: str | None = None
    mongo_url: str | None = None
    redis_url: str | None = None


@dataclass(frozen=True)
class StoreStatus:
    """One store as it is now; `pid` and `port` are None where it does not run."""

    name: StoreName
    pid: int | None
    port: int | None
    ready: bool
    data: Path


@dataclass(frozen=True)
class RunningStores:
    """Stores that answer.

    Attributes:
        urls: Where.
        started: Which of them this call started; the others were running and were adopted.
    """

    home: Path
    urls: StoreUrls
    started: frozenset[StoreName]
    durable: bool

    def stop(self) -> None:
        """Stop the stores, unless somebody asked for them to be kept."""
        if not read_state(self.home).keep:
            stop_stores(self.home, durable=self.durable)


def start_stores(
    home: Path,
    *,
    ports: Ports | None = None,
    only: Collection[StoreName] | None = None,
    durable: bool = True,
    keep: bool = False,
) -> RunningStores:
    """Start the stores of a home, or adopt those that a former run left running.

    Blocks until they answer: about 2 s the first time, 1 s afterwards, nothing when adopting.

    Args:
        home: Where the data are, made if missing. Two homes don't know of each other.
        ports: Ports to prefer over those of the last run.
        only: The stores to start; all by default.
        durable: False gives up crash safety, for data that a test run throws away.
        keep: Leave them running when their user stops, until `stop_stores`.

    Raises:
        StoresError: A store cannot be started; none that this call started is left running.
    """
    home = open_home(home)
    wanted = [store for name, store in STORES.items() if only is None or name in only]
    with hold_home(home, "starting stores", lock="starting", wait=START_SECONDS):
        state = read_state(home)
        password = read_password(home)
        places: dict[StoreName, Place] = {}
        adopted: dict[StoreName, psutil.Process] = {}
        for store in wanted:
            place, process = _find(home, store, password, durable=durable)
            if process is not None and store.ready(place, process):
                adopted[store.name] = process
            elif process is not None:
                end([(process, store.stop)], seconds=STOP_SECONDS)
            if store.name not in adopted:
                preferred = (ports or {}).get(store.name) or state.ports.get(store.name)
                place = Place(place.directory, choose_port(preferred), password, durable)
            places[store.name] = place
        missing = [store for store in wanted if store.name not in adopted]
        # What others asked to be kept stays kept; what nobody runs any more is forgotten.
        kept = keep or (state.keep and bool(adopted))
        try:
            with ThreadPoolExecutor(max(1, len(missing))) as pool:
                starts = [pool.submit(_start, store, places[store.name]) for store in missing]
                for store, start in zip(missing, starts, strict=True):
                    places[store.name] = start.result()
            new_ports: dict[str, int] = {name: place.port for name, place in places.items()}
            write_state(home, HomeState(ports=state.ports | new_ports, keep=kept))
        except BaseException as error:
            _end_all(home, missing, password)
            if isinstance(error, OSError):
                raise explain(error, home) from error
            raise
    started = frozenset(store.name for store in missing)
    return RunningStores(home, _urls(places), started, durable)


def stop_stores(home: Path, *, durable: bool = True) -> list[StoreName]:
    """Stop whatever runs on a home, all at once; returns what was running.

    Args:
        home: Nothing happens where it does not exist.
        durable: False kills, for data that are thrown away.
    """
    home = resolve_home(home)
    if not home.is_dir():
        return []
    with hold_home(home, "stopping stores", lock="starting", wait=START_SECONDS):
        stopped = _end_all(home, STORES.values(), "", durable=durable)
        write_state(home, HomeState(ports=read_state(home).ports))
    return stopped


def store_status(home: Path) -> list[StoreStatus]:
    """What runs on a home; changes nothing."""
    home = resolve_home(home)
    password = read_password(home) if (home / "password").exists() else ""
    result = []
    for store in STORES.values():
        place, process = _find(home, store, password)
        ready = process is not None and store.ready(place, process)
        pid, port = (None, None) if process is None else (process.pid, place.port)
        result.append(StoreStatus(store.name, pid, port, ready, place.data))
    return result


def _find(
    home: Path, store: Store, password: str, *, durable: bool = True
) -> tuple[Place, psutil.Process | None]:
    place = Place(home / store.name, 0, password, durable)
    process = find_server(*store.marks(place))
    port = argument_after(process, store.port_argument) if process is not None else None
    if port is None or not port.isdigit():
        return place, None
    return Place(place.directory, int(port), password, durable), process


def _start(store: Store, place: Place) -> Place:
    place.directory.mkdir(mode=0o700, exist_ok=True)
    run_as = store.run_as(place)
    if not place.complete.exists():
        # A first start that was cut short: no address was given out, so that nothing is in it.
        for marks in store.leftovers(place):
            while (program := find_server(*marks)) is not None:
                end([(program, signal.SIGKILL)], seconds=STOP_SECONDS)
        shutil.rmtree(place.data, ignore_errors=True)
        store.prepare(place, run_as)
    for _ in range(STARTS):
        store.repair(place)
        process = spawn(store.command(place), place.log, run_as=run_as)
        deadline = time.monotonic() + START_SECONDS
        while is_running(process) and time.monotonic() < deadline:
            if store.ready(place, process):
                if not place.complete.exists():
                    replace_file(place.complete, "")
                return place
            time.sleep(0.02)
        end([(process, store.stop)], seconds=STOP_SECONDS)
        # Somebody may have taken the port between its choice and its use, or the backends of a
        # killed PostgreSQL may still be on their way out.
        place = Place(place.directory, choose_port(None), place.password, place.durable)
        time.sleep(0.5)
    raise place.failure(f"{store.name} ({store.program}) does not start")


def _end_all(
    home: Path, stores: Collection[Store], password: str, *, durable: bool = True
) -> list[StoreName]:
    running = [
        (store, process)
        for store in stores
        if (process := _find(home, store, password)[1]) is not None
    ]
    # PostgreSQL is never killed outright: its immediate mode also gives shared memory back.
    fast = {"postgres": signal.SIGQUIT}
    end(
        [
            (process, store.stop if durable else fast.get(store.name, signal.SIGKILL))
            for store, process in running
        ],
        seconds=STOP_SECONDS,
    )
    return [store.name for store, _ in running]


def _urls(places: dict[StoreName, Place]) -> StoreUrls:
    main, auth = (
        postgres.url(places["postgres"], name) if "postgres" in places else None
        for name in (postgres.MAIN_DATABASE, postgres.AUTH_DATABASE)
    )
    return StoreUrls(
        database_url=main,
        auth_database_url=auth,
        mongo_url=mongo.url(places["mongo"]) if "mongo" in places else None,
        redis_url=valkey.url(places["redis"]) if "redis" in places else None,
    )
