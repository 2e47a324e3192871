"""Counts what was wrong, so that nobody can guess for long."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from ..errors import TooManyAttempts

__all__ = ["Attempts"]

MAX_KEYS = 10_000
"""So many who guess are told apart; beyond that the one who guessed least lately is forgotten."""


class Attempts:
    """At most ``limit`` wrong ones within ``seconds`` for each key, for instance an address."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, key: str) -> None:
        """Raise ``TooManyAttempts`` if ``key`` must wait."""
        wrong = self._wrong.get(key)
        if wrong is None:
            return
        while wrong and wrong[0] <= self._clock() - self._seconds:
            wrong.popleft()
        if len(wrong) >= self._limit:
            wait = max(1, round(wrong[0] + self._seconds - self._clock()))
            raise TooManyAttempts(f"Too many wrong attempts. Try again in {wait} s.")

    def failed(self, key: str) -> None:
        """Note that ``key`` was wrong."""
        self._wrong.setdefault(key, deque(maxlen=self._limit)).append(self._clock())
        self._wrong.move_to_end(key)
        if len(self._wrong) > MAX_KEYS:
            self._wrong.popitem(last=False)
