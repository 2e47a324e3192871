"""The units that matter and are not deleted, so that what deletes them is noticed without looking at all of them."""

from bisect import bisect_left, insort
from collections.abc import Iterator

from .places import Place, Unit

__all__ = ["Guards"]


class Guards:
    """Where each unit stands that :func:`~.grammar.care_of` has a care for."""

    def __init__(self) -> None:
        self._places: dict[Unit, Place] = {}
        self._clocks: dict[int, list[int]] = {}
        self._stale = 0

    def add(self, unit: Unit, place: Place) -> None:
        """``unit`` stands in ``place``."""
        place.guarded.add(unit)
        if unit not in self._places:
            insort(self._clocks.setdefault(unit[0], []), unit[1])
        self._places[unit] = place

    def within(self, client: int, start: int, stop: int) -> Iterator[tuple[Unit, Place]]:
        """Those of ``client`` from the clock ``start`` up to ``stop``."""
        clocks = self._clocks.get(client, [])
        for index in range(bisect_left(clocks, start), bisect_left(clocks, stop)):
            place = self._places.get((client, clocks[index]))
            if place is not None:
                yield (client, clocks[index]), place

    def forget(self, client: int, start: int, stop: int) -> None:
        """They are deleted."""
        for unit, place in list(self.within(client, start, stop)):
            del self._places[unit]
            place.guarded.discard(unit)
            self._stale += 1
        if self._stale > len(self._places) + 1_000:
            self._tidy()

    def _tidy(self) -> None:
        self._stale = 0
        self._clocks.clear()
        for client, clock in sorted(self._places):
            self._clocks.setdefault(client, []).append(clock)
