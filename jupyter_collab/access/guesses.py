"""Guesses at secrets: each that is wrong counts, and no more are tried at once than may still be wrong."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from .attempts import Attempts

__all__ = ["Guesses"]

Found = TypeVar("Found")


class Guesses:
    """Guesses that count in several ways, for instance by address and by account: ``bounds`` has one for each."""

    def __init__(self, *bounds: Attempts) -> None:
        self._bounds = bounds
        self._under_way: tuple[Counter[str], ...] = tuple(Counter() for _ in bounds)
        self._ended = asyncio.Condition()

    async def guess(self, keys: Sequence[str], check: Callable[[], Awaitable[Found | None]]) -> Found | None:
        """Return what ``check`` finds; ``None`` is a wrong guess, which counts for each of ``keys``, one a bound.

        People who come at once wait for each other only where as many are being checked as may be wrong.

        Raises
        ------
        TooManyAttempts
            One of ``keys`` was wrong too often; nothing is checked.
        """
        async with self._ended:
            await self._ended.wait_for(lambda: self._may_begin(keys))
            self._count(keys, 1)
        found = None
        try:
            found = await check()
            if found is None:
                for attempts, key in zip(self._bounds, keys, strict=True):
                    attempts.failed(key)
        finally:
            self._count(keys, -1)
            async with self._ended:
                self._ended.notify_all()
        return found

    def _may_begin(self, keys: Sequence[str]) -> bool:
        for attempts, key in zip(self._bounds, keys, strict=True):
            attempts.check(key)
        return all(
            attempts.count(key) + under_way[key] < attempts.limit
            for attempts, under_way, key in zip(self._bounds, self._under_way, keys, strict=True)
        )

    def _count(self, keys: Sequence[str], change: int) -> None:
        for under_way, key in zip(self._under_way, keys, strict=True):
            under_way[key] += change
            if under_way[key] == 0:
                del under_way[key]
