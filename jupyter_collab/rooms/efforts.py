"""What people's edits of one room cost beyond what their size explains.

Where many put something at one place without having seen each other's, Yjs compares each with all of these; and so does
everybody who opens the room from then on. People hardly ever do that, so nobody may have much of it, and all whom the
server does not know may not have much more of it together. What somebody types where they see it never counts.
"""

import gc
import time
from collections import OrderedDict
from collections.abc import Callable
from time import thread_time

from ..access import UserKind
from ..errors import InvalidUpdate

__all__ = ["Efforts", "expected_seconds", "seconds_of"]

EXPECTED_SECONDS = 0.00003
EXPECTED_SECONDS_PER_ITEM = 0.000005
EXPECTED_SECONDS_PER_CLIENT = 0.00000002
EXPECTED_SECONDS_PER_BYTE = 0.00000002
"""An edit takes yrs less, on a machine that is several times as slow as usual; it looks at all clients for each."""

MAX_SECONDS = 1.0
"""So much more than expected may somebody's edits take."""

DEAR_SECONDS = 1.0
"""A room is dear if it took so much more than expected to open it, or to take in the edits of all together."""

MAX_SECONDS_IN_DEAR_ROOM = 0.1
MAX_SECONDS_AFTER_MANY = 0.02
"""So much more may then each have, and so much when all had :data:`DEAR_SECONDS` more: a guest may come as another."""

FORGOTTEN_SECONDS_PER_SECOND = 1 / 14_400
"""So much is forgotten as time goes on."""

MAX_PEOPLE = 1_000
"""So many are told apart. Beyond that, the one whose edits took long least lately is forgotten."""


def seconds_of(work: Callable[[], object]) -> float:
    """How much of this thread's time ``work`` takes, without what the garbage collector would do in between."""
    was_enabled = gc.isenabled()
    gc.disable()
    began = thread_time()
    try:
        work()
        return thread_time() - began
    finally:
        if was_enabled:
            gc.enable()


def expected_seconds(updates: int, items: int, size_bytes: int, clients: int = 0) -> float:
    """How long yrs may take for so many updates, which bring or delete so much, where so many clients have written."""
    per_update = EXPECTED_SECONDS + clients * EXPECTED_SECONDS_PER_CLIENT
    return updates * per_update + items * EXPECTED_SECONDS_PER_ITEM + size_bytes * EXPECTED_SECONDS_PER_BYTE


class Efforts:
    """What has been too much, by the name of its author; ``clock`` says when that was.

    Attributes
    ----------
    opening_seconds
        How much more than expected it took to make the document, the last time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._people: OrderedDict[str, _Person] = OrderedDict()
        self.opening_seconds = 0.0
        self._all = _Sum(clock)
        self._late = _Sum(clock)
        """What all had while the room was dear."""

    @property
    def is_dear(self) -> bool:
        """Whether the room takes much longer to open than its size explains, as far as is known."""
        return self.opening_seconds + self._all.seconds > DEAR_SECONDS

    def opened(self, excess_seconds: float) -> None:
        """So much more than expected it took to make the document, with all that is in it."""
        self.opening_seconds = excess_seconds
        self._all = _Sum(self._clock)

    def note(self, author: str, excess_seconds: float) -> None:
        """An edit of ``author`` took so much more than expected; users of the server are not watched."""
        if excess_seconds <= 0 or author == UserKind.SERVER:
            return
        person = self._people.get(author)
        if person is None:
            person = self._people[author] = _Person(self._clock)
        sums = [person.all, self._all]
        if self.is_dear:
            sums += [person.late, self._late]
        for had in sums:
            had.add(excess_seconds)
        self._people.move_to_end(author)
        if len(self._people) > MAX_PEOPLE:
            self._people.popitem(last=False)

    def require_little(self, author: str) -> None:
        """Raise ``InvalidUpdate`` if edits of ``author`` took much too long; what others did refuses nobody."""
        person = self._people.get(author) if self._people else None
        if person is None:
            return
        if person.all.seconds > MAX_SECONDS or (self.is_dear and person.late.seconds > self._max_late_seconds):
            raise InvalidUpdate(
                "Your edits put very much where others wrote at the same time, and everybody who opens the room would "
                "wait for that. Copy your text, join again in some minutes, and put it at another place."
            )

    @property
    def _max_late_seconds(self) -> float:
        return MAX_SECONDS_IN_DEAR_ROOM if self._late.seconds <= DEAR_SECONDS else MAX_SECONDS_AFTER_MANY


class _Sum:
    """Seconds that are forgotten as time goes on."""

    __slots__ = ("_at", "_clock", "_seconds")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seconds = 0.0
        self._at = clock()

    @property
    def seconds(self) -> float:
        """What is left."""
        return max(0.0, self._seconds - (self._clock() - self._at) * FORGOTTEN_SECONDS_PER_SECOND)

    def add(self, seconds: float) -> None:
        """Some more."""
        self._seconds, self._at = self.seconds + seconds, self._clock()


class _Person:
    """What one author had, in all and while the room was dear."""

    __slots__ = ("all", "late")

    def __init__(self, clock: Callable[[], float]) -> None:
        self.all = _Sum(clock)
        self.late = _Sum(clock)
