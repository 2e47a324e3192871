"""What a cell shows of one run of it, written into the room's document a little at a time."""

from collections.abc import Sequence

from ..document import RoomDocument
from ..document.outputs import OutputList
from ..errors import CollabError
from ..store import Origin
from .limits import OutputLimits
from .reducer import Reducer
from .shown_output import Item, ShownOutput
from .state import RunInfo

__all__ = ["CellOutputs"]


class CellOutputs:
    """The outputs of one run of a cell; the first :meth:`write` removes those of the run before.

    Attributes
    ----------
    cell_id
        The cell.
    origin
        Where what is written comes from: that run.
    info
        What the cell says about the run.
    reducer
        Takes in the run's messages, and has what is to be written of them.
    """

    def __init__(self, cell_id: str, origin: Origin, limits: OutputLimits, info: RunInfo) -> None:
        self.cell_id = cell_id
        self.origin = origin
        self.info = info
        self.reducer = Reducer(limits)
        self._written: Sequence[Item] | None = None
        """What the document has of the outputs; ``None`` if that is not known."""
        self._shown: Sequence[ShownOutput] = ()
        """Of which outputs that was made."""

    def write(self, document: RoomDocument) -> None:
        """Write what changed since the last time, once the reducer's blobs are stored.

        Nothing is written if the cell is gone, or no code any more. If somebody cleared its outputs meanwhile, what was
        written before stays away.
        """
        outputs = document.outputs(self.cell_id) if document.is_code(self.cell_id) else None
        if outputs is None:
            return
        with document.doc.transaction():
            self._write_outputs(outputs)
            document.set_execution_count(self.cell_id, self.reducer.execution_count)
            document.set_run_info(self.cell_id, dict(self.info))

    def _write_outputs(self, outputs: OutputList) -> None:
        if self._written and len(outputs) == 0:
            self.reducer.forget(self._shown)
        items = self.reducer.items
        outputs.update(self._written, items)
        self._written, self._shown = items, list(self.reducer.outputs)

    def rewrite(self) -> None:
        """The last :meth:`write` may not have stayed in the document: the next one writes everything."""
        self._written = None

    def refuse(self, error: CollabError) -> None:
        """The document has no place for the outputs: the ``error`` takes theirs, and what comes later is dropped."""
        self.reducer.refuse(error)
        self.rewrite()
