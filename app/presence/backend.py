"""What presence works with; the application's services have it."""

from typing import Protocol

from app.bus import Bus
from app.chat.live import Live
from app.chat.store import MessageStore
from app.limits import Limiter
from app.presence.leases import Leases
from app.stores.postgres import Postgres


class Backend(Protocol):
    """Who is online, who types, and who may see it."""

    @property
    def main(self) -> Postgres:
        """Who takes part in conversations."""

    @property
    def chat(self) -> MessageStore:
        """The conversations."""

    @property
    def live(self) -> Live:
        """Who hears of them."""

    @property
    def bus(self) -> Bus:
        """Who hears of the rest."""

    @property
    def limiter(self) -> Limiter:
        """How often they may say so."""

    @property
    def leases(self) -> Leases:
        """Who is online, and types."""
