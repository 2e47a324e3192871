"""What an update deletes, in whatever order and however often it says so."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from ..yjs import Deletion
from .places import Unit

__all__ = ["Deleted"]


class Deleted:
    """The units that an update deletes; ``deletions`` are the first of its deletions."""

    def __init__(self, deletions: Iterable[Deletion] = ()) -> None:
        self._ranges: dict[int, _Ranges] = {}
        for deletion in deletions:
            self.add(deletion)

    def add(self, deletion: Deletion) -> None:
        """Some more of them."""
        ranges = self._ranges.setdefault(deletion.client, _Ranges())
        ranges.add(deletion.clock, deletion.clock + deletion.length)

    def __contains__(self, unit: Unit) -> bool:
        ranges = self._ranges.get(unit[0])
        return ranges is not None and unit[1] in ranges

    def joined(self) -> Iterator[Deletion]:
        """All of them, client by client and in order, those that overlap as one."""
        for client, ranges in self._ranges.items():
            for start, stop in ranges.joined():
                yield Deletion(client, start, stop - start)


class _Ranges:
    """Ranges of one client's clocks, which come in any order."""

    __slots__ = ("_are_sorted", "_starts", "_stops")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []
        self._are_sorted = True

    def add(self, start: int, stop: int) -> None:
        """From ``start`` up to ``stop``."""
        if self._stops and start < self._stops[-1]:
            self._are_sorted = False
        self._starts.append(start)
        self._stops.append(stop)

    def __contains__(self, clock: int) -> bool:
        if not self._are_sorted:
            self._sort()
        index = bisect_right(self._starts, clock) - 1
        return index >= 0 and clock < self._stops[index]

    def joined(self) -> Iterator[tuple[int, int]]:
        """All of them, in order, those that overlap as one."""
        if not self._are_sorted:
            self._sort()
        return zip(self._starts, self._stops, strict=True)

    def _sort(self) -> None:
        """Put them in order, and join those that overlap."""
        pairs = sorted(zip(self._starts, self._stops, strict=True))
        self._starts, self._stops = [], []
        for start, stop in pairs:
            if self._stops and start < self._stops[-1]:
                self._stops[-1] = max(stop, self._stops[-1])
            else:
                self._starts.append(start)
                self._stops.append(stop)
        self._are_sorted = True
