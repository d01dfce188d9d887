"""Running one asynchronous action of a command with every store at hand."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.cli.stores import with_stores
from app.settings import Settings

T = TypeVar("T")


def run_with_stores(
    settings: Settings, purpose: str, action: Callable[[Settings], Awaitable[T]]
) -> T:
    """Start the embedded stores that are needed, run the action, and stop what nobody else uses.

    Args:
        settings: As read from the environment.
        purpose: The command, for whoever waits for it.
        action: Given the settings with every store's address.

    Raises:
        StoresError: An embedded store cannot be started.
    """

    async def run(complete: Settings) -> T:
        return await action(complete)

    with with_stores(settings, purpose) as complete:
        return asyncio.run(run(complete))
