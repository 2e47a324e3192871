"""Which two units of a list or text can have stood beside each other."""

import random

import pytest

from jupyter_collab.gate.lines import UNKNOWN, Lines
from jupyter_collab.gate.units import Unit

FIRST, SECOND = 1, 2


def in_turns(lines: Lines, turns: int, end: Unit | None) -> Unit:
    """Two people write in turns, each behind what the other wrote last, the first behind ``end``; the last unit."""
    for turn in range(turns):
        unit = (FIRST + turn % 2, turn // 2)
        lines.begin(*unit, end)
        end = unit
    assert end is not None
    return end


def test_a_line_is_followed_however_many_runs_it_leads_through() -> None:
    lines = Lines()
    lines.begin(5, 0, None)
    lines.begin(6, 0, None)
    last = in_turns(lines, 30_000, (5, 0))
    lines.begin(7, 0, (5, 0))
    assert lines.may_stand_between(last, (7, 0))
    lines.begin(8, 0, (6, 0))
    assert not lines.may_stand_between(last, (8, 0))
    assert not lines.may_stand_between(last, (FIRST, 0))


def test_where_a_line_is_not_known_any_more_it_may_have_come_anywhere() -> None:
    lines = Lines()
    lines.begin(1, 0, UNKNOWN)
    lines.begin(2, 0, (1, 5))
    lines.begin(3, 0, None)
    lines.begin(3, 1, None)
    for left, right in [((2, 0), (3, 0)), ((3, 0), (2, 0)), (None, (1, 3)), (None, (2, 0)), ((3, 0), (1, 0))]:
        assert lines.may_stand_between(left, right)
    assert not lines.may_stand_between(None, (3, 2))


class PlainLines:
    """The origins of all units, one by one."""

    def __init__(self) -> None:
        self.origins: dict[Unit, Unit | None] = {}

    def may_stand_between(self, left: Unit | None, right: Unit) -> bool:
        """By its definition."""
        line, origin = self._line(left), self.origins[right]
        return (right not in line and origin in line) or UNKNOWN in line or UNKNOWN in self._line(right)

    def _line(self, unit: Unit | None) -> list[Unit | None]:
        line = [unit]
        while (last := line[-1]) not in (None, UNKNOWN):
            assert last is not None
            line.append(self.origins[last])
        return line


@pytest.mark.parametrize("seed", range(30))
def test_it_says_what_the_definition_says(seed: int) -> None:
    chance, known, plain = random.Random(seed), Lines(), PlainLines()
    draft, clocks = Lines(known), dict.fromkeys(range(chance.randint(1, 4)), 0)
    share_of_unknown = chance.choice([0.0, 0.02])
    for _ in range(400):
        client = chance.choice(list(clocks))
        before = (client, clocks[client] - 1)
        units: list[Unit | None] = [None, *list(plain.origins)[-chance.choice([3, 30, 400]) :]]
        origin = UNKNOWN if chance.random() < share_of_unknown else chance.choice([before, before, *units])
        if origin != before or clocks[client] == 0:
            origin = None if origin == before else origin
            draft.begin(client, clocks[client], origin)
        plain.origins[client, clocks[client]] = origin
        clocks[client] += 1
        if chance.random() < 0.05:
            known.join(draft)
            draft = Lines(known)
        left, right = chance.choice([None, *plain.origins]), chance.choice(list(plain.origins))
        assert draft.may_stand_between(left, right) == plain.may_stand_between(left, right)
