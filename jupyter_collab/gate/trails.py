"""The values that a key of a map has had, as Yjs puts them in order. The last one counts, the others are deleted.

Each value follows another one, or none. What follows a value stands behind it and before what stood behind that; of
several that follow the same one, that of the higher client id stands behind the others. So from each value the way to
the last one goes on with the one of the highest client id that follows it.
"""

from bisect import bisect_right
from typing import NamedTuple

__all__ = ["Branch", "Step", "Trail"]


class Step(NamedTuple):
    """Values of ``client``, at the clocks from ``start`` up to ``stop``, each of which follows the one before."""

    client: int
    start: int
    stop: int


class Branch(NamedTuple):
    """Where something leaves a trail: behind the value at ``clock`` in step number ``step``; -1 for before all."""

    step: int
    clock: int


BEGINNING = Branch(-1, 0)


class Trail:
    """The way from the first value of a key to its last one."""

    __slots__ = ("_starts", "_steps")

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._starts: dict[int, list[tuple[int, int]]] = {}
        """For each client, where its steps begin and which number they have."""

    @property
    def last(self) -> tuple[int, int] | None:
        """The value that counts, by client and clock."""
        return (self._steps[-1].client, self._steps[-1].stop - 1) if self._steps else None

    def branch(self, left: tuple[int, int] | None, client: int) -> Branch | None:
        """Where a value of ``client`` that follows ``left`` becomes a part of the way; ``None`` if it does not."""
        if left is None:
            found, follower = BEGINNING, self._steps[0].client if self._steps else None
        else:
            number = self._number_of(left)
            if number is None:
                return None
            found = Branch(number, left[1])
            if left[1] < self._steps[number].stop - 1:
                follower = left[0]
            else:
                follower = self._steps[number + 1].client if number + 1 < len(self._steps) else None
        return found if follower is None or client > follower else None

    def go_on(self, branch: Branch, steps: list[Step]) -> None:
        """From ``branch`` on, the way goes by ``steps``."""
        while len(self._steps) > branch.step + 1:
            gone = self._steps.pop()
            self._starts[gone.client].pop()
        if branch.step >= 0:
            cut = self._steps[branch.step]
            self._steps[branch.step] = cut._replace(stop=branch.clock + 1)
        for step in steps:
            starts = self._starts.setdefault(step.client, [])
            starts.append((step.start, len(self._steps)))
            self._steps.append(step)

    def _number_of(self, unit: tuple[int, int]) -> int | None:
        client, clock = unit
        starts = self._starts.get(client, [])
        index = bisect_right(starts, (clock, len(self._steps))) - 1
        if index < 0:
            return None
        number = starts[index][1]
        return number if clock < self._steps[number].stop else None
