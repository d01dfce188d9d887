"""What the chat's commands work with; the application's services have it."""

from typing import Protocol

from app.bus import Bus
from app.chat.store import MessageStore
from app.stores.postgres import Postgres


class Backend(Protocol):
    """The stores that a command of the chat touches, and the bus that tells of it."""

    @property
    def main(self) -> Postgres:
        """The main database."""

    @property
    def auth(self) -> Postgres:
        """The auth database."""

    @property
    def chat(self) -> MessageStore:
        """The message log."""

    @property
    def bus(self) -> Bus:
        """Who listens."""
