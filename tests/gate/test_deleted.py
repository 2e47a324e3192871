"""What is deleted, in whatever order that is said."""

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from jupyter_collab.gate import Deleted
from jupyter_collab.gate import deleted as module
from jupyter_collab.yjs import Deletion

CLOCKS = 400

deletions = st.builds(Deletion, st.integers(1, 2), st.integers(0, CLOCKS), st.integers(1, 6))


@given(st.lists(st.tuples(deletions, st.booleans()), max_size=150), st.sampled_from([0, 10, 100]))
def test_it_has_what_was_added_and_nothing_else(said: list[tuple[Deletion, bool]], many: int) -> None:
    """Now and then somebody asks before all is said; of few that are new each is put where it belongs."""
    with patch.object(module, "MANY", many):
        check(said)


def check(said: list[tuple[Deletion, bool]]) -> None:
    deleted, units = Deleted(), set[tuple[int, int]]()
    for deletion, is_asked in said:
        deleted.add(deletion)
        units |= {(deletion.client, deletion.clock + at) for at in range(deletion.length)}
        assert not is_asked or deleted.covers(deletion)
    joined = list(deleted.joined())
    assert {(one.client, one.clock + at) for one in joined for at in range(one.length)} == units
    ends = {(one.client, one.clock + one.length) for one in joined}
    assert ends.isdisjoint((one.client, one.clock) for one in joined)
    assert all((unit in deleted) == (unit in units) for unit in [(1, clock) for clock in range(CLOCKS + 6)])
    assert sum(one.length for one in deleted.within(1, 10, 50)) == len(units & {(1, clock) for clock in range(10, 50)})
