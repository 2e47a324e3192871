"""One thing at a time for each person: nobody takes all workers from the others."""

import asyncio
from collections import Counter, defaultdict
from contextlib import ExitStack

from ..errors import TooMuchWork

__all__ = ["MAX_WAITING", "Turns"]

MAX_WAITING = 4
"""So many more of one person may wait."""

TOO_MUCH = "You have asked for as much at a time as one person may. Wait until some of it is done."


class Turns:
    """The running and waiting jobs of each person."""

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        self._max_waiting = max_waiting
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._senders: Counter[str] = Counter()

    def check(self, person: str) -> None:
        """Raise ``TooMuchWork`` if ``person`` has the maximum of waiting jobs."""
        if self._counts.get(person, 0) > self._max_waiting:
            raise TooMuchWork(TOO_MUCH)

    def enter(self, person: str) -> None:
        """Take note that ``person`` sends what a turn is for, until :meth:`leave`; raises ``TooMuchWork``."""
        if self._senders[person] > self._max_waiting:
            raise TooMuchWork(TOO_MUCH)
        self._senders[person] += 1

    def leave(self, person: str) -> None:
        """The request of ``person`` has ended, or its client has disconnected."""
        self._senders[person] -= 1
        if not self._senders[person]:
            del self._senders[person]

    async def take(self, person: str) -> None:
        """Wait for a turn, which :meth:`give_back` ends; raises as :meth:`check` does."""
        self.check(person)
        self._counts[person] += 1
        with ExitStack() as undo:
            undo.callback(self._forget, person)
            await self._locks[person].acquire()
            undo.pop_all()

    def give_back(self, person: str) -> None:
        """Let the next one of ``person`` have its turn."""
        self._locks[person].release()
        self._forget(person)

    def _forget(self, person: str) -> None:
        self._counts[person] -= 1
        if not self._counts[person]:
            del self._counts[person], self._locks[person]
