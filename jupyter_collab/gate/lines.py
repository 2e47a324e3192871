"""What the units of lists and texts were put behind, and which two of them can have stood beside each other.

Each unit was put behind another one, its *origin*, or before all. So a line leads from each unit to its origin, from
there to the origin of that, and so on. In Yjs no two such lines cross: whatever stands between a unit and its origin
has a line that comes to that origin.

Nearly all units were put behind the one that their client wrote just before. Such units make *runs*, and only runs are
kept. A line may lead through very many of them, if two people type in turns, so each run knows besides its origin a
unit farther up its line, chosen so that any place on the line is a logarithmic number of jumps away (E. W. Myers, "An
applicative random-access stack", 1983).
"""

from bisect import bisect_right
from typing import NamedTuple

from .units import Unit

__all__ = ["UNKNOWN", "Lines"]

UNKNOWN: Unit = (-1, -1)
"""The origin of that of which it is not known any more."""


class _Run(NamedTuple):
    """Units from the clock ``start`` on: the first was put behind ``origin``, each other one behind the one before.

    ``depth`` is the number of runs through which the line leads from there, and ``jump`` is where it comes into one of
    these. A line ends where ``depth`` is 0 and ``jump`` is ``None``: before all, or where it is not known any more.
    """

    start: int
    origin: Unit | None
    depth: int = 0
    jump: Unit | None = None


class _Runs:
    """The runs of one client, in order."""

    __slots__ = ("runs", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.runs: list[_Run] = []

    def append(self, run: _Run) -> None:
        """The next one."""
        self.starts.append(run.start)
        self.runs.append(run)

    def at(self, clock: int) -> _Run | None:
        """The run in which the unit of this clock is, unless it is before all."""
        index = bisect_right(self.starts, clock) - 1
        return self.runs[index] if index >= 0 else None


class Lines:
    """The lines of all units of lists and texts in a document, or those that an update would add to ``known`` ones."""

    def __init__(self, known: "Lines | None" = None) -> None:
        self._known = known
        self._clients: dict[int, _Runs] = {}

    def begin(self, client: int, clock: int, origin: Unit | None) -> None:
        """What ``client`` writes from ``clock`` on is put behind ``origin``, and so on, unit by unit."""
        runs = self._clients.get(client)
        if runs is None:
            runs = self._clients[client] = _Runs()
        runs.append(_Run(clock, origin) if origin in (None, UNKNOWN) else self._branch(clock, origin))

    def join(self, more: "Lines") -> None:
        """What ``more`` would add is part of the document now."""
        for client, added in more._clients.items():
            runs = self._clients.setdefault(client, _Runs())
            runs.starts += added.starts
            runs.runs += added.runs

    def may_stand_between(self, left: Unit | None, right: Unit) -> bool:
        """Whether somebody can have seen ``right`` just behind ``left``, or as the first of all if that is ``None``.

        What claims to be between two others would stand elsewhere for those who hear of it before they hear of others.
        Where a line is not known any more, it may have come anywhere.
        """
        return self._are_neighbours(left, right) or self._is_lost(right) or (left is not None and self._is_lost(left))

    def _are_neighbours(self, left: Unit | None, right: Unit) -> bool:
        """Whether the line from ``left`` comes to the origin of ``right``, and not to ``right``, which is behind it."""
        run = self._run(right)
        origin = run.origin if run.start == right[1] else (right[0], right[1] - 1)
        if origin == left:
            return True
        if left is None or self._comes_to(left, right, run):
            return False
        return origin is None or self._comes_to(left, origin, self._run(origin))

    def _branch(self, start: int, origin: Unit) -> _Run:
        """A run that begins at the clock ``start``, behind ``origin``."""
        below = self._run(origin)
        jump = origin
        if below.jump is not None:
            middle = self._run(below.jump)
            far = below.jump if middle.jump is None else middle.jump
            if below.depth - middle.depth == middle.depth - self._run(far).depth:
                jump = far
        return _Run(start, origin, below.depth + 1, jump)

    def _run(self, unit: Unit) -> _Run:
        """The run of which ``unit`` is one."""
        client, clock = unit
        runs = self._clients.get(client)
        run = None if runs is None else runs.at(clock)
        if run is not None:
            return run
        return _Run(clock, UNKNOWN) if self._known is None else self._known._run(unit)

    def _comes_to(self, start: Unit, unit: Unit, run: _Run) -> bool:
        """Whether the line from ``start`` comes to ``unit``, which is in ``run``, or begins there."""
        client, clock = self._at_depth(start, run.depth)
        return client == unit[0] and run.start <= unit[1] <= clock and self._run((client, clock)) is run

    def _at_depth(self, unit: Unit, depth: int) -> Unit:
        """Where the line from ``unit`` comes into its run of this depth; ``unit`` itself if its own is not deeper."""
        run = self._run(unit)
        while run.depth > depth and run.origin is not None and run.jump is not None:
            far = self._run(run.jump)
            unit, run = (run.jump, far) if far.depth >= depth else (run.origin, self._run(run.origin))
        return unit

    def _is_lost(self, unit: Unit) -> bool:
        """Whether the line from ``unit`` is known only in part."""
        return self._run(self._at_depth(unit, 0)).origin == UNKNOWN
