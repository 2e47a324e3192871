"""The outputs of the newest runs of one room's cells."""

from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

from ..errors import CollabError
from ..rooms import RoomManager
from ..workers import Workers
from .blob_collector import BlobCollector
from .board import Board
from .cell_outputs import CellOutputs
from .displays import Displays
from .limits import KernelLimits
from .output_writer import OutputWriter
from .run_queue import Run
from .state import RunInfo

__all__ = ["RoomOutputs"]

NOT_WRITTEN = "The outputs could not be written: "


class RoomOutputs:
    """Gives each output that comes to the cells that show it. ``board`` tells people when they cannot be written.

    Attributes
    ----------
    displays
        Which cells show what has a display id.
    writer
        Brings the cells up to date.
    collector
        Frees what no output refers to any more.
    """

    def __init__(self, room_id: str, rooms: RoomManager, workers: Workers, limits: KernelLimits, board: Board) -> None:
        self.displays = Displays()
        self.writer = OutputWriter(room_id, rooms, limits.write_seconds, self._in_trouble)
        self.collector = BlobCollector(room_id, rooms, workers)
        self._limits = limits.outputs
        self._board = board
        self._newest: WeakValueDictionary[str, CellOutputs] = WeakValueDictionary()
        """By cell. A run that nothing holds any more has no message to come, so nobody needs to know that it was the
        newest: a large notebook would keep the outputs of all its cells in memory else."""

    def begin(self, run: Run, info: RunInfo) -> CellOutputs:
        """A cell is run: what it showed before goes."""
        cell = CellOutputs(run.cell_id, run.origin, self._limits, info)
        self.displays.forget(run.cell_id)
        self._newest[run.cell_id] = cell
        self.writer.touch(cell)
        return cell

    def is_newest(self, cell: CellOutputs) -> bool:
        """Whether the cell was not run again since."""
        return self._newest.get(cell.cell_id) is cell

    def take(self, cell: CellOutputs, msg_type: str, content: Mapping[str, Any]) -> None:
        """A message of the kernel while ``cell`` ran, or later; of a run that is not the newest it changes nothing."""
        if not self.is_newest(cell):
            return
        if msg_type == "update_display_data":
            changed = list(self.displays.showing(content))
        else:
            self.displays.note(cell, msg_type, content)
            changed = [cell]
        for showing in changed:
            showing.reducer.take(msg_type, content)
            self.writer.touch(showing)

    def end(self, cell: CellOutputs, info: RunInfo) -> None:
        """The run has ended, as ``info`` says."""
        cell.info = info
        cell.reducer.finish()
        self.writer.touch(cell)
        self.collector.touch()

    def _in_trouble(self, error: CollabError | None) -> None:
        if error is not None:
            self._board.say(NOT_WRITTEN + str(error))
        else:
            self._board.take_back(NOT_WRITTEN)
