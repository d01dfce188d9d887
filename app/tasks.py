"""How background tasks end."""

import asyncio
from collections.abc import Collection

_AGAIN = 0.1  # seconds


async def stop(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended, whatever they end with.

    Once is not always enough: a driver may swallow a cancellation that comes while it connects,
    and Python 3.11's `wait_for` one that comes as its work is done.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN)
    await asyncio.gather(*tasks, return_exceptions=True)
