"""A dataloader whose records are shared by branches of one operation that end by themselves."""

import asyncio
from collections.abc import Hashable
from typing import TypeVar

import aiodataloader

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class DataLoader(aiodataloader.DataLoader[K, V]):
    """Gives each caller a future of its own.

    Where a field fails, the executor cancels what its siblings wait for; the same record may be
    awaited elsewhere in the operation, and must come there.
    """

    def load(self, key: K) -> "asyncio.Future[V]":
        """The record of a key, read together with all others of this tick."""
        return asyncio.shield(super().load(key))
