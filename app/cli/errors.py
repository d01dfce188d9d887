"""What a command refuses by itself."""

from app.errors import OperatorError


class CommandError(OperatorError):
    """A command was asked for what it does not do, or not here."""
