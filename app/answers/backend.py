"""What answers work with; the application's services have it."""

from typing import Protocol

from app.answers.live import Answers
from app.chat.backend import Backend as ChatBackend
from app.chat.live import Live
from app.limits import Limiter


class Backend(ChatBackend, Protocol):
    """The chat, and what grows in it."""

    @property
    def live(self) -> Live:
        """Who hears of the conversations."""

    @property
    def limiter(self) -> Limiter:
        """How often somebody may answer."""

    @property
    def answers(self) -> Answers:
        """What grows, and who hears of it."""
