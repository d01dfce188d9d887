"""Who is asking. No I/O: what they may see is decided in queries and commands."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.errors import Unauthenticated

_STAFF = frozenset({"moderator", "admin"})


@dataclass(frozen=True, slots=True)
class Origin:
    """From where somebody asks.

    Attributes:
        address: The client's IP address as the server sees it; None where it has none.
        network: What limits are counted by: all that one client can send from.
        user_agent: What the client calls itself.
    """

    address: str | None = None
    network: str = "unknown"
    user_agent: str | None = None


NOWHERE = Origin()


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in user, or nobody.

    Attributes:
        user_id: The user's number in the auth database; None for an anonymous viewer.
        public_id: The user's public id.
        role: `user`, `moderator`, `admin` or `service`; `anonymous` where nobody is signed in.
        session_id: The sign-in that the token belongs to; None for a token of the tests.
        platform: The product for which the token was given.
        expires_at: When the token expires.
        origin: From where they ask.
    """

    user_id: int | None = None
    public_id: UUID | None = None
    role: str = "anonymous"
    session_id: UUID | None = field(default=None, compare=False)
    platform: str | None = field(default=None, compare=False)
    expires_at: datetime | None = field(default=None, compare=False)
    origin: Origin = field(default=NOWHERE, compare=False)

    @property
    def is_staff(self) -> bool:
        """Whether the viewer moderates."""
        return self.role in _STAFF

    @property
    def is_admin(self) -> bool:
        """Whether the viewer may do everything."""
        return self.role == "admin"

    def require(self) -> int:
        """The viewer's user id.

        Raises:
            Unauthenticated: Nobody is signed in.
        """
        if self.user_id is None:
            raise Unauthenticated("Sign in: send a bearer token in the Authorization header.")
        return self.user_id


ANONYMOUS = Viewer()
