"""Which cells show what a ``display_id`` names: later messages may change it, in whatever cell they come."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

from .cell_outputs import CellOutputs
from .reducer import display_id_of

__all__ = ["Displays"]

MAX_CELLS = 100
"""The outputs of so many cells, those run last, can still be changed by their display ids."""

NAMED = ("display_data", "execute_result")


class Displays:
    """The display ids of one kernel."""

    def __init__(self) -> None:
        self._cells: OrderedDict[str, tuple[CellOutputs, set[str]]] = OrderedDict()

    def note(self, cell: CellOutputs, msg_type: str, content: Mapping[str, Any]) -> None:
        """``cell`` shows the output that a message brings."""
        display_id = display_id_of(content)
        if msg_type not in NAMED or display_id is None:
            return
        known = self._cells.get(cell.cell_id)
        if known is None or known[0] is not cell:  # a run of the cell before this one
            known = self._cells[cell.cell_id] = (cell, set())
        known[1].add(display_id)
        self._cells.move_to_end(cell.cell_id)
        if len(self._cells) > MAX_CELLS:
            self._cells.popitem(last=False)

    def showing(self, content: Mapping[str, Any]) -> Iterator[CellOutputs]:
        """The cells that an ``update_display_data`` changes."""
        display_id = display_id_of(content)
        for cell, display_ids in self._cells.values():
            if display_id in display_ids:
                yield cell

    def forget(self, cell_id: str) -> None:
        """The cell is run anew."""
        self._cells.pop(cell_id, None)

    def clear(self) -> None:
        """The kernel is gone."""
        self._cells.clear()
