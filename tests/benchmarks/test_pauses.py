"""The benchmark of pauses sees a pause where there is one, and does what it says."""

from pathlib import Path

from .pauses import Sizes, measure


def test_each_thing_is_done_while_somebody_types(tmp_path: Path) -> None:
    found = measure(Sizes(cells=20, large_cells=4, large_cell_bytes=5_000), ["import", "py", "keyframe"], 0.5, tmp_path)
    assert [each.words for each in found] == [
        "20 cells are imported",
        "0.02 MB are exported as .py",
        "a keyframe of 0.02 MB is written",
    ]
    for each in found:
        assert each.quiet_wait > 0
        assert each.wait > 0
        assert each.longest_work <= each.longest
