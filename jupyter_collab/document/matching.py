"""Which cell of a document is which cell of a notebook that is to be its new content."""

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence

from .content import CellContent

__all__ = ["longest_increasing", "match_cells"]


def match_cells(old: Sequence[CellContent], new: Sequence[CellContent]) -> list[int | None]:
    """For each cell of ``new`` the index of the cell of ``old`` that it is a new state of, if there is one.

    A new cell that has an id is the cell that has the same one. Those without are matched by being equal; then by
    type and source; and what is left between two matched cells is paired with the next one of its type.
    """
    return _Matching(old, new).result


class _Matching:
    def __init__(self, old: Sequence[CellContent], new: Sequence[CellContent]) -> None:
        self._old, self._new = old, new
        self.result: list[int | None] = [None] * len(new)
        self._unmatched = set(range(len(old)))
        self._match_equal(lambda cell: cell.id, with_id=True)
        self._match_equal(lambda cell: cell.key, with_id=False)
        self._match_equal(lambda cell: (cell.cell_type, cell.source), with_id=False)
        self._pair_the_rest()

    def _match(self, new_index: int, old_index: int) -> None:
        self.result[new_index] = old_index
        self._unmatched.discard(old_index)

    def _match_equal(self, key: Callable[[CellContent], Hashable], *, with_id: bool) -> None:
        """Match new cells that have an id, or those that have none, with cells that have the same ``key``."""
        waiting = [
            index
            for index, cell in enumerate(self._new)
            if self.result[index] is None and (cell.id is not None) is with_id
        ]
        if not waiting:
            return
        old_indices: dict[Hashable, deque[int]] = defaultdict(deque)
        for old_index in sorted(self._unmatched):
            old_indices[key(self._old[old_index])].append(old_index)
        for new_index in waiting:
            new_key = key(self._new[new_index])
            if old_indices[new_key]:
                self._match(new_index, old_indices[new_key].popleft())

    def _pair_the_rest(self) -> None:
        """Cells that were edited in a source without ids: each is taken for the next one of its type."""
        waiting: dict[str, list[int]] = defaultdict(list)
        for old_index in sorted(self._unmatched):
            waiting[self._old[old_index].cell_type].append(old_index)
        stops = self._next_matched()
        previous = -1
        for new_index, cell in enumerate(self._new):
            if self.result[new_index] is None and not cell.id:
                old_indices = waiting[cell.cell_type]
                place = bisect_right(old_indices, previous)
                if place < len(old_indices) and old_indices[place] < stops[new_index]:
                    self._match(new_index, old_indices.pop(place))
            matched = self.result[new_index]
            previous = previous if matched is None else matched

    def _next_matched(self) -> list[int]:
        """For each new cell the index of the old cell that the next matched one is a new state of."""
        stops = []
        stop = len(self._old)
        for old_index in reversed(self.result):
            stops.append(stop)
            stop = stop if old_index is None else old_index
        return stops[::-1]


def longest_increasing(numbers: Sequence[int | None]) -> set[int]:
    """The largest set of ``numbers`` (each is there once; ``None`` does not count) that already are in order."""
    ends: list[int] = []
    previous: dict[int, int | None] = {}
    for number in numbers:
        if number is None:
            continue
        place = bisect_left(ends, number)
        previous[number] = ends[place - 1] if place else None
        ends[place : place + 1] = [number]
    kept: set[int] = set()
    last: int | None = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = previous[last]
    return kept
