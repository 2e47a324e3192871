"""What each client wrote, by where it stands."""

from bisect import bisect_right
from collections.abc import Iterator

from .lines import UNKNOWN, Lines
from .shared_types import GONE, Place
from .units import Unit

__all__ = ["History"]


class History:
    """What one client wrote: ``end`` units, in runs that each stand in one place. It may begin with some ``end``.

    ``right`` is what the newest were put before, and ``erased`` from where to where units were deleted last.
    """

    __slots__ = ("end", "erased", "places", "right", "starts")

    def __init__(self, end: int = 0, right: Unit | None = None) -> None:
        self.end = end
        self.right = right
        self.erased = (0, 0)
        self.starts: list[int] = []
        self.places: list[Place] = []

    def put(self, lines: Lines, client: int, place: Place, end: int, left: Unit | None, right: Unit | None) -> bool:
        """All up to ``end`` that is not known yet was put into ``place``, between ``left`` and ``right``.

        ``lines`` learn of it. Returns whether it goes on with what was put before, so that text becomes one piece with
        it.
        """
        is_behind = left == (client, self.end - 1)
        goes_on = is_behind and right == self.right
        if goes_on and self.last is place:
            self.end = end
            return True
        if place.key is None and not is_behind:
            lines.begin(client, self.end, UNKNOWN if place is GONE else left)
        self.right = right
        self.extend(place, end)
        return goes_on

    def erase(self, start: int, stop: int) -> bool:
        """These units are deleted; returns whether they lie beside those that were deleted before."""
        first, last = self.erased
        is_beside = start <= last and first <= stop
        self.erased = (min(start, first), max(stop, last)) if is_beside else (start, stop)
        return is_beside

    def extend(self, place: Place, end: int) -> None:
        """All up to ``end`` that is not known yet stands in ``place``."""
        if not self.places or self.places[-1] is not place:
            self.starts.append(self.end)
            self.places.append(place)
        self.end = end

    @property
    def last(self) -> Place | None:
        """Where the newest stands; ``None`` if it is in none of the runs."""
        return self.places[-1] if self.places else None

    def of(self, clock: int) -> Place | None:
        """Where the unit of this clock stands, if it is in one of the runs."""
        index = bisect_right(self.starts, clock) - 1
        return self.places[index] if index >= 0 and clock < self.end else None

    def between(self, start: int, stop: int) -> Iterator[Place]:
        """Where the units from ``start`` up to ``stop`` stand, run by run."""
        for index in range(max(0, bisect_right(self.starts, start) - 1), len(self.starts)):
            if self.starts[index] >= stop:
                return
            yield self.places[index]
