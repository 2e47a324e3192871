"""What an update says is deleted, in whatever order and however often it says so."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from ..yjs import Deletion, UpdateReader
from .units import Unit

__all__ = ["Deleted", "deletions_in"]

MANY = 100
"""If more than one of so many ranges is new, all are sorted."""


def deletions_in(update: bytes) -> Iterator[Deletion]:
    """What ``update``, which was written here, deletes."""
    reader = UpdateReader(update, is_ours=True)
    for _ in reader.items():
        pass
    return reader.deletions()


class Deleted:
    """Units that are deleted: those of ``deletions`` to begin with."""

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

    def covers(self, deletion: Deletion) -> bool:
        """Whether all units of ``deletion`` are among them."""
        ranges = self._ranges.get(deletion.client)
        return ranges is not None and ranges.cover(deletion.clock, deletion.clock + deletion.length)

    def within(self, client: int, start: int, stop: int) -> Iterator[Deletion]:
        """Those of ``client`` from the clock ``start`` up to ``stop``, in order."""
        ranges = self._ranges.get(client)
        for first, last in () if ranges is None else ranges.within(start, stop):
            yield Deletion(client, first, last - first)

    def joined(self) -> Iterator[Deletion]:
        """All of them, client by client and in order, those that overlap or touch as one."""
        for client, ranges in self._ranges.items():
            for start, stop in ranges.joined():
                yield Deletion(client, start, stop - start)


class _Ranges:
    """Ranges of one client's clocks, in order, those that overlap or touch as one. What comes in between waits.

    It is put where it belongs when it is asked for: few by themselves, very many by sorting all.
    """

    __slots__ = ("_starts", "_stops", "_waiting")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []
        self._waiting: list[tuple[int, int]] = []

    def add(self, start: int, stop: int) -> None:
        """From ``start`` up to ``stop``."""
        if self._stops and start <= self._stops[-1]:
            self._waiting.append((start, stop))
        else:
            self._starts.append(start)
            self._stops.append(stop)

    def __contains__(self, clock: int) -> bool:
        return self.cover(clock, clock + 1)

    def cover(self, start: int, stop: int) -> bool:
        """Whether all clocks from ``start`` up to ``stop`` are in them."""
        self._join()
        index = bisect_right(self._starts, start) - 1
        return index >= 0 and stop <= self._stops[index]

    def within(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """What of the clocks from ``start`` up to ``stop`` is in them, range by range."""
        self._join()
        for index in range(max(0, bisect_right(self._starts, start) - 1), len(self._starts)):
            if self._starts[index] >= stop:
                return
            first, last = max(start, self._starts[index]), min(stop, self._stops[index])
            if first < last:
                yield first, last

    def joined(self) -> Iterator[tuple[int, int]]:
        """All of them, in order, those that overlap or touch as one."""
        self._join()
        return zip(self._starts, self._stops, strict=True)

    def _join(self) -> None:
        """Put what waits where it belongs."""
        if MANY * len(self._waiting) > len(self._starts):
            self._waiting += zip(self._starts, self._stops, strict=True)
            self._waiting.sort()
            self._starts, self._stops = [], []
        for start, stop in self._waiting:
            self._insert(start, stop)
        self._waiting.clear()

    def _insert(self, start: int, stop: int) -> None:
        first, last = bisect_left(self._stops, start), bisect_right(self._starts, stop)
        if first < last:
            start, stop = min(start, self._starts[first]), max(stop, self._stops[last - 1])
        self._starts[first:last] = (start,)
        self._stops[first:last] = (stop,)
