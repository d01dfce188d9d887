"""What a command refuses by itself."""


class CommandError(Exception):
    """A command cannot do what was asked; the message says why and what to do."""
