"""What the three stores have in common: where one lives, and the steps that differ between them."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from app.embedded.home import StoresError
from app.embedded.process import RunAs, last_lines

StoreName = Literal["postgres", "mongo", "redis"]


@dataclass(frozen=True)
class Place:
    """One store of one home.

    Attributes:
        directory: What belongs to this store: data, log, and the mark of a complete first start.
        port: On 127.0.0.1.
        password: Of the home.
        durable: False gives up crash safety for speed, for data that a test run throws away.
    """

    directory: Path
    port: int
    password: str
    durable: bool = True

    @property
    def data(self) -> Path:
        """The server's own directory."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """Where the server's output goes."""
        return self.directory / "server.log"

    @property
    def complete(self) -> Path:
        """Written last: without it the data are a first start's remains and hold nothing."""
        return self.directory / "complete"

    def failure(self, sentence: str) -> StoresError:
        """The error that says what failed, and why as far as the log knows."""
        log = last_lines(self.log)
        if "No space left on device" in log:
            return StoresError(
                f"The disk of {self.directory} is full. Make room, or set ISTHMUS_HOME to another."
            )
        return StoresError(f"{sentence}; {self.log} ends:\n{log}")


@dataclass(frozen=True)
class Store:
    """How one kind of store is run.

    Attributes:
        name: As in the home directory and in `only=`.
        program: The Python distribution that brings the server.
        run_as: Who the server runs as.
        leftovers: Arguments by which programs of an interrupted first start are known.
        prepare: Makes the data directory of a new store.
        repair: Removes what a killed server left that would keep a new one from starting.
        command: The server's arguments.
        marks: Arguments by which a running server is known.
        port_argument: The argument before the port.
        ready: Whether the server answers as ours.
        stop: The signal for an orderly stop.
    """

    name: StoreName
    program: str
    run_as: Callable[[Place], RunAs]
    leftovers: Callable[[Place], list[tuple[str, ...]]]
    prepare: Callable[[Place, RunAs], None]
    repair: Callable[[Place], None]
    command: Callable[[Place], list[str]]
    marks: Callable[[Place], tuple[str, ...]]
    port_argument: str
    ready: Callable[[Place, psutil.Process], bool]
    stop: signal.Signals
