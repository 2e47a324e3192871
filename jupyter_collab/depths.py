"""How deep shared types lie in each other, known before yrs sees an update: it deletes them by recursion."""

import sys
from array import array
from bisect import bisect_right

from .causality import Causality
from .errors import InvalidUpdate
from .yjs import GC, TYPE, Item, UpdateReader

__all__ = ["MAX_TYPES_DEEP", "TypeDepths"]

MAX_TYPES_DEEP = 100
"""So deep may shared types lie in each other. A notebook's lie four deep; tens of thousands end the process."""

DEEPEST = 255
"""Whatever is deeper is remembered as this deep."""

TOO_DEEP = (
    f"The update puts shared types more than {MAX_TYPES_DEEP} deep into each other. "
    "Deleting them would end this process, so nothing of it was taken in."
)


class _Runs:
    """How deep the shared types are in which the units of one client stand: from each start on, up to the next.

    A run takes nine bytes, and each stretch of text is one. What comes before the clock ``begin`` is not told.
    """

    __slots__ = ("begin", "depths", "end", "starts")

    def __init__(self, begin: int = 0) -> None:
        self.begin = self.end = begin
        self.starts = array("Q")
        self.depths = bytearray()

    def extend(self, depth: int, end: int) -> None:
        """What follows, up to the clock ``end``, stands in a shared type of this depth."""
        if not self.depths or self.depths[-1] != depth:
            self.starts.append(self.end)
            self.depths.append(depth)
        self.end = end

    def of(self, clock: int) -> int:
        """The depth of the shared type in which the unit of this clock stands."""
        return self.depths[bisect_right(self.starts, clock) - 1]

    def join(self, more: "_Runs") -> None:
        """Add what begins where this ends."""
        for depth, end in zip(more.depths, [*more.starts[1:], more.end], strict=True):
            self.extend(depth, end)


class TypeDepths:
    """Knows of one document, which is made of the updates that :meth:`take` is given, how deep its shared types lie."""

    def __init__(self) -> None:
        self._runs: dict[int, _Runs] = {}

    def end(self, client: int) -> int:
        """How many units of ``client`` are known."""
        runs = self._runs.get(client)
        return 0 if runs is None else runs.end

    def of(self, unit: tuple[int, int]) -> int:
        """How deep the shared type is in which ``unit``, which is known, stands; root types are 0 deep."""
        return self._runs[unit[0]].of(unit[1])

    def take(self, update: bytes, *, is_own: bool = False) -> None:
        """Take note of ``update``, before it is applied. What ``is_own``, made here, may be nested as it likes.

        Raises
        ------
        InvalidUpdate
            It is no update, or nests values or shared types so deep that it must not be applied. Nothing was noted.
        CausalGap
            It builds on what is not here. Nothing was noted.
        """
        draft = _Draft(self, sys.maxsize if is_own else MAX_TYPES_DEEP)
        reader = UpdateReader(update, is_ours=True)
        causality = Causality(self.end)
        for item in reader.items():
            for next_item in causality.feed(item):
                draft.add(next_item)
        causality.finish()
        for _ in reader.deletions():
            pass
        for client, runs in draft.runs.items():
            self._runs.setdefault(client, _Runs()).join(runs)


class _Draft:
    """What an update adds to what is ``known``. Shared types of it may be ``max_depth`` deep."""

    def __init__(self, known: TypeDepths, max_depth: int) -> None:
        self._known = known
        self._max_depth = max_depth
        self.runs: dict[int, _Runs] = {}

    def add(self, item: Item) -> None:
        """Add ``item``, which builds only on what was added."""
        runs = self.runs.get(item.client)
        end = self._known.end(item.client) if runs is None else runs.end
        if item.clock + item.length <= end:
            return
        if runs is None:
            runs = self.runs[item.client] = _Runs(end)
        depth = 0 if item.kind == GC else self._depth_around(item, end)
        if item.kind == TYPE and depth >= self._max_depth:
            raise InvalidUpdate(TOO_DEEP)
        runs.extend(min(depth, DEEPEST), item.clock + item.length)

    def _depth_around(self, item: Item, end: int) -> int:
        """How deep the shared type is in which ``item`` stands: if it says several, the deepest of them."""
        beside = [unit for unit in (item.left, item.right) if unit is not None]
        if item.clock < end:  # yrs puts the rest behind what it knows
            beside.append((item.client, end - 1))
        depths = [self._of(unit) for unit in beside]
        if isinstance(item.parent, tuple):
            depths.append(self._of(item.parent) + 1)
        return max(depths, default=0)

    def _of(self, unit: tuple[int, int]) -> int:
        client, clock = unit
        runs = self.runs.get(client)
        return self._known.of(unit) if runs is None or clock < runs.begin else runs.of(clock)
