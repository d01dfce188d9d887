"""Who is asking. No I/O: what they may see is decided in queries and commands."""

from dataclasses import dataclass
from uuid import UUID

from app.errors import Unauthenticated

_STAFF = frozenset({"moderator", "admin"})


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in user, or nobody.

    Attributes:
        user_id: The user's number in the auth database; None for an anonymous viewer.
        public_id: The user's public id.
        role: `user`, `moderator` or `admin`; `anonymous` where nobody is signed in.
    """

    user_id: int | None = None
    public_id: UUID | None = None
    role: str = "anonymous"

    @property
    def is_staff(self) -> bool:
        """Whether the viewer moderates."""
        return self.role in _STAFF

    def require(self) -> int:
        """The viewer's user id.

        Raises:
            Unauthenticated: Nobody is signed in.
        """
        if self.user_id is None:
            raise Unauthenticated("Sign in: send a bearer token in the Authorization header.")
        return self.user_id


ANONYMOUS = Viewer()
