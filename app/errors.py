"""What can go wrong for a caller, each with a code that clients can rely on."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """The codes of `UserError.code` and of `extensions.code`."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    SESSION_REVOKED = "SESSION_REVOKED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    TOO_LONG = "TOO_LONG"
    REQUIRED = "REQUIRED"
    CONFLICT = "CONFLICT"
    CLIENT_KEY_REUSED = "CLIENT_KEY_REUSED"
    INVALID_CURSOR = "INVALID_CURSOR"
    RATE_LIMITED = "RATE_LIMITED"
    UNAVAILABLE = "UNAVAILABLE"


class OperatorError(Exception):
    """A command of the operator cannot do what was asked; the message says why and what to do."""


class DomainError(Exception):
    """An expected failure: shown to the client with its code, message and field.

    Args:
        message: What was wrong and what to do, fit for the client's eyes.
        field: The path of the argument at fault, in API names, such as `["input", "text"]`.
    """

    code = ErrorCode.INVALID

    def __init__(self, message: str, *, field: list[str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Unauthenticated(DomainError):
    """No viewer, and one is needed; or a token that does not hold."""

    code = ErrorCode.UNAUTHENTICATED


class SessionRevoked(Unauthenticated):
    """The session behind a token has ended; refreshing the token is of no use.

    Args:
        reason: Why it ended, for programs: see `app.users.models.SessionEnd`.
    """

    code = ErrorCode.SESSION_REVOKED

    def __init__(self, reason: str) -> None:
        super().__init__("This session has ended; sign in again.")
        self.reason = reason


class Forbidden(DomainError):
    """The object is visible to the viewer and the action is not allowed."""

    code = ErrorCode.FORBIDDEN


class NotFound(DomainError):
    """No such object, or none that the viewer may see: the two answer alike."""

    code = ErrorCode.NOT_FOUND


class Invalid(DomainError):
    """A value breaks a rule."""

    code = ErrorCode.INVALID


class Required(DomainError):
    """A value is empty and must not be."""

    code = ErrorCode.REQUIRED


class TooLong(DomainError):
    """A value is over its length."""

    code = ErrorCode.TOO_LONG


class Conflict(DomainError):
    """The state does not allow it: taken, already decided, not in this status."""

    code = ErrorCode.CONFLICT


class ClientKeyReused(DomainError):
    """The client key was used before for another body."""

    code = ErrorCode.CLIENT_KEY_REUSED


class InvalidCursor(DomainError):
    """A cursor that this list did not give out."""

    code = ErrorCode.INVALID_CURSOR


class RateLimited(DomainError):
    """Too much was asked for; the same may be asked again later.

    Args:
        retry_after: In how many seconds.
        limit: What is allowed in a window.
        remaining: What is left in this one.
        cost: What was asked for.
    """

    code = ErrorCode.RATE_LIMITED

    def __init__(self, retry_after: int, *, limit: int, remaining: int, cost: int) -> None:
        super().__init__(f"Too much at once; try again in {retry_after} s.")
        self.retry_after = retry_after
        self.limit = limit
        self.remaining = remaining
        self.cost = cost


class StoreUnavailable(DomainError):
    """A store does not answer; the caller may retry with the same client key."""

    code = ErrorCode.UNAVAILABLE

    def __init__(self, store: str) -> None:
        super().__init__(f"The {store} store does not answer; try again.")
        self.store = store


class Deadlocked(StoreUnavailable):
    """Of two transactions that waited for each other this one was ended; nothing of it is left."""
