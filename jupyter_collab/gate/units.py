"""What Yjs names all that is written by: units; and some of them in order.

So those that a deletion names are found without looking at all.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

__all__ = ["Unit", "Units"]

Unit = tuple[int, int]
"""A client of Yjs and its clock."""


class Units:
    """Some units of a document, each of which is added once."""

    def __init__(self, units: Iterable[Unit] = ()) -> None:
        self._clocks: dict[int, list[int]] = {}
        for client, clock in sorted(units):
            self._clocks.setdefault(client, []).append(clock)

    def add(self, unit: Unit) -> None:
        """One more."""
        insort(self._clocks.setdefault(unit[0], []), unit[1])

    def within(self, client: int, start: int, stop: int) -> Iterator[Unit]:
        """Those of ``client`` from the clock ``start`` up to ``stop``, in order."""
        clocks = self._clocks.get(client, ())
        for index in range(bisect_left(clocks, start), bisect_left(clocks, stop)):
            yield client, clocks[index]

    def clear(self) -> None:
        """Forget all."""
        self._clocks.clear()
