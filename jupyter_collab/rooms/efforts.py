"""What people's edits of one room cost beyond what their size explains.

Where many put something at one place without having seen each other's, Yjs compares each with all of these; and so does
everybody who opens the room from then on. People hardly ever do that, so nobody may have much of it.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from ..access import UserKind
from ..errors import InvalidUpdate

__all__ = ["Efforts"]

EXPECTED_SECONDS = 0.002
EXPECTED_SECONDS_PER_ITEM = 0.00002
"""An edit usually takes less."""

MAX_SECONDS = 2.0
FORGOTTEN_SECONDS_PER_SECOND = 1 / 1800
"""So much more than expected may somebody's edits take, and so much of that is forgotten as time goes on."""

MAX_PEOPLE = 1_000
"""So many are told apart. Beyond that, the one whose edits took long least lately is forgotten."""


class Efforts:
    """What has been too much, by the name of its author; ``clock`` says when that was."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._people: OrderedDict[str, _Excess] = OrderedDict()

    def note(self, author: str, seconds: float, items: int) -> None:
        """Taking in ``items`` of ``author`` took so many seconds of work; users of the server are not watched."""
        excess = seconds - EXPECTED_SECONDS - items * EXPECTED_SECONDS_PER_ITEM
        if excess <= 0 or author == UserKind.SERVER:
            return
        self._people[author] = _Excess(self._excess_of(author) + excess, self._clock())
        self._people.move_to_end(author)
        if len(self._people) > MAX_PEOPLE:
            self._people.popitem(last=False)

    def require_little(self, author: str) -> None:
        """Raise ``InvalidUpdate`` if edits of ``author`` took much too long."""
        if self._people and self._excess_of(author) > MAX_SECONDS:
            raise InvalidUpdate(
                "Your edits put very much where others wrote at the same time, and everybody who opens the room would "
                "wait for that. Copy your text, join again in some minutes, and put it at another place."
            )

    def _excess_of(self, author: str) -> float:
        found = self._people.get(author)
        if found is None:
            return 0.0
        return max(0.0, found.seconds - (self._clock() - found.at) * FORGOTTEN_SECONDS_PER_SECOND)


class _Excess(NamedTuple):
    seconds: float
    at: float
