"""Guesses at secrets: each that is wrong counts, and no more are tried at once than may still be wrong."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import TypeVar

from ..errors import TooManyAttempts
from .attempts import Attempts

__all__ = ["MAX_GUESSES_PER_ADDRESS", "Guesses"]

Found = TypeVar("Found")

MAX_GUESSES_PER_ADDRESS = 500
"""So many guesses from one address are checked, or wait for that, at a time: a school may have one address."""


class Guesses:
    """Guesses that count in several ways, for instance by address and by account: ``bounds`` has one for each.

    The first bound is the one that fewest people share: who waits for the next one has a place in those before it, so
    that nobody is overtaken again and again, and all whom that holds up are of the same address.
    """

    def __init__(self, *bounds: Attempts) -> None:
        self._bounds = tuple(_Places(attempts) for attempts in bounds)
        self._here: Counter[str] = Counter()

    async def guess(
        self, keys: Sequence[str], check: Callable[[], Awaitable[Found | None]], *, address: str
    ) -> Found | None:
        """Return what ``check`` finds; ``None`` is a wrong guess, which counts for each of ``keys``, one a bound.

        People who come at once wait for each other only where as many are being checked as may be wrong. They go on in
        the order in which they came.

        Raises
        ------
        TooManyAttempts
            One of ``keys`` was wrong too often, or very many guesses come from ``address`` at once; nothing is checked.
        """
        pairs = list(zip(self._bounds, keys, strict=True))
        for bound, key in pairs:
            bound.check(key)
        if self._here[address] >= MAX_GUESSES_PER_ADDRESS:
            raise TooManyAttempts("Too many people are trying this from your address. Try again in a moment.")
        self._here[address] += 1
        async with AsyncExitStack() as undo:
            undo.callback(self._leave, address)
            for bound, key in pairs:
                await bound.take(key)
                undo.callback(bound.give_back, key)
            found = await check()
            if found is None:
                for bound, key in pairs:
                    bound.failed(key)
            return found

    def _leave(self, address: str) -> None:
        self._here[address] -= 1
        if not self._here[address]:
            del self._here[address]


class _Places:
    """For each key of one bound: how many guesses are under way, and who waits, first come, first served."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts
        self._taken: Counter[str] = Counter()
        self._waiting: dict[str, OrderedDict[asyncio.Future[None], None]] = {}

    def check(self, key: str) -> None:
        """Raise ``TooManyAttempts`` if ``key`` was wrong too often."""
        self._attempts.check(key)

    def failed(self, key: str) -> None:
        """Note that ``key`` was wrong."""
        self._attempts.failed(key)

    async def take(self, key: str) -> None:
        """Wait for a place; raises ``TooManyAttempts`` as soon as ``key`` was wrong too often."""
        self.check(key)
        if not self._waiting.get(key) and self._has_place(key):
            self._taken[key] += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._waiting.setdefault(key, OrderedDict())
        queue[turn] = None
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:  # it was our turn already
                self.give_back(key)
            raise
        finally:
            queue.pop(turn, None)
            if not queue and self._waiting.get(key) is queue:
                del self._waiting[key]

    def give_back(self, key: str) -> None:
        """A guess has ended: let as many go on as now may."""
        self._taken[key] -= 1
        if not self._taken[key]:
            del self._taken[key]
        queue = self._waiting.get(key)
        if not queue:
            return
        try:
            self.check(key)
        except TooManyAttempts as error:
            self._refuse(queue, str(error))
        while queue and self._has_place(key):
            turn, _ = queue.popitem(last=False)
            if not turn.done():  # else who waited has gone
                self._taken[key] += 1
                turn.set_result(None)

    def _refuse(self, queue: OrderedDict[asyncio.Future[None], None], words: str) -> None:
        while queue:
            turn, _ = queue.popitem(last=False)
            if not turn.done():
                turn.set_exception(TooManyAttempts(words))

    def _has_place(self, key: str) -> bool:
        return self._attempts.count(key) + self._taken[key] < self._attempts.limit
