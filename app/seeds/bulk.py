"""Placeholder while the bulk seed is being written."""

from collections.abc import Callable

from app.settings import Settings


async def seed(
    settings: Settings,
    *,
    users: int,
    products: int,
    groups: int,
    messages: int,
    progress: Callable[[str, int], None],
) -> None:
    raise NotImplementedError
