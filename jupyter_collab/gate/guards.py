"""The units that matter and are not deleted, so that what deletes them is noticed without looking at all of them."""

from collections.abc import Iterator

from .shared_types import Place
from .units import Unit, Units

__all__ = ["Guards"]


class Guards:
    """Where each unit stands that :func:`~.grammar.care_of` has a care for."""

    def __init__(self) -> None:
        self._places: dict[Unit, Place] = {}
        self._units = Units()
        """Those, and some that are guarded no longer."""
        self._stale = 0

    def add(self, unit: Unit, place: Place) -> None:
        """``unit`` stands in ``place``."""
        place.guarded.add(unit)
        if unit not in self._places:
            self._units.add(unit)
        self._places[unit] = place

    def within(self, client: int, start: int, stop: int) -> Iterator[tuple[Unit, Place]]:
        """Those of ``client`` from the clock ``start`` up to ``stop``."""
        for unit in self._units.within(client, start, stop):
            place = self._places.get(unit)
            if place is not None:
                yield unit, place

    def forget(self, client: int, start: int, stop: int) -> None:
        """They are deleted."""
        for unit, place in list(self.within(client, start, stop)):
            del self._places[unit]
            place.guarded.discard(unit)
            self._stale += 1
        if self._stale > len(self._places) + 1_000:
            self._stale = 0
            self._units = Units(self._places)
